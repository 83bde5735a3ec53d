//! One customer out of many identifiers, and omnichannel KPIs over them.
//!
//! ARCHITECTURE.md is the map; the proto files are the manual.

pub mod access;
pub mod cli;
pub mod clock;
pub mod config;
pub mod mirror;
pub mod rpc;
pub mod server;
pub mod simulate;
pub mod store;
pub mod telemetry;

// The pure rooms are crates of their own; Cargo.toml says what each may use.
pub use customer360_identity as identity;
pub use customer360_kpi as kpi;
pub use customer360_model as model;
