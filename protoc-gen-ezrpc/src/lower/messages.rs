//! Messages and their fields.

use prost_types::field_descriptor_proto::{Label, Type as ProtoType};
use prost_types::{DescriptorProto, FieldDescriptorProto};

use super::context::{Cx, Place};
use super::enums;
use super::types::is_map_entry;
use crate::model::{Field, Kind, Message, Package, Presence};
use crate::names;

/// Lowers a message and what is nested in it into `package`.
pub(super) fn lower(
    cx: &mut Cx<'_>,
    place: &Place<'_>,
    message: &DescriptorProto,
    package: &mut Package,
) {
    if is_map_entry(message) {
        check_map_entry(cx, place, message);
        return;
    }
    if cx.is_foreign(&place.full_name) {
        return;
    }
    let path = names::relative(&package.name, &place.full_name);
    let fields = message.field.iter().enumerate();
    let fields = fields
        .filter_map(|(index, field)| {
            lower_field(
                cx,
                &place.child(2, index, field.name()),
                field,
                (message, package),
            )
        })
        .collect();
    package.messages.push(Message {
        full_name: place.plain_name().to_owned(),
        path,
        fields,
    });
    for (index, nested) in message.nested_type.iter().enumerate() {
        lower(cx, &place.child(3, index, nested.name()), nested, package);
    }
    for (index, nested) in message.enum_type.iter().enumerate() {
        enums::lower(cx, &place.child(4, index, nested.name()), nested, package);
    }
}

/// prost-build asserts this of a map's entry.
fn check_map_entry(cx: &mut Cx<'_>, place: &Place<'_>, message: &DescriptorProto) {
    let names: Vec<&str> = message.field.iter().map(|field| field.name()).collect();
    if names != ["key", "value"] {
        cx.report.error(
            place.at(),
            format!(
                "map entry `{}` has not the fields `key` and `value`",
                place.plain_name()
            ),
        );
    }
}

fn lower_field(
    cx: &mut Cx<'_>,
    place: &Place<'_>,
    field: &FieldDescriptorProto,
    (message, package): (&DescriptorProto, &Package),
) -> Option<Field> {
    let entry = cx.types.map_entry(field.type_name());
    let value = match entry {
        Some(entry) => entry.field.get(1)?,
        None => field,
    };
    let kind = kind(cx, value, &package.name)?;
    let presence = match entry {
        Some(entry) => Presence::Map(self::kind(cx, entry.field.first()?, &package.name)?),
        None => presence(place, field, (message, package))?,
    };
    let ident = match &presence {
        Presence::Oneof { .. } => names::snake(message.oneof_decl.get(oneof_index(field)?)?.name()),
        _ => names::snake(field.name()),
    };
    Some(Field {
        ident,
        json_name: field.json_name().to_owned(),
        proto_name: field.name().to_owned(),
        presence,
        kind,
        deprecated: field
            .options
            .as_ref()
            .is_some_and(|options| options.deprecated()),
    })
}

/// The oneof a field belongs to, if it is one the user wrote.
pub(super) fn oneof_index(field: &FieldDescriptorProto) -> Option<usize> {
    field
        .oneof_index
        .filter(|_| !field.proto3_optional())
        .and_then(|index| usize::try_from(index).ok())
}

fn presence(
    place: &Place<'_>,
    field: &FieldDescriptorProto,
    (message, package): (&DescriptorProto, &Package),
) -> Option<Presence> {
    if let Some(index) = oneof_index(field) {
        let (parent, _) = place.full_name.rsplit_once('.')?;
        let mut path = names::relative_module(&package.name, parent);
        path.push(oneof_type(message, message.oneof_decl.get(index)?.name()));
        return Some(Presence::Oneof {
            path: path.join("::"),
            variant: names::camel(field.name()),
        });
    }
    let proto2 = place.file.syntax() != "proto3";
    Some(match field.label() {
        Label::Repeated => Presence::Repeated,
        Label::Required => Presence::Required,
        Label::Optional if proto2 || field.proto3_optional() => Presence::Optional,
        Label::Optional if matches!(field.r#type(), ProtoType::Message) => Presence::Optional,
        Label::Optional => Presence::Implicit,
    })
}

/// The type of a oneof: prost-build puts `OneOf` behind a name that a nested type has.
pub(super) fn oneof_type(message: &DescriptorProto, oneof: &str) -> String {
    let ident = names::camel(oneof);
    let nested = message.nested_type.iter().map(|nested| nested.name());
    let mut nested = nested.chain(message.enum_type.iter().map(|nested| nested.name()));
    if nested.any(|name| names::camel(name) == ident) {
        format!("{ident}OneOf")
    } else {
        ident
    }
}

/// What one value of a field is. `None` for a type that is missing, which has been reported.
fn kind(cx: &mut Cx<'_>, field: &FieldDescriptorProto, package: &str) -> Option<Kind> {
    Some(match field.r#type() {
        ProtoType::Double => Kind::Double,
        ProtoType::Float => Kind::Float,
        ProtoType::Int64 | ProtoType::Sint64 | ProtoType::Sfixed64 => Kind::Int64,
        ProtoType::Uint64 | ProtoType::Fixed64 => Kind::Uint64,
        ProtoType::Int32 | ProtoType::Sint32 | ProtoType::Sfixed32 => Kind::Int32,
        ProtoType::Uint32 | ProtoType::Fixed32 => Kind::Uint32,
        ProtoType::Bool => Kind::Bool,
        ProtoType::String => Kind::String,
        ProtoType::Bytes => Kind::Bytes,
        ProtoType::Enum if field.type_name() == ".google.protobuf.NullValue" => Kind::NullValue,
        ProtoType::Enum => Kind::Enum(cx.rust_path(package, field.type_name())),
        ProtoType::Message | ProtoType::Group => {
            cx.types.get(field.type_name())?;
            match wrapped(field.type_name()) {
                Some(kind) => kind,
                None => {
                    cx.rust_path(package, field.type_name());
                    Kind::Message
                }
            }
        }
    })
}

/// The scalar a wrapper type holds; prost makes the field that scalar, JSON prints it like one.
fn wrapped(full_name: &str) -> Option<Kind> {
    Some(match full_name.strip_prefix(".google.protobuf.")? {
        "BoolValue" => Kind::Bool,
        "BytesValue" => Kind::Bytes,
        "DoubleValue" => Kind::Double,
        "FloatValue" => Kind::Float,
        "Int32Value" => Kind::Int32,
        "Int64Value" => Kind::Int64,
        "StringValue" => Kind::String,
        "UInt32Value" => Kind::Uint32,
        "UInt64Value" => Kind::Uint64,
        _ => return None,
    })
}
