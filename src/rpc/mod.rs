//! The port: the only room that speaks protobuf.

pub mod convert;
pub mod proto;
