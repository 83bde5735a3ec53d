//! Compiles the protos without protoc: protox parses, tonic and prost generate the code, pbjson
//! the ProtoJSON mapping.

use std::path::PathBuf;

use prost::Message;

const PROTOS: &[&str] = &[
    "customer360/v1/admin_service.proto",
    "customer360/v1/commerce_service.proto",
    "customer360/v1/common.proto",
    "customer360/v1/customer_service.proto",
    "customer360/v1/decision_service.proto",
    "customer360/v1/error_reason.proto",
    "customer360/v1/feed_service.proto",
    "customer360/v1/figure_service.proto",
    "customer360/v1/history_service.proto",
    "customer360/v1/identity_service.proto",
    "customer360/v1/journey_service.proto",
    "customer360/v1/kpi.proto",
    "customer360/v1/kpi_service.proto",
    "customer360/v1/lifetime.proto",
    "customer360/v1/lifetime_service.proto",
    "customer360/v1/reconciliation_service.proto",
    "customer360/v1/record_service.proto",
    "customer360/v1/rule_service.proto",
    "customer360/v1/touchpoint.proto",
    "customer360/v1/touchpoint_service.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=migrations");
    let out_dir = PathBuf::from(std::env::var("OUT_DIR")?);

    let descriptors = protox::Compiler::new(["proto"])?
        .include_source_info(true)
        .include_imports(true)
        .open_files(PROTOS)?
        .file_descriptor_set();
    let encoded = descriptors.encode_to_vec();
    // Reflection reads this file at run time.
    std::fs::write(out_dir.join("customer360.bin"), &encoded)?;

    tonic_prost_build::configure()
        .btree_map(".")
        .extern_path(".google.protobuf", "::pbjson_types")
        .compile_well_known_types(true)
        .codec_path("crate::rpc::codec::Codec")
        .compile_fds(descriptors)?;
    pbjson_build::Builder::new()
        .register_descriptors(&encoded)?
        .btree_map(["."])
        .extern_path(".google.protobuf", "::pbjson_types")
        .build(&[".customer360"])?;
    Ok(())
}
