//! Sets single fields of a message by path: from texts, JSON values and files.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::{
    Error, Field, Message, Options, Reader, Result,
    reader::{Bind, Outcome},
};
use crate::google::api::HttpBody;

/// What a field is set from.
#[derive(Debug, Clone)]
pub(crate) enum Value<'a> {
    /// A query parameter, a path segment: numbers, names, base64, as they are.
    Text(&'a str),
    /// A JSON value.
    Json(&'a [u8]),
    /// A part of a form. Its bytes go into `bytes` as they are, into other scalars as text.
    File(File<'a>),
    /// A number that comes with a file.
    Number(u64),
    /// The paths of a field mask, for one that has none yet.
    Paths(&'a [String]),
    /// A message in the protobuf encoding.
    Proto(Bytes),
    /// Nothing; its zero is asked for.
    Zero,
    /// Nothing; it is asked what the field takes.
    Probe,
    /// Nothing; a google.api.HttpBody is taken out.
    Take,
    /// Nothing; the protobuf encoding is asked for, of a message.
    Encode,
}

/// A file: all of a message with fields `content_type`, `data` and, if it has them, `filename` and `size`.
#[derive(Debug, Clone)]
pub(crate) struct File<'a> {
    /// Without directories; empty if there is none.
    pub(crate) filename: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) data: Bytes,
}

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    Done,
    /// No field of that name takes such values.
    Unknown,
    /// The field is fixed already, by what counts for more.
    Fixed,
}

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// Files: `bytes`, or a message like a file; or a list of those.
    File,
    /// Texts and JSON.
    Other,
    /// There is no such field.
    Unknown,
    /// The field is fixed already.
    Fixed,
}

/// Sets the fields of one message, and knows which are set.
///
/// ```text
/// let mut binder = Binder::default();
/// binder.fix(&mut message, "id", Value::Text("7"), options)?;      // from the path
/// binder.set(&mut message, "id", Value::Text("8"), options)?;      // Set::Fixed: left alone
/// ```
#[derive(Debug, Default)]
pub(crate) struct Binder {
    fixed: Fixed,
    set: Trails,
}

/// The fields that later values leave alone.
pub(super) type Fixed = Trails;

/// Fields within a message, each as the indices that lead to it.
#[derive(Debug, Default)]
pub(super) struct Trails {
    /// The first 64 fields of the message itself, as bits.
    top: u64,
    others: BTreeSet<Box<[u16]>>,
}

impl Trails {
    /// Adds a field; false if it was there.
    fn insert(&mut self, trail: &[u16]) -> bool {
        match *trail {
            [index @ 0..64] => {
                let bit = 1 << index;
                let new = self.top & bit == 0;
                self.top |= bit;
                new
            }
            _ => self.others.insert(trail.into()),
        }
    }

    pub(super) fn contains(&self, trail: &[u16]) -> bool {
        match *trail {
            [index @ 0..64] => self.top >> index & 1 == 1,
            _ => !self.others.is_empty() && self.others.contains(trail),
        }
    }
}

impl Binder {
    /// Sets one field, named by its path: `a.b`, `map[key]`, `list` or `list[]`, by JSON or proto names. Lists grow.
    ///
    /// # Errors
    /// If the value is not of the field's type, the field is a message without a text form, it is set already, or
    /// another member of its oneof is.
    pub(crate) fn set(
        &mut self,
        message: &mut dyn Message,
        path: &str,
        value: Value<'_>,
        options: &Options,
    ) -> Result<Set> {
        if path.is_empty() {
            return Ok(Set::Unknown);
        }
        let bind = bind(message, Bind::new(path, value, &self.fixed), options)?;
        let set = outcome(&bind).map_err(|error| error.in_field(path))?;
        if set == Set::Done && !bind.many && !self.set.insert(bind.trail()) {
            return Err(Error::new("is given twice, and is no list").in_field(path));
        }
        Ok(set)
    }

    /// Sets one field for good: what is set later leaves it alone.
    ///
    /// # Errors
    /// As for [`set`](Self::set), but that it may be set already.
    pub(crate) fn fix(
        &mut self,
        message: &mut dyn Message,
        path: &str,
        value: Value<'_>,
        options: &Options,
    ) -> Result<Set> {
        let free = Fixed::default();
        let bind = bind(message, Bind::new(path, value, &free), options)?;
        let set = outcome(&bind).map_err(|error| error.in_field(path))?;
        if set == Set::Done {
            self.fixed.insert(bind.trail());
        }
        Ok(set)
    }

    /// Tells what the field of this path takes; the message stays as it is.
    ///
    /// # Errors
    /// If the path goes on within a field that has no fields.
    pub(crate) fn target(
        &self,
        message: &mut dyn Message,
        path: &str,
        options: &Options,
    ) -> Result<Target> {
        let bind = bind(message, Bind::new(path, Value::Probe, &self.fixed), options)?;
        Ok(match bind.outcome {
            Outcome::File => Target::File,
            Outcome::Fixed => Target::Fixed,
            Outcome::Unknown => Target::Unknown,
            Outcome::NotBindable | Outcome::Set => Target::Other,
        })
    }

    /// Leaves the field called `name` of the message itself, and all within it, alone from now on.
    pub(crate) fn fix_field(&mut self, message: &dyn Message, name: &str) {
        let index = position(message.fields(), name);
        // protoc has no messages of more than 65,535 fields.
        if let Some(index) = index.and_then(|index| u16::try_from(index).ok()) {
            self.fixed.insert(&[index]);
        }
    }
}

/// The JSON of the field called `name` of a message where it is not set; never `null`.
pub(crate) fn zero(message: &mut dyn Message, name: &str, options: &Options) -> Vec<u8> {
    let fixed = Fixed::default();
    match bind(message, Bind::new(name, Value::Zero, &fixed), options) {
        Ok(bind) if !bind.zero.is_empty() => bind.zero,
        _ => b"{}".to_vec(),
    }
}

/// Takes the google.api.HttpBody out of the field called `name`; `None` if that is not set, or no such message.
pub(crate) fn take_http_body(
    message: &mut dyn Message,
    name: &str,
    options: &Options,
) -> Option<HttpBody> {
    let fixed = Fixed::default();
    let bind = bind(message, Bind::new(name, Value::Take, &fixed), options);
    bind.ok().and_then(|bind| bind.taken)
}

/// The protobuf encoding of the field called `name`, empty if it is not set; `None` if it is no message.
pub(crate) fn encode_field(
    message: &mut dyn Message,
    name: &str,
    options: &Options,
) -> Option<Vec<u8>> {
    let fixed = Fixed::default();
    let bind = bind(message, Bind::new(name, Value::Encode, &fixed), options).ok()?;
    (bind.outcome == Outcome::Set).then_some(bind.zero)
}

/// Reads a JSON value into the field called `name`, as a document that has it would.
///
/// With `record` returns the fields that the value names, as a field mask has them.
///
/// # Errors
/// If the value is not of the field's type.
pub(crate) fn read_field(
    message: &mut dyn Message,
    name: &str,
    json: &[u8],
    (options, record): (&Options, bool),
) -> Result<Vec<String>> {
    let Some(index) = position(message.fields(), name) else {
        return Err(Error::new("there is no such field").in_field(name));
    };
    let mut reader = Reader::new(options, json)?;
    if record {
        reader.record();
    }
    let read = message.read_field(index, &mut reader);
    read.map_err(|error| error.in_field(name))?;
    reader.end()?;
    reader.recorded()
}

/// Reads a JSON document; returns the fields that it names, as a field mask has them.
///
/// # Errors
/// If the text is not the form of this message.
pub(crate) fn read_recorded(
    message: &mut dyn Message,
    json: &[u8],
    options: &Options,
) -> Result<Vec<String>> {
    let mut reader = Reader::new(options, json)?;
    reader.record();
    message.read(&mut reader)?;
    reader.end()?;
    reader.recorded()
}

fn position(fields: &[Field], name: &str) -> Option<usize> {
    fields.iter().position(|field| field.is_called(name))
}

fn bind<'a>(
    message: &mut dyn Message,
    bind: Bind<'a>,
    options: &'a Options,
) -> Result<Box<Bind<'a>>> {
    let path = bind.path();
    let mut reader = Reader::bound(options, bind);
    match reader.bind_message(message) {
        // Always there: it is put back after each use.
        Ok(()) => reader.into_bind().ok_or_else(|| Error::new("")),
        Err(error) => Err(error.in_field(path)),
    }
}

fn outcome(bind: &Bind<'_>) -> Result<Set> {
    match bind.outcome {
        Outcome::Set => Ok(Set::Done),
        Outcome::Fixed => Ok(Set::Fixed),
        Outcome::Unknown | Outcome::File => Ok(Set::Unknown),
        Outcome::NotBindable if matches!(bind.value, Value::Proto(_)) => Err(Error::new(
            "has no protobuf form of its own: send application/json",
        )),
        // A list or a map of messages.
        Outcome::NotBindable if bind.many => Ok(Set::Unknown),
        Outcome::NotBindable => Err(Error::new(
            "is a message without a text form: name a field of it, like a.b",
        )),
    }
}
