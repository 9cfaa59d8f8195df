//! One encoding of a file's descriptor, whichever parser made it.
//!
//! protoc and protox differ in the order of fields, in what they write though it is the default, in how they spell
//! numbers, and in how they encode custom options. Here everything is sorted by field number, defaults are left out, messages given in pieces are
//! merged, and custom options are written by their declaration. What nobody knows is kept as it came.

mod options;

use prost_reflect::DescriptorPool;

use crate::wire::{self, Record, Value};

/// The messages of `descriptor.proto` that hold names, each with what its fields are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    File,
    Message,
    Field,
    Oneof,
    Enum,
    EnumValue,
    Service,
    Method,
    ExtensionRange,
}

/// What a field of a [`Node`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Node(Node),
    /// Options, by the name of their message.
    Options(&'static str),
    Leaf,
    /// Left out.
    Gone,
}

/// The canonical encoding of a file without its source info.
pub(super) fn file(pool: &DescriptorPool, bytes: &[u8]) -> Vec<u8> {
    node(pool, Node::File, bytes)
}

fn node(pool: &DescriptorPool, node: Node, bytes: &[u8]) -> Vec<u8> {
    let Some(mut records) = wire::records(bytes) else {
        return bytes.to_vec();
    };
    records.sort_by_key(|record| record.number);
    let (json_name, default) = match node {
        Node::Field => (missing_json_name(&records), number_default(&records)),
        _ => (None, None),
    };
    if let Some(name) = &json_name {
        let at = records.partition_point(|record| record.number < 10);
        records.insert(
            at,
            Record {
                number: 10,
                value: Value::Bytes(name.as_bytes()),
            },
        );
    }
    if let Some(default) = &default {
        let default = Record {
            number: 7,
            value: Value::Bytes(default.as_bytes()),
        };
        records
            .iter_mut()
            .filter(|record| record.number == 7)
            .for_each(|record| *record = default);
    }
    let mut out = Vec::with_capacity(bytes.len());
    for record in records {
        let value = match (part(node, record), record.value) {
            (Part::Gone, _) => continue,
            (Part::Node(child), Value::Bytes(bytes)) => self::node(pool, child, bytes),
            (Part::Options(name), Value::Bytes(bytes)) => options::encode(pool, name, bytes),
            _ => {
                wire::put(&mut out, record);
                continue;
            }
        };
        // `rpc A(M) returns (M) {}` has options for protoc, and none for protox.
        if value.is_empty() && matches!(part(node, record), Part::Options(_)) {
            continue;
        }
        wire::put(
            &mut out,
            Record {
                number: record.number,
                value: Value::Bytes(&value),
            },
        );
    }
    out
}

/// The one place that knows the field numbers of `descriptor.proto`.
fn part(node: Node, record: Record<'_>) -> Part {
    use Node::*;
    match (node, record.number) {
        (File, 2) if record.value == Value::Bytes(b"") => Part::Gone,
        (File, 12) if record.value == Value::Bytes(b"proto2") => Part::Gone,
        (File, 9) => Part::Gone,
        (Method, 5 | 6) | (Field, 17) if record.value == Value::Varint(0) => Part::Gone,
        (File, 4) | (Message, 3) => Part::Node(Message),
        (File, 5) | (Message, 4) => Part::Node(Enum),
        (File, 6) => Part::Node(Service),
        (File, 7) | (Message, 2 | 6) => Part::Node(Field),
        (Message, 5) => Part::Node(ExtensionRange),
        (Message, 8) => Part::Node(Oneof),
        (Enum, 2) => Part::Node(EnumValue),
        (Service, 2) => Part::Node(Method),
        (File, 8) => Part::Options("google.protobuf.FileOptions"),
        (Message, 7) => Part::Options("google.protobuf.MessageOptions"),
        (Field, 8) => Part::Options("google.protobuf.FieldOptions"),
        (Oneof, 2) => Part::Options("google.protobuf.OneofOptions"),
        (Enum, 3) => Part::Options("google.protobuf.EnumOptions"),
        (EnumValue, 3) => Part::Options("google.protobuf.EnumValueOptions"),
        (Service, 3) => Part::Options("google.protobuf.ServiceOptions"),
        (Method, 4) => Part::Options("google.protobuf.MethodOptions"),
        (ExtensionRange, 3) => Part::Options("google.protobuf.ExtensionRangeOptions"),
        _ => Part::Leaf,
    }
}

/// The JSON name protoc would give a field that has none.
fn missing_json_name(records: &[Record<'_>]) -> Option<String> {
    if records.iter().any(|record| record.number == 10) {
        return None;
    }
    let name = records.iter().find(|record| record.number == 1)?;
    let Value::Bytes(name) = name.value else {
        return None;
    };
    let mut json = String::new();
    let mut upper = false;
    for c in std::str::from_utf8(name).ok()?.chars() {
        match c {
            '_' => upper = true,
            c => json.push(if std::mem::take(&mut upper) {
                c.to_ascii_uppercase()
            } else {
                c
            }),
        }
    }
    Some(json)
}

/// The default of a `double` or `float` field, which every parser spells in its own way.
fn number_default(records: &[Record<'_>]) -> Option<String> {
    let kind = records.iter().find(|record| record.number == 5)?.value;
    let Value::Bytes(text) = records.iter().find(|record| record.number == 7)?.value else {
        return None;
    };
    let text = std::str::from_utf8(text).ok()?;
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    let plain = value == 0.0 || (1e-5..1e16).contains(&value.abs());
    match kind {
        Value::Varint(1) if plain => Some(value.to_string()),
        Value::Varint(1) => Some(format!("{value:e}")),
        Value::Varint(2) if plain => Some((value as f32).to_string()),
        Value::Varint(2) => Some(format!("{:e}", value as f32)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
