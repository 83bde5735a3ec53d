//! The port: the only room that speaks protobuf.

pub mod proto;
