//! One customer out of many identifiers, and omnichannel KPIs over them.
//!
//! ARCHITECTURE.md is the map; the proto files are the manual.

pub mod cli;
pub mod clock;
pub mod config;
pub mod identity;
pub mod kpi;
pub mod mirror;
pub mod model;
pub mod rpc;
pub mod server;
pub mod simulate;
pub mod store;
pub mod telemetry;
pub mod view;
