//! What messages hold, from their descriptors.

use std::collections::HashMap;
use std::sync::OnceLock;

use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet};

use crate::rpc::proto::DESCRIPTORS;

/// A message.
#[derive(Debug)]
pub struct Shape {
    /// Without its package.
    pub name: String,
    fields: Vec<Field>,
    /// Both spellings of each field.
    places: HashMap<String, usize>,
}

impl Shape {
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.places.get(name).map(|place| &self.fields[*place])
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.json_name.as_str())
    }
}

/// A field of a message.
#[derive(Debug)]
pub struct Field {
    pub json_name: String,
    pub kind: Kind,
    pub repeated: bool,
    /// The group of which only one can be set.
    pub oneof: Option<i32>,
}

/// What a field holds.
#[derive(Debug, Clone)]
pub enum Kind {
    Text,
    Bytes,
    Flag,
    Whole {
        least: i128,
        most: i128,
    },
    Real,
    /// Names and numbers.
    Enum(Vec<(String, i32)>),
    /// By its full name.
    Message(String),
    Well(Well),
    Map(Box<Kind>, Box<Kind>),
}

/// Messages of protobuf itself that are written as a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Well {
    Timestamp,
    Duration,
}

/// A message by its full name, e.g. `.customer360.v1.Touchpoint`.
pub fn shape(name: &str) -> Option<&'static Shape> {
    static SHAPES: OnceLock<HashMap<String, Shape>> = OnceLock::new();
    SHAPES.get_or_init(shapes).get(name)
}

/// Descriptors by their full names.
#[derive(Default)]
struct Known<'d> {
    messages: HashMap<String, &'d DescriptorProto>,
    enums: HashMap<String, &'d EnumDescriptorProto>,
}

impl<'d> Known<'d> {
    fn add(&mut self, prefix: &str, message: &'d DescriptorProto) {
        let name = format!("{prefix}.{}", message.name());
        message.nested_type.iter().for_each(|nested| self.add(&name, nested));
        self.add_enums(&name, &message.enum_type);
        self.messages.insert(name, message);
    }

    fn add_enums(&mut self, prefix: &str, enums: &'d [EnumDescriptorProto]) {
        self.enums.extend(enums.iter().map(|one| (format!("{prefix}.{}", one.name()), one)));
    }
}

fn shapes() -> HashMap<String, Shape> {
    // Descriptors that this build wrote are well formed; from others nothing is read.
    let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap_or_default();
    let mut known = Known::default();
    for file in &set.file {
        let prefix = format!(".{}", file.package());
        file.message_type.iter().for_each(|message| known.add(&prefix, message));
        known.add_enums(&prefix, &file.enum_type);
    }
    let ours = known.messages.iter().filter(|(name, _)| name.starts_with(".customer360."));
    ours.map(|(name, message)| (name.clone(), of(message, &known))).collect()
}

fn of(message: &DescriptorProto, known: &Known<'_>) -> Shape {
    let mut shape = Shape { name: message.name().to_owned(), fields: Vec::new(), places: HashMap::new() };
    for (place, field) in message.field.iter().enumerate() {
        shape.places.insert(field.name().to_owned(), place);
        shape.places.insert(field.json_name().to_owned(), place);
        let kind = kind(field, known);
        shape.fields.push(Field {
            json_name: field.json_name().to_owned(),
            repeated: field.label() == Label::Repeated && !matches!(kind, Kind::Map(..)),
            kind,
            // An optional field is a oneof of its own.
            oneof: field.oneof_index.filter(|_| !field.proto3_optional()),
        });
    }
    shape
}

fn kind(field: &FieldDescriptorProto, known: &Known<'_>) -> Kind {
    let whole = |least: i128, most: i128| Kind::Whole { least, most };
    match field.r#type() {
        Type::String => Kind::Text,
        Type::Bytes => Kind::Bytes,
        Type::Bool => Kind::Flag,
        Type::Int32 | Type::Sint32 | Type::Sfixed32 => whole(i32::MIN.into(), i32::MAX.into()),
        Type::Int64 | Type::Sint64 | Type::Sfixed64 => whole(i64::MIN.into(), i64::MAX.into()),
        Type::Uint32 | Type::Fixed32 => whole(0, u32::MAX.into()),
        Type::Uint64 | Type::Fixed64 => whole(0, u64::MAX.into()),
        Type::Float | Type::Double => Kind::Real,
        Type::Enum => {
            let values = known.enums.get(field.type_name()).map(|one| one.value.as_slice());
            let named =
                |value: &prost_types::EnumValueDescriptorProto| (value.name().to_owned(), value.number());
            Kind::Enum(values.unwrap_or_default().iter().map(named).collect())
        }
        Type::Message | Type::Group => match field.type_name() {
            ".google.protobuf.Timestamp" => Kind::Well(Well::Timestamp),
            ".google.protobuf.Duration" => Kind::Well(Well::Duration),
            name => match known.messages.get(name) {
                Some(entry) if entry.options.as_ref().is_some_and(|options| options.map_entry()) => {
                    let of = |nth: usize| Box::new(kind(&entry.field[nth], known));
                    Kind::Map(of(0), of(1))
                }
                _ => Kind::Message(name.to_owned()),
            },
        },
    }
}
