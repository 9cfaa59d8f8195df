//! One encoding of a file's descriptor, whichever parser made it.
//!
//! protoc and protox differ in the order of fields, in what they write though it is the default, in how they spell
//! numbers, and in how they encode custom options. Here everything is sorted by field number, defaults are left out, messages given in pieces are
//! merged, and custom options are written by their declaration. What nobody knows is kept as it came.

use std::collections::BTreeMap;

use prost_reflect::{DescriptorPool, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use crate::wire::{self, Record, Value};

/// The deepest message that is looked into: prost's own limit.
const MAX_DEPTH: u32 = 100;

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
    let Some(mut records) = wire::records(bytes) else { return bytes.to_vec() };
    records.sort_by_key(|record| record.number);
    let (json_name, default) = match node {
        Node::Field => (missing_json_name(&records), number_default(&records)),
        _ => (None, None),
    };
    if let Some(name) = &json_name {
        let at = records.partition_point(|record| record.number < 10);
        records.insert(at, Record { number: 10, value: Value::Bytes(name.as_bytes()) });
    }
    if let Some(default) = &default {
        let default = Record { number: 7, value: Value::Bytes(default.as_bytes()) };
        records.iter_mut().filter(|record| record.number == 7).for_each(|record| *record = default);
    }
    let mut out = Vec::with_capacity(bytes.len());
    for record in records {
        let value = match (part(node, record), record.value) {
            (Part::Gone, _) => continue,
            (Part::Node(child), Value::Bytes(bytes)) => self::node(pool, child, bytes),
            (Part::Options(name), Value::Bytes(bytes)) => options(pool, name, bytes),
            _ => {
                wire::put(&mut out, record);
                continue;
            }
        };
        wire::put(&mut out, Record { number: record.number, value: Value::Bytes(&value) });
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
    let Value::Bytes(name) = name.value else { return None };
    let mut json = String::new();
    let mut upper = false;
    for c in std::str::from_utf8(name).ok()?.chars() {
        match c {
            '_' => upper = true,
            c => json.push(if std::mem::take(&mut upper) { c.to_ascii_uppercase() } else { c }),
        }
    }
    Some(json)
}

/// The default of a `double` or `float` field, which every parser spells in its own way.
fn number_default(records: &[Record<'_>]) -> Option<String> {
    let kind = records.iter().find(|record| record.number == 5)?.value;
    let Value::Bytes(text) = records.iter().find(|record| record.number == 7)?.value else { return None };
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

/// Options by their declaration in the run's own `descriptor.proto`; without one there are no custom ones.
fn options(pool: &DescriptorPool, name: &str, bytes: &[u8]) -> Vec<u8> {
    match pool.get_message_by_name(name) {
        Some(descriptor) => message(&descriptor, bytes, 0),
        None => sorted(bytes),
    }
}

fn sorted(bytes: &[u8]) -> Vec<u8> {
    let Some(mut records) = wire::records(bytes) else { return bytes.to_vec() };
    records.sort_by_key(|record| record.number);
    let mut out = Vec::with_capacity(bytes.len());
    for record in records {
        wire::put(&mut out, record);
    }
    out
}

/// What is declared of a field or an extension.
struct Declared {
    kind: Kind,
    list: bool,
    map: bool,
    packed: bool,
    presence: bool,
}

impl Declared {
    fn of_field(field: &FieldDescriptor) -> Self {
        let (list, map) = (field.is_list(), field.is_map());
        Self { kind: field.kind(), list, map, packed: field.is_packed(), presence: field.supports_presence() }
    }

    fn of_extension(extension: &ExtensionDescriptor) -> Self {
        let (list, map) = (extension.is_list(), extension.is_map());
        Self { kind: extension.kind(), list, map, packed: extension.is_packed(), presence: true }
    }

    fn find(message: &MessageDescriptor, number: u32) -> Option<Self> {
        let field = message.get_field(number).map(|field| Self::of_field(&field));
        field.or_else(|| message.get_extension(number).map(|extension| Self::of_extension(&extension)))
    }
}

fn message(descriptor: &MessageDescriptor, bytes: &[u8], depth: u32) -> Vec<u8> {
    let Some(records) = wire::records(bytes).filter(|_| depth < MAX_DEPTH) else { return bytes.to_vec() };
    let mut by_number: BTreeMap<u32, Vec<Value<'_>>> = BTreeMap::new();
    for Record { number, value } in records {
        by_number.entry(number).or_default().push(value);
    }
    let mut out = Vec::with_capacity(bytes.len());
    for (number, values) in by_number {
        match Declared::find(descriptor, number) {
            Some(declared) => field(&mut out, number, (&declared, &values), depth),
            None => values.into_iter().for_each(|value| wire::put(&mut out, Record { number, value })),
        }
    }
    out
}

fn field(out: &mut Vec<u8>, number: u32, (declared, values): (&Declared, &[Value<'_>]), depth: u32) {
    match &declared.kind {
        Kind::Message(nested) if declared.map => {
            let entries = values.iter().map(|value| nested_message(nested, &[*value], depth));
            let entries: BTreeMap<Vec<u8>, Vec<u8>> = entries.map(|entry| (map_key(&entry), entry)).collect();
            entries.values().for_each(|entry| wire::put(out, Record { number, value: Value::Bytes(entry) }));
        }
        Kind::Message(nested) if declared.list => {
            values.iter().for_each(|value| put_message(out, number, (nested, &[*value]), depth));
        }
        Kind::Message(nested) => put_message(out, number, (nested, values), depth),
        Kind::String | Kind::Bytes if declared.list => {
            values.iter().for_each(|&value| wire::put(out, Record { number, value }));
        }
        _ if declared.list => list(out, number, (declared, values)),
        _ => {
            let value = values.last().copied().filter(|value| declared.presence || !is_zero(value));
            value.into_iter().for_each(|value| wire::put(out, Record { number, value }));
        }
    }
}

/// The first record of a map's entry, which tells entries apart and orders them.
fn map_key(entry: &[u8]) -> Vec<u8> {
    let mut key = Vec::new();
    let first = wire::records(entry).and_then(|records| records.first().copied().filter(|first| first.number == 1));
    first.into_iter().for_each(|first| wire::put(&mut key, first));
    key
}

/// Merges the pieces of a message: their bytes in a row are one message.
fn nested_message(descriptor: &MessageDescriptor, pieces: &[Value<'_>], depth: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in pieces {
        if let Value::Bytes(piece) | Value::Group(piece) = piece {
            bytes.extend_from_slice(piece);
        }
    }
    message(descriptor, &bytes, depth + 1)
}

fn put_message(out: &mut Vec<u8>, number: u32, (descriptor, pieces): (&MessageDescriptor, &[Value<'_>]), depth: u32) {
    let bytes = nested_message(descriptor, pieces, depth);
    let group = matches!(pieces.first(), Some(Value::Group(_)));
    let value = if group { Value::Group(&bytes) } else { Value::Bytes(&bytes) };
    wire::put(out, Record { number, value });
}

/// A list of numbers, packed or not as its declaration says, however it came.
fn list(out: &mut Vec<u8>, number: u32, (declared, values): (&Declared, &[Value<'_>])) {
    let Some(items) = values.iter().map(|value| unpacked(&declared.kind, *value)).collect::<Option<Vec<_>>>() else {
        values.iter().for_each(|&value| wire::put(out, Record { number, value }));
        return;
    };
    let items = items.into_iter().flatten();
    if !declared.packed {
        items.for_each(|value| wire::put(out, Record { number, value }));
        return;
    }
    let mut packed = Vec::new();
    for item in items {
        match item {
            Value::Varint(value) => wire::put_varint(&mut packed, value),
            Value::Fixed64(bytes) => packed.extend(bytes),
            Value::Fixed32(bytes) => packed.extend(bytes),
            Value::Bytes(_) | Value::Group(_) => {}
        }
    }
    wire::put(out, Record { number, value: Value::Bytes(&packed) });
}

fn unpacked<'a>(kind: &Kind, value: Value<'a>) -> Option<Vec<Value<'a>>> {
    let Value::Bytes(mut bytes) = value else { return Some(vec![value]) };
    let mut items = Vec::new();
    while !bytes.is_empty() {
        items.push(match kind {
            Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => Value::Fixed64(*take(&mut bytes)?),
            Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => Value::Fixed32(*take(&mut bytes)?),
            _ => Value::Varint(wire::varint(&mut bytes)?),
        });
    }
    Some(items)
}

fn take<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(taken)
}

fn is_zero(value: &Value<'_>) -> bool {
    match value {
        Value::Varint(value) => *value == 0,
        Value::Fixed64(bytes) => bytes == &[0; 8],
        Value::Fixed32(bytes) => bytes == &[0; 4],
        Value::Bytes(bytes) | Value::Group(bytes) => bytes.is_empty(),
    }
}

#[cfg(test)]
mod tests;
