//! The protobuf wire format as far as descriptors need it: records in, records out, nothing copied.

/// The deepest group that is read; prost's own limit for messages.
const MAX_DEPTH: u32 = 100;

/// One record: a field number and its value as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    /// Field number.
    pub(crate) number: u32,
    /// What follows the tag.
    pub(crate) value: Value<'a>,
}

/// The value of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// An integer, a bool, an enum.
    Varint(u64),
    /// Eight bytes.
    Fixed64([u8; 8]),
    /// Four bytes.
    Fixed32([u8; 4]),
    /// A string, bytes, a message, a packed list.
    Bytes(&'a [u8]),
    /// A group: its records, without the end tag.
    Group(&'a [u8]),
}

/// Splits a message into its records; `None` if it is malformed.
pub(crate) fn records(message: &[u8]) -> Option<Vec<Record<'_>>> {
    let mut rest = message;
    let mut records = Vec::new();
    while !rest.is_empty() {
        records.push(record(&mut rest, 0)?);
    }
    Some(records)
}

/// Reads one record off the front.
fn record<'a>(rest: &mut &'a [u8], depth: u32) -> Option<Record<'a>> {
    let tag = varint(rest)?;
    let number = u32::try_from(tag >> 3).ok().filter(|&number| number > 0)?;
    let value = match tag & 7 {
        0 => Value::Varint(varint(rest)?),
        1 => Value::Fixed64(take(rest, 8)?.try_into().ok()?),
        2 => {
            let length = varint(rest)?;
            Value::Bytes(take(rest, usize::try_from(length).ok()?)?)
        }
        3 if depth < MAX_DEPTH => Value::Group(group(rest, number, depth + 1)?),
        5 => Value::Fixed32(take(rest, 4)?.try_into().ok()?),
        _ => return None,
    };
    Some(Record { number, value })
}

/// Reads records up to the end tag of group `number`, which is dropped.
fn group<'a>(rest: &mut &'a [u8], number: u32, depth: u32) -> Option<&'a [u8]> {
    let start = *rest;
    loop {
        let before = *rest;
        if varint(rest)? == u64::from(number) << 3 | 4 {
            return Some(&start[..start.len() - before.len()]);
        }
        *rest = before;
        record(rest, depth)?;
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

/// Reads a varint off the front.
pub(crate) fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Appends a varint in its shortest form.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a record.
pub(crate) fn put(out: &mut Vec<u8>, Record { number, value }: Record<'_>) {
    let tag = u64::from(number) << 3;
    match value {
        Value::Varint(value) => {
            put_varint(out, tag);
            put_varint(out, value);
        }
        Value::Fixed64(bytes) => {
            put_varint(out, tag | 1);
            out.extend(bytes);
        }
        Value::Bytes(bytes) => {
            put_varint(out, tag | 2);
            put_varint(out, bytes.len() as u64);
            out.extend(bytes);
        }
        Value::Group(bytes) => {
            put_varint(out, tag | 3);
            out.extend(bytes);
            put_varint(out, tag | 4);
        }
        Value::Fixed32(bytes) => {
            put_varint(out, tag | 5);
            out.extend(bytes);
        }
    }
}

/// A file's bytes without its source info; as they are if malformed.
pub(crate) fn without_field(message: &[u8], number: u32) -> Vec<u8> {
    let Some(records) = records(message) else {
        return message.to_vec();
    };
    let mut out = Vec::new();
    for record in records.into_iter().filter(|record| record.number != number) {
        put(&mut out, record);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_a_round_trip() {
        let message: &[u8] = b"\x08\x96\x01\x12\x02hi\x1b\x08\x01\x1c\x25\x01\x02\x03\x04\x29\x01\x02\x03\x04\x05\x06\x07\x08";
        let records = records(message).unwrap_or_default();
        assert_eq!(records.len(), 5);
        assert_eq!(
            records[2],
            Record {
                number: 3,
                value: Value::Group(b"\x08\x01")
            }
        );
        let mut out = Vec::new();
        for record in records {
            put(&mut out, record);
        }
        assert_eq!(out, message);
    }

    #[test]
    fn malformed_input_is_none() {
        let cases: [&[u8]; 7] = [
            b"\x08",
            b"\x12\x05hi",
            b"\x00\x00",
            b"\x0c",
            b"\x1b\x08\x01",
            b"\x0f",
            &[0xff; 11],
        ];
        for case in cases {
            assert_eq!(records(case), None, "{case:?}");
        }
        assert_eq!(records(&[0x1b; 5000]), None);
    }

    #[test]
    fn a_field_can_be_dropped() {
        assert_eq!(
            without_field(b"\x08\x01\x12\x02hi\x18\x02", 2),
            b"\x08\x01\x18\x02"
        );
    }
}
