//! The contract with clients: the API's surface stands in a golden file, so that no change of it
//! goes unseen, and every part of it has a comment, for the comments are the manual.
//!
//! After a change that is meant: `CUSTOMER360_TEST_BLESS=1 cargo test --test contract`.

use std::collections::BTreeSet;
use std::path::Path;

use customer360::rpc::proto::DESCRIPTORS;
use pbjson_types::field_descriptor_proto::{Label, Type};
use pbjson_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    ServiceDescriptorProto,
};
use prost::Message;

const GOLDEN: &str = "tests/contract/api.txt";

fn our_files() -> Vec<FileDescriptorProto> {
    let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    let ours = set.file.into_iter().filter(|file| file.package() == "customer360.v1");
    let ours: Vec<FileDescriptorProto> = ours.collect();
    assert!(ours.len() >= 8, "the files are found");
    ours
}

fn field_type(field: &FieldDescriptorProto) -> String {
    let name = match field.r#type() {
        Type::Message | Type::Enum => field.type_name().trim_start_matches('.').to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    };
    match field.label() {
        Label::Repeated => format!("repeated {name}"),
        _ if field.proto3_optional() => format!("optional {name}"),
        _ => name,
    }
}

fn describe_message(prefix: &str, message: &DescriptorProto, lines: &mut BTreeSet<String>) {
    let name = format!("{prefix}.{}", message.name());
    lines.insert(format!("message {name}"));
    for field in &message.field {
        let oneof = field.oneof_index.filter(|_| !field.proto3_optional());
        let oneof = oneof.and_then(|index| message.oneof_decl.get(index as usize));
        let within = oneof.map_or_else(String::new, |oneof| format!(" of {}", oneof.name()));
        let described =
            format!("{}.{} = {}: {}{within}", name, field.name(), field.number(), field_type(field));
        lines.insert(described);
    }
    message.nested_type.iter().for_each(|nested| describe_message(&name, nested, lines));
}

fn describe_enum(prefix: &str, one: &EnumDescriptorProto, lines: &mut BTreeSet<String>) {
    for value in &one.value {
        lines.insert(format!("enum {prefix}.{}.{} = {}", one.name(), value.name(), value.number()));
    }
}

fn describe_service(prefix: &str, service: &ServiceDescriptorProto, lines: &mut BTreeSet<String>) {
    for method in &service.method {
        let stream = |streams: bool| if streams { "stream " } else { "" };
        lines.insert(format!(
            "rpc {prefix}.{}/{}({}{}) returns ({}{})",
            service.name(),
            method.name(),
            stream(method.client_streaming()),
            method.input_type().trim_start_matches('.'),
            stream(method.server_streaming()),
            method.output_type().trim_start_matches('.'),
        ));
    }
}

#[test]
fn the_surface_is_the_one_in_the_golden_file() {
    let mut lines = BTreeSet::new();
    for file in our_files() {
        let package = file.package().to_owned();
        file.message_type.iter().for_each(|message| describe_message(&package, message, &mut lines));
        file.enum_type.iter().for_each(|one| describe_enum(&package, one, &mut lines));
        file.service.iter().for_each(|service| describe_service(&package, service, &mut lines));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
    if std::env::var_os("CUSTOMER360_TEST_BLESS").is_some() {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    let golden: BTreeSet<String> = golden.lines().map(str::to_owned).collect();
    let gone: Vec<&String> = golden.difference(&lines).collect();
    let new: Vec<&String> = lines.difference(&golden).collect();
    assert!(gone.is_empty() && new.is_empty(), "gone: {gone:#?}\nnew: {new:#?}");
}

/// Field numbers of descriptor.proto, as they stand in the paths of comments.
mod part {
    pub const MESSAGE: i32 = 4;
    pub const ENUM: i32 = 5;
    pub const SERVICE: i32 = 6;
    pub const FIELD: i32 = 2;
    pub const VALUE: i32 = 2;
    pub const METHOD: i32 = 2;
}

#[test]
fn every_message_field_value_and_method_has_a_comment() {
    let mut silent = Vec::new();
    for file in our_files() {
        let info = file.source_code_info.clone().unwrap_or_default();
        let said: BTreeSet<Vec<i32>> = info
            .location
            .iter()
            .filter(|location| !location.leading_comments().trim().is_empty())
            .map(|location| location.path.clone())
            .collect();
        let mut expect = |path: Vec<i32>, name: String| {
            if !said.contains(&path) {
                silent.push(format!("{}: {name}", file.name()));
            }
        };
        for (i, message) in (0..).zip(&file.message_type) {
            expect(vec![part::MESSAGE, i], message.name().to_owned());
            for (j, field) in (0..).zip(&message.field) {
                let name = format!("{}.{}", message.name(), field.name());
                expect(vec![part::MESSAGE, i, part::FIELD, j], name);
            }
        }
        for (i, one) in (0..).zip(&file.enum_type) {
            expect(vec![part::ENUM, i], one.name().to_owned());
            for (j, value) in (0..).zip(&one.value) {
                expect(vec![part::ENUM, i, part::VALUE, j], value.name().to_owned());
            }
        }
        for (i, service) in (0..).zip(&file.service) {
            expect(vec![part::SERVICE, i], service.name().to_owned());
            for (j, method) in (0..).zip(&service.method) {
                let name = format!("{}.{}", service.name(), method.name());
                expect(vec![part::SERVICE, i, part::METHOD, j], name);
            }
        }
    }
    assert_eq!(silent, Vec::<String>::new());
}
