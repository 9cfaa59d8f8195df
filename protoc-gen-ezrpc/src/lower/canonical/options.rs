//! Custom options in one encoding, by their declarations.

use std::collections::BTreeMap;

use prost_reflect::{
    DescriptorPool, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor,
};

use crate::wire::{self, Record, Value};

/// The deepest message that is looked into: prost's own limit.
const MAX_DEPTH: u32 = 100;

/// Options by their declaration in the run's own `descriptor.proto`; without one there are no custom ones.
pub(super) fn encode(pool: &DescriptorPool, name: &str, bytes: &[u8]) -> Vec<u8> {
    match pool.get_message_by_name(name) {
        Some(descriptor) => message(&descriptor, bytes, 0),
        None => sorted(bytes),
    }
}

fn sorted(bytes: &[u8]) -> Vec<u8> {
    let Some(mut records) = wire::records(bytes) else {
        return bytes.to_vec();
    };
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
        Self {
            kind: field.kind(),
            list,
            map,
            packed: field.is_packed(),
            presence: field.supports_presence(),
        }
    }

    fn of_extension(extension: &ExtensionDescriptor) -> Self {
        let (list, map) = (extension.is_list(), extension.is_map());
        Self {
            kind: extension.kind(),
            list,
            map,
            packed: extension.is_packed(),
            presence: true,
        }
    }

    fn find(message: &MessageDescriptor, number: u32) -> Option<Self> {
        let field = message
            .get_field(number)
            .map(|field| Self::of_field(&field));
        field.or_else(|| {
            message
                .get_extension(number)
                .map(|extension| Self::of_extension(&extension))
        })
    }
}

fn message(descriptor: &MessageDescriptor, bytes: &[u8], depth: u32) -> Vec<u8> {
    let Some(records) = wire::records(bytes).filter(|_| depth < MAX_DEPTH) else {
        return bytes.to_vec();
    };
    let mut by_number: BTreeMap<u32, Vec<Value<'_>>> = BTreeMap::new();
    for Record { number, value } in records {
        by_number.entry(number).or_default().push(value);
    }
    let mut out = Vec::with_capacity(bytes.len());
    for (number, values) in by_number {
        match Declared::find(descriptor, number) {
            Some(declared) => field(&mut out, number, (&declared, &values), depth),
            None => values
                .into_iter()
                .for_each(|value| wire::put(&mut out, Record { number, value })),
        }
    }
    out
}

fn field(
    out: &mut Vec<u8>,
    number: u32,
    (declared, values): (&Declared, &[Value<'_>]),
    depth: u32,
) {
    match &declared.kind {
        Kind::Message(nested) if declared.map => {
            let entries = values
                .iter()
                .map(|value| nested_message(nested, &[*value], depth));
            let entries: BTreeMap<Vec<u8>, Vec<u8>> =
                entries.map(|entry| (map_key(&entry), entry)).collect();
            entries.values().for_each(|entry| {
                wire::put(
                    out,
                    Record {
                        number,
                        value: Value::Bytes(entry),
                    },
                )
            });
        }
        Kind::Message(nested) if declared.list => {
            values
                .iter()
                .for_each(|value| put_message(out, number, (nested, &[*value]), depth));
        }
        Kind::Message(nested) => put_message(out, number, (nested, values), depth),
        Kind::String | Kind::Bytes if declared.list => {
            values
                .iter()
                .for_each(|&value| wire::put(out, Record { number, value }));
        }
        _ if declared.list => list(out, number, (declared, values)),
        _ => {
            let value = values
                .last()
                .copied()
                .filter(|value| declared.presence || !is_zero(value));
            value
                .into_iter()
                .for_each(|value| wire::put(out, Record { number, value }));
        }
    }
}

/// The first record of a map's entry, which tells entries apart and orders them.
fn map_key(entry: &[u8]) -> Vec<u8> {
    let mut key = Vec::new();
    let first = wire::records(entry)
        .and_then(|records| records.first().copied().filter(|first| first.number == 1));
    first
        .into_iter()
        .for_each(|first| wire::put(&mut key, first));
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

fn put_message(
    out: &mut Vec<u8>,
    number: u32,
    (descriptor, pieces): (&MessageDescriptor, &[Value<'_>]),
    depth: u32,
) {
    let bytes = nested_message(descriptor, pieces, depth);
    let group = matches!(pieces.first(), Some(Value::Group(_)));
    let value = if group {
        Value::Group(&bytes)
    } else {
        Value::Bytes(&bytes)
    };
    wire::put(out, Record { number, value });
}

/// A list of numbers, packed or not as its declaration says, however it came.
fn list(out: &mut Vec<u8>, number: u32, (declared, values): (&Declared, &[Value<'_>])) {
    let Some(items) = values
        .iter()
        .map(|value| unpacked(&declared.kind, *value))
        .collect::<Option<Vec<_>>>()
    else {
        values
            .iter()
            .for_each(|&value| wire::put(out, Record { number, value }));
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
    wire::put(
        out,
        Record {
            number,
            value: Value::Bytes(&packed),
        },
    );
}

fn unpacked<'a>(kind: &Kind, value: Value<'a>) -> Option<Vec<Value<'a>>> {
    let Value::Bytes(mut bytes) = value else {
        return Some(vec![value]);
    };
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
