//! Compiles the protos without protoc: protox parses, tonic and prost generate the code, pbjson
//! the ProtoJSON mapping.

use std::path::PathBuf;

use prost::Message;
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorSet};

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

    std::fs::write(out_dir.join("shapes.rs"), shapes(&descriptors))?;

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

/// What the fields of each message make in memory, as Rust that `rpc::weight` includes.
fn shapes(set: &FileDescriptorSet) -> String {
    let mut messages: Vec<(String, &DescriptorProto)> = Vec::new();
    for file in &set.file {
        for message in &file.message_type {
            add(&format!(".{}", file.package()), message, &mut messages);
        }
    }
    let number = |name: &str| messages.iter().position(|(known, _)| known == name).unwrap_or_default();
    let mut text = String::from("pub(super) static SHAPES: &[Shape] = &[\n");
    for (name, message) in &messages {
        let fields: Vec<String> = message
            .field
            .iter()
            .filter_map(|field| Some(format!("({}, {})", field.number(), made(field, &number)?)))
            .collect();
        let bytes = bytes_of(name, &messages, 0);
        text += &format!("    Shape {{ bytes: {bytes}, fields: &[{}] }}, // {name}\n", fields.join(", "));
    }
    text += "];\n";
    let is_ours = |name: &str| name.strip_prefix(".customer360.v1.").is_some_and(|name| !name.contains('.'));
    for (number, (name, _)) in messages.iter().enumerate().filter(|(_, (name, _))| is_ours(name)) {
        let name = name.rsplit('.').next().unwrap_or_default();
        text += &format!("impl Shaped for proto::{name} {{ const SHAPE: usize = {number}; }}\n");
    }
    text
}

fn add<'a>(parent: &str, message: &'a DescriptorProto, messages: &mut Vec<(String, &'a DescriptorProto)>) {
    let name = format!("{parent}.{}", message.name());
    message.nested_type.iter().for_each(|nested| add(&name, nested, messages));
    messages.push((name, message));
}

/// Numbers of the descriptor: repeated, text, message, bytes.
const REPEATED: i32 = 3;
const TEXT: [i32; 2] = [9, 12];
const MESSAGE: i32 = 11;

/// `None` for what stands in the message itself.
fn made(field: &FieldDescriptorProto, number: &dyn Fn(&str) -> usize) -> Option<String> {
    let (is_list, kind) = (field.label == Some(REPEATED), field.r#type.unwrap_or_default());
    match kind {
        MESSAGE if is_list => Some(format!("Made::Messages({})", number(field.type_name()))),
        MESSAGE => Some(format!("Made::Message({})", number(field.type_name()))),
        _ if !is_list => None,
        kind if TEXT.contains(&kind) => Some("Made::Texts".to_owned()),
        // double, fixed64, sfixed64; float, fixed32, sfixed32; the rest are of variable length.
        1 | 6 | 16 => Some("Made::Numbers(8)".to_owned()),
        2 | 7 | 15 => Some("Made::Numbers(4)".to_owned()),
        _ => Some("Made::Numbers(0)".to_owned()),
    }
}

/// About the size of the Rust struct of a message: rounded up, and each oneof counts as its largest part.
fn bytes_of(name: &str, messages: &[(String, &DescriptorProto)], depth: usize) -> usize {
    // Messages inside themselves are boxed.
    if depth > 8 {
        return 8;
    }
    let Some((_, message)) = messages.iter().find(|(known, _)| known == name) else { return 64 };
    let of_field = |field: &FieldDescriptorProto| match (field.label, field.r#type.unwrap_or_default()) {
        (Some(REPEATED), _) => 24,
        (_, MESSAGE) => 8 + bytes_of(field.type_name(), messages, depth + 1),
        (_, kind) if TEXT.contains(&kind) => 24,
        _ => 16,
    };
    let in_oneof =
        |field: &&FieldDescriptorProto| field.oneof_index.is_some() && field.proto3_optional != Some(true);
    let plain: usize = message.field.iter().filter(|field| !in_oneof(field)).map(of_field).sum();
    let parts = message.field.iter().filter(in_oneof).map(of_field).max().unwrap_or(0);
    plain + parts * message.oneof_decl.len().min(2) + 8
}
