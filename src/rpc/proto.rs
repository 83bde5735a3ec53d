//! The generated messages, services and ProtoJSON of package `customer360.v1`.

#![expect(clippy::all, clippy::pedantic, reason = "generated code follows its generator's style")]

include!(concat!(env!("OUT_DIR"), "/customer360.v1.rs"));
include!(concat!(env!("OUT_DIR"), "/customer360.v1.serde.rs"));

/// The encoded `FileDescriptorSet` with comments, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/customer360.bin"));
