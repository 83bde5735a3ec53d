//! The port: the only room that speaks protobuf.

pub mod convert;
pub mod error;
pub mod page;
pub mod proto;
