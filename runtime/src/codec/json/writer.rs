//! Appends JSON to one buffer.

use std::collections::BTreeMap;

use super::{
    DEPTH_LIMIT, Error, Field, Key, Kind, Message, Options, Result, Type, print, scan, types,
};

/// Writes the fields of messages; generated code calls it with the index of each field.
#[derive(Debug)]
pub struct Writer<'a> {
    out: Vec<u8>,
    options: &'a Options,
    /// The fields of the message being written.
    fields: &'static [Field],
    /// How many more levels may be opened.
    depth: u32,
    /// Where the value of the one field asked for stands.
    only: Option<Only>,
}

/// A field of the outermost message, and where its value is in what is written.
#[derive(Debug)]
struct Only {
    index: usize,
    start: usize,
    /// Known once another field follows.
    end: Option<usize>,
    found: bool,
}

/// The message around the one that was opened.
#[derive(Debug)]
pub(crate) struct Outer(&'static [Field]);

impl<'a> Writer<'a> {
    pub(super) fn new(options: &'a Options, out: Vec<u8>) -> Self {
        Self {
            out,
            options,
            fields: &[],
            depth: DEPTH_LIMIT + 1,
            only: None,
        }
    }

    /// Writes the value of one field of a message; `None` if it is not set.
    ///
    /// Writes all fields, without their keys, as only the message knows which is which, and keeps one.
    pub(super) fn field(
        options: &'a Options,
        message: &dyn Message,
        index: usize,
    ) -> Result<Option<Vec<u8>>> {
        let mut writer = Self::new(options, Vec::with_capacity(256));
        // The message's own fields have no names here, so that `key` finds none and asks `mark`.
        writer.only = Some(Only {
            index,
            start: 0,
            end: None,
            found: false,
        });
        writer.enter()?;
        message.write_fields(&mut writer)?;
        let Some(Only {
            start,
            end,
            found: true,
            ..
        }) = writer.only
        else {
            return Ok(None);
        };
        let mut out = writer.out;
        out.truncate(end.unwrap_or(out.len()));
        out.drain(..start);
        Ok(Some(out))
    }

    /// Notes where the value of a field begins that has no key.
    #[cold]
    fn mark(&mut self, index: usize) {
        let at = self.out.len();
        match &mut self.only {
            Some(only) if only.index == index => {
                (only.start, only.found) = (at, true);
            }
            Some(Only {
                found: true,
                end: end @ None,
                ..
            }) => *end = Some(at),
            _ => {}
        }
    }

    pub(super) fn into_inner(self) -> Vec<u8> {
        self.out
    }

    /// Writes a field without presence: not at all when it is zero or empty.
    ///
    /// # Errors
    /// If the value has no JSON form; so for all that follow.
    #[inline]
    pub fn implicit<K: Kind>(&mut self, index: usize, value: &K::Value) -> Result {
        if K::is_default(value) && !self.options.emit_defaults {
            return Ok(());
        }
        self.member::<K>(index, value)
    }

    /// Writes a field with presence, if it is set.
    ///
    /// # Errors
    /// If the value has no JSON form.
    #[inline]
    pub fn optional<K: Kind>(&mut self, index: usize, value: &Option<K::Value>) -> Result {
        match value {
            Some(value) => self.member::<K>(index, value),
            None => Ok(()),
        }
    }

    /// Writes a proto2 required field.
    ///
    /// # Errors
    /// If the value has no JSON form.
    #[inline]
    pub fn required<K: Kind>(&mut self, index: usize, value: &K::Value) -> Result {
        self.member::<K>(index, value)
    }

    /// Writes a field whatever its value: the set member of a oneof.
    ///
    /// # Errors
    /// If the value has no JSON form.
    #[inline]
    pub fn member<K: Kind>(&mut self, index: usize, value: &K::Value) -> Result {
        self.key(index);
        match K::write(value, self) {
            Ok(()) => Ok(()),
            Err(error) => Err(error.in_field(self.field_name(index))),
        }
    }

    /// Writes a list, unless it is empty.
    ///
    /// # Errors
    /// If a value has no JSON form.
    pub fn repeated<K: Kind>(&mut self, index: usize, values: &[K::Value]) -> Result {
        if values.is_empty() && !self.options.emit_defaults {
            return Ok(());
        }
        self.key(index);
        self.push(b'[');
        for (item, value) in values.iter().enumerate() {
            if item != 0 {
                self.push(b',');
            }
            if let Err(error) = K::write(value, self) {
                return Err(error.in_item(item).in_field(self.field_name(index)));
            }
        }
        self.push(b']');
        Ok(())
    }

    /// Writes a map, unless it is empty, in the order of its keys.
    ///
    /// # Errors
    /// If a value has no JSON form.
    pub fn map<K: Key, V: Kind>(
        &mut self,
        index: usize,
        map: &BTreeMap<K::Value, V::Value>,
    ) -> Result {
        if map.is_empty() && !self.options.emit_defaults {
            return Ok(());
        }
        self.key(index);
        self.push(b'{');
        for (nth, (key, value)) in map.iter().enumerate() {
            if nth != 0 {
                self.push(b',');
            }
            K::write_key(key, self);
            self.push(b':');
            if let Err(error) = V::write(value, self) {
                return Err(error.in_entry(key).in_field(self.field_name(index)));
            }
        }
        self.push(b'}');
        Ok(())
    }

    /// Starts the object of a message whose fields are `fields`.
    #[inline]
    pub(crate) fn open(&mut self, fields: &'static [Field]) -> Result<Outer> {
        self.enter()?;
        self.push(b'{');
        Ok(Outer(std::mem::replace(&mut self.fields, fields)))
    }

    /// Ends the object begun by `open`.
    #[inline]
    pub(crate) fn close(&mut self, outer: Outer) {
        self.fields = outer.0;
        self.push(b'}');
        self.leave();
    }

    /// Counts one level of nesting.
    #[inline]
    pub(crate) fn enter(&mut self) -> Result {
        match self.depth.checked_sub(1) {
            Some(left) => self.depth = left,
            None => return Err(too_deep()),
        }
        Ok(())
    }

    /// Counts the level as left.
    #[inline]
    pub(crate) fn leave(&mut self) {
        self.depth += 1;
    }

    /// Whether enums are to be numbers.
    pub(super) fn enums_as_ints(&self) -> bool {
        self.options.enums_as_ints
    }

    /// The message type called `name`, for `Any`.
    pub(crate) fn find_type(&self, name: &str) -> Option<Type> {
        types::find(self.options.types.as_ref(), name)
    }

    /// Appends one byte of punctuation.
    #[inline]
    pub(crate) fn push(&mut self, byte: u8) {
        self.out.push(byte);
    }

    /// Appends text that is JSON already.
    #[inline]
    pub(crate) fn raw(&mut self, json: &[u8]) {
        self.out.extend_from_slice(json);
    }

    /// Appends an integer.
    #[inline]
    pub(crate) fn integer(&mut self, value: impl itoa::Integer) {
        print::integer(&mut self.out, value);
    }

    /// Appends an integer between quotes.
    #[inline]
    pub(crate) fn quoted_integer(&mut self, value: impl itoa::Integer) {
        self.out.push(b'"');
        print::integer(&mut self.out, value);
        self.out.push(b'"');
    }

    /// Appends a double.
    pub(crate) fn double(&mut self, value: f64) {
        print::double(&mut self.out, value);
    }

    /// Appends a float.
    pub(crate) fn float(&mut self, value: f32) {
        print::float(&mut self.out, value);
    }

    /// Appends bytes as base64, quoted.
    pub(crate) fn base64(&mut self, bytes: &[u8]) {
        self.out.push(b'"');
        crate::base64::append(&mut self.out, bytes, crate::base64::Form::Standard);
        self.out.push(b'"');
    }

    /// Appends a string, quoted and escaped.
    pub(crate) fn string(&mut self, text: &str) {
        let bytes = text.as_bytes();
        self.out.reserve(bytes.len() + 2);
        self.out.push(b'"');
        if scan::is_plain(bytes) {
            self.out.extend_from_slice(bytes);
        } else {
            self.escaped(bytes);
        }
        self.out.push(b'"');
    }

    #[cold]
    fn escaped(&mut self, mut text: &[u8]) {
        loop {
            let (plain, rest) = text.split_at(scan::find(text));
            self.out.extend_from_slice(plain);
            let Some((&byte, rest)) = rest.split_first() else {
                return;
            };
            self.escape(byte);
            text = rest;
        }
    }

    fn escape(&mut self, byte: u8) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            _ => {
                let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
                self.out.extend_from_slice(b"\\u00");
                return self.out.extend_from_slice(&digits);
            }
        };
        self.out.extend_from_slice(&[b'\\', short]);
    }

    /// Appends the key of a field, with its comma and colon.
    #[inline]
    fn key(&mut self, index: usize) {
        // Generated code speaks of its own fields only; a foreign index writes nothing useful, but no more.
        let Some(field) = self.fields.get(index) else {
            return self.mark(index);
        };
        let (key, len) = field.padded_key();
        if len == 0 || self.options.proto_names {
            return self.long_key(field);
        }
        // A copy of fixed size, cut back, costs less than one of the exact size.
        if self.out.last() == Some(&b'{') {
            let end = self.out.len() + len - 1;
            self.out.extend_from_slice(&key[1..]);
            self.out.truncate(end);
        } else {
            let end = self.out.len() + len;
            self.out.extend_from_slice(key);
            self.out.truncate(end);
        }
    }

    #[cold]
    #[inline(never)]
    fn long_key(&mut self, field: &Field) {
        self.any_key(if self.options.proto_names {
            field.proto_name()
        } else {
            field.json_name()
        });
    }

    /// Appends any key, with its comma and colon.
    pub(crate) fn any_key(&mut self, name: &str) {
        // A value never ends with `{`, so this one opened the object.
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        self.string(name);
        self.out.push(b':');
    }

    fn field_name(&self, index: usize) -> &'static str {
        self.fields.get(index).map_or("?", Field::json_name)
    }
}

#[cold]
fn too_deep() -> Error {
    Error::new(format!(
        "the message is nested more than {DEPTH_LIMIT} deep"
    ))
}
