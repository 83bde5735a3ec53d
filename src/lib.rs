//! One customer out of many identifiers, and omnichannel KPIs over them.
//!
//! ARCHITECTURE.md is the map; the proto files are the manual.

pub mod clock;
pub mod identity;
pub mod kpi;
pub mod mirror;
pub mod model;
pub mod rpc;
pub mod store;
pub mod view;
