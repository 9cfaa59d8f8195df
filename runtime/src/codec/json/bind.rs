//! Sets single fields of a message by path: from texts, JSON values and files.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::{
    Error, Message, Options, Reader, Result,
    reader::{Bind, Outcome},
};

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
    /// Nothing; its zero is asked for.
    Zero,
    /// Nothing; it is asked what the field takes.
    Probe,
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

    /// Leaves the field at `index` of the message itself, and all within it, alone from now on.
    pub(crate) fn fix_field(&mut self, index: usize) {
        // protoc has no messages of more than 65,535 fields.
        self.fixed
            .insert(&[u16::try_from(index).unwrap_or(u16::MAX)]);
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
        // A list or a map of messages.
        Outcome::NotBindable if bind.many => Ok(Set::Unknown),
        Outcome::NotBindable => Err(Error::new(
            "is a message without a text form: name a field of it, like a.b",
        )),
    }
}
