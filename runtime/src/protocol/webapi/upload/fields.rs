//! Parts of a form as fields of a message.

use bytes::Bytes;

use super::super::multipart::{PartHead, check_charset};
use crate::codec::Message;
use crate::codec::json::{self, Options};
use crate::codec::json::{Binder, File, Set, Target, Value};
use crate::error::{Code, Error, Result};
use crate::protocol::webapi::query::Pairs;
use crate::protocol::wire::Wire;

/// A whole part.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) head: PartHead,
    pub(super) data: Bytes,
}

/// The JSON part that is the whole message, where no field has that name.
const REQUEST: &str = "request";
/// The part in which browsers name the charset they used.
const CHARSET: &str = "_charset_";

impl Part {
    /// Whether it means nothing: a file input nobody filled, the charset a browser says it used.
    ///
    /// # Errors
    /// HTTP status 415 for another charset than UTF-8.
    pub(super) fn is_void(&self) -> Result<bool> {
        if self.head.name == CHARSET && !self.head.is_file() {
            check_charset(&String::from_utf8_lossy(&self.data))?;
            return Ok(true);
        }
        Ok(self.head.unnamed && self.data.is_empty())
    }
}

/// A message that is filled from a form.
pub(super) struct Fields<'a, M> {
    pub(super) message: M,
    binder: Binder,
    wire: &'a Wire,
    /// What part names are looked for under, before they are taken as they are: `meta.`, or nothing.
    prefix: &'a str,
}

impl<'a, M: Message> Fields<'a, M> {
    /// Begins an empty message.
    pub(super) fn new(wire: &'a Wire, prefix: &'a str) -> Self {
        Self {
            message: M::default(),
            binder: Binder::default(),
            wire,
            prefix,
        }
    }

    /// Fills the message. The path counts for more than the form, and that for more than the query.
    ///
    /// # Errors
    /// HTTP status 400 for what a field does not take, 415 for text that is not UTF-8.
    pub(super) fn fill(&mut self, parts: Vec<Part>) -> Result<()> {
        if let Some(query) = self.wire.upload.as_ref().and_then(|upload| upload.query()) {
            self.query(query, &parts)?;
        }
        self.path()?;
        for part in parts {
            self.part(part)?;
        }
        // A part that is a whole message may have replaced what the path said of it.
        self.path()
    }

    fn options(&self) -> &'a Options {
        &self.wire.settings.json
    }

    /// Sets what the query has and the form has not.
    fn query(&mut self, query: &str, parts: &[Part]) -> Result<()> {
        let (options, rules) = (self.options(), &self.wire.settings.rules);
        let mut binder = Binder::default();
        for pair in Pairs::new(query) {
            let (key, text) = pair?;
            let sent = parts.iter().any(|part| part.head.name == key);
            if sent || rules.system_params.contains(&key) {
                continue;
            }
            let (path, _) = self.find(&key);
            let set = binder.set(&mut self.message, &path, Value::Text(&text), options);
            if set.map_err(|error| refused(&error))? == Set::Unknown {
                self.unknown("query parameter", &key)?;
            }
        }
        Ok(())
    }

    fn path(&mut self) -> Result<()> {
        let options = self.options();
        for (path, text) in self.wire.binding.iter().flat_map(|binding| &binding.path) {
            let value = Value::Text(text);
            let set = self.binder.fix(&mut self.message, path, value, options);
            set.map_err(|error| refused(&error))?;
        }
        Ok(())
    }

    /// Sets a field from what the framework knows, if there is one of that name that takes it.
    pub(super) fn hint(&mut self, path: &str, value: Value<'_>) {
        let options = self.options();
        // A field of this name and another type is meant for something else.
        let _ = Binder::default().fix(&mut self.message, path, value, options);
    }

    /// Whether anything is to be made of a part, so that its content is to be kept.
    ///
    /// # Errors
    /// HTTP status 400 for a part that no field is for, where unknown names are refused.
    pub(super) fn wants(&mut self, head: &PartHead) -> Result<bool> {
        if matches!(head.name.as_str(), REQUEST | CHARSET) {
            return Ok(true);
        }
        match self.find(&head.name) {
            (_, Ok(Target::Unknown)) => self.unknown("part", &head.name).map(|()| false),
            // What is wrong is said of the whole form.
            _ => Ok(true),
        }
    }

    /// Takes the part that is the whole message out of the others, if there is one.
    pub(super) fn request(&mut self, parts: &mut Vec<Part>) -> Option<Part> {
        let at = parts
            .iter()
            .position(|part| part.head.name == REQUEST && part.head.is_json())?;
        let (_, target) = self.find(REQUEST);
        matches!(target, Ok(Target::Unknown)).then(|| parts.remove(at))
    }

    /// Reads the whole message from JSON; what it does not name stays.
    ///
    /// # Errors
    /// HTTP status 400 if it is not that.
    pub(super) fn merge(&mut self, json: &[u8]) -> Result<()> {
        let read = self.options().read_into(&mut self.message, json);
        read.map_err(|error| refused(&error.in_field(REQUEST)))
    }

    /// Reads a field that is a message from JSON.
    ///
    /// # Errors
    /// As [`merge`](Self::merge).
    pub(super) fn replace(&mut self, field: &str, json: &[u8]) -> Result<()> {
        let options = self.options();
        let set = Binder::default().fix(&mut self.message, field, Value::Json(json), options);
        set.map(drop).map_err(|error| refused(&error))
    }

    /// The field that a part of this name is for.
    fn find(&mut self, name: &str) -> (String, json::Result<Target>) {
        let options = self.options();
        if name.is_empty() {
            return (String::new(), Ok(Target::Unknown));
        }
        let mut under = [self.prefix, name].concat();
        if !self.prefix.is_empty() {
            let target = self.binder.target(&mut self.message, &under, options);
            if matches!(target, Ok(Target::File | Target::Other | Target::Fixed)) {
                return (under, target);
            }
            under = name.to_owned();
        }
        let target = self.binder.target(&mut self.message, &under, options);
        (under, target)
    }

    fn part(&mut self, part: Part) -> Result<()> {
        let Part { head, data } = part;
        let (path, target) = self.find(&head.name);
        let file = |data| {
            Value::File(File {
                filename: head.filename.as_deref().unwrap_or_default(),
                content_type: head.content_type(),
                data,
            })
        };
        let value = match target.map_err(|error| refused(&error))? {
            Target::Fixed => return Ok(()),
            Target::Unknown => return self.unknown("part", &head.name),
            Target::File => file(data),
            Target::Other if head.is_json() => return self.set(&path, Value::Json(&data)),
            Target::Other => {
                head.check_charset()?;
                file(data)
            }
        };
        self.set(&path, value)
    }

    fn set(&mut self, path: &str, value: Value<'_>) -> Result<()> {
        let options = self.options();
        let set = self.binder.set(&mut self.message, path, value, options);
        match set.map_err(|error| refused(&error))? {
            Set::Done | Set::Fixed => Ok(()),
            Set::Unknown => self.unknown("part", path),
        }
    }

    fn unknown(&self, what: &str, name: &str) -> Result<()> {
        match self.options().is_strict() || self.wire.settings.rules.strict_query {
            true => Err(refused(&json::Error::new(format!(
                "unknown {what} {name:?}"
            )))),
            false => Ok(()),
        }
    }
}

fn refused(error: &json::Error) -> Error {
    Error::bare(Code::InvalidArgument, error.to_string())
}
