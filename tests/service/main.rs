//! The service as its callers and operators meet it: the binary, through its real port, on
//! both databases.

mod bad_input;
mod crash;
mod feed;
mod import;
mod kpi;
mod load;
mod released;
mod stop;
mod storm;
mod support;
mod tables;
#[path = "../worlds/mod.rs"]
mod worlds;
