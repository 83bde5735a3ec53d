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
    let mut most_lists = 0;
    let mut text = String::from("pub(super) static SHAPES: &[Shape] = &[\n");
    for (name, message) in &messages {
        let mut lists = 0;
        let mut fields = Vec::new();
        for field in &message.field {
            let Some(made) = made(field, message, &number) else { continue };
            fields.push(format!("({}, {lists}, {made})", field.number()));
            lists += usize::from(field.label == Some(REPEATED));
        }
        most_lists = most_lists.max(lists);
        // Rust knows the size of what has a name of its own.
        let bytes = match own_name(name) {
            Some(name) => format!("size_of::<proto::{name}>()"),
            None => bytes_of(name, &messages, 0).to_string(),
        };
        text += &format!("    Shape {{ bytes: {bytes}, fields: &[{}] }}, // {name}\n", fields.join(", "));
    }
    text += "];\n";
    // A field that is no list is told to be the next one, which may be one more than there are.
    text += &format!("/// Lists of one message at most.\nconst LISTS: usize = {};\n", most_lists + 1);
    for (number, (name, _)) in messages.iter().enumerate() {
        let Some(name) = own_name(name) else { continue };
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

/// The name of a message of ours that is in no other.
fn own_name(name: &str) -> Option<&str> {
    name.strip_prefix(".customer360.v1.").filter(|name| !name.contains('.'))
}

/// `None` for what stands in the message itself.
fn made(
    field: &FieldDescriptorProto,
    within: &DescriptorProto,
    number: &dyn Fn(&str) -> usize,
) -> Option<String> {
    let (is_list, kind) = (field.label == Some(REPEATED), field.r#type.unwrap_or_default());
    let is_entry = |nested: &DescriptorProto| {
        nested.options.as_ref().is_some_and(|options| options.map_entry())
            && field.type_name().ends_with(&format!(".{}", nested.name()))
    };
    match kind {
        MESSAGE if is_list && within.nested_type.iter().any(is_entry) => {
            Some(format!("Made::Entries({})", number(field.type_name())))
        }
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
