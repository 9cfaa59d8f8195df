//! Text mode: the reader sets one field, named by a path, where it otherwise reads a document.
//!
//! Generated code offers fields by index to a reader and to nobody else, so that this is how single fields are
//! set: [`Reader::bind_message`] takes one element off the path and asks the message to read that field, which
//! comes back here by the methods `bind_*` until the path ends.

use std::{any::Any, borrow::Cow, collections::BTreeMap};

use bytes::Bytes;

use super::{DEPTH_LIMIT, Error, Key, Kind, Reader, Result};
use crate::codec::json::{Field, Message, Options, Value, Writer, bind::Fixed};
use crate::google::api::HttpBody;

/// The longest text shown in an error.
const SHOWN: usize = 64;

/// One field to be set.
#[derive(Debug)]
pub(in crate::codec::json) struct Bind<'a> {
    /// What is left of the path.
    rest: &'a str,
    pub(in crate::codec::json) value: Value<'a>,
    /// The field may be a wrapper, whose one field may be named: generated code has both in an `Option`.
    optional: bool,
    /// The indices of the fields on the way.
    trail: [u16; DEPTH_LIMIT as usize],
    len: usize,
    /// The fields to be left alone.
    fixed: &'a Fixed,
    pub(in crate::codec::json) outcome: Outcome,
    /// Whether the field takes any number of values.
    pub(in crate::codec::json) many: bool,
    /// For [`Value::Zero`]: the JSON of a field that is not set; for [`Value::Encode`]: the encoding.
    pub(in crate::codec::json) zero: Vec<u8>,
    /// For [`Value::Take`].
    pub(in crate::codec::json) taken: Option<HttpBody>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::codec::json) enum Outcome {
    /// There is no such field.
    Unknown,
    /// The field is to be left alone.
    Fixed,
    /// The field has no form of this kind.
    NotBindable,
    /// For [`Value::Probe`]: the field takes files.
    File,
    Set,
}

impl<'a> Bind<'a> {
    pub(in crate::codec::json) fn new(path: &'a str, value: Value<'a>, fixed: &'a Fixed) -> Self {
        Self {
            rest: path,
            value,
            optional: false,
            trail: [0; DEPTH_LIMIT as usize],
            len: 0,
            fixed,
            outcome: Outcome::Unknown,
            many: false,
            zero: Vec::new(),
            taken: None,
        }
    }

    /// The indices of the fields that the path named.
    pub(in crate::codec::json) fn path(&self) -> &'a str {
        self.rest
    }

    /// The indices of the fields that the path named.
    pub(in crate::codec::json) fn trail(&self) -> &[u16] {
        &self.trail[..self.len]
    }

    /// Takes one name off the path: `a` of `a.b`, `a[k]` and `a`. `None` if nothing follows its dot.
    fn element(&mut self) -> Option<&'a str> {
        let end = self.rest.bytes().position(|b| matches!(b, b'.' | b'['));
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = match rest.strip_prefix('.') {
            Some("") => return None,
            Some(rest) => rest,
            None => rest,
        };
        Some(name)
    }
}

impl<'a> Reader<'a> {
    /// A reader that sets one field.
    pub(in crate::codec::json) fn bound(options: &'a Options, bind: Bind<'a>) -> Self {
        Self {
            input: "",
            pos: 0,
            number: 0,
            depth: DEPTH_LIMIT + 1,
            in_any: false,
            options,
            bind: Some(Box::new(bind)),
            mask: None,
        }
    }

    pub(in crate::codec::json) fn into_bind(self) -> Option<Box<Bind<'a>>> {
        self.bind
    }

    /// Sets the message, or the field within it that the path names.
    pub(crate) fn bind_message(&mut self, message: &mut dyn Message) -> Result {
        let fields = message.fields();
        let Some(bind) = &mut self.bind else {
            return Ok(());
        };
        if bind.rest.is_empty() {
            return self.bind_whole(message);
        }
        if fields.is_empty() {
            // A wrapper knows what may follow.
            return message.read_text(self);
        }
        match step(bind, fields)? {
            Some(index) => message.read_field(index, self),
            None => Ok(()),
        }
    }

    fn bind_whole(&mut self, message: &mut dyn Message) -> Result {
        let Some(bind) = &mut self.bind else {
            return Ok(());
        };
        match bind.value.clone() {
            Value::Json(json) => self.plain(json, |r| message.read(r)),
            Value::File(file) => {
                let fields = message.fields();
                let find = |name| fields.iter().position(|field| field.proto_name() == name);
                let (Some(data), Some(content_type)) = (find("data"), find("content_type")) else {
                    return message.read_text(self);
                };
                let size = file.data.len() as u64;
                let (filename, media_type) = (file.filename, file.content_type);
                message.read_field(data, self)?;
                self.read_part(message, Some(content_type), Value::Text(media_type))?;
                self.read_part(message, find("filename"), Value::Text(filename))?;
                self.read_part(message, find("size"), Value::Number(size))
            }
            Value::Zero => {
                bind.zero = write_zero(self.options, |w| message.write(w));
                self.set()
            }
            Value::Probe => {
                let fields = message.fields();
                let has = |name| fields.iter().any(|field| field.proto_name() == name);
                bind.outcome = match has("data") && has("content_type") {
                    true => Outcome::File,
                    false => Outcome::NotBindable,
                };
                Ok(())
            }
            Value::Proto(_) | Value::Take | Value::Encode => self.no_text(),
            Value::Text(_) | Value::Number(_) | Value::Paths(_) => message.read_text(self),
        }
    }

    /// Sets one of the fields of a file.
    fn read_part(
        &mut self,
        message: &mut dyn Message,
        index: Option<usize>,
        value: Value<'a>,
    ) -> Result {
        let (Some(index), Some(bind)) = (index, &mut self.bind) else {
            return Ok(());
        };
        bind.value = value;
        message.read_field(index, self)
    }

    /// Sets a value that is no message.
    pub(crate) fn bind_scalar<K: Kind>(&mut self, slot: &mut K::Value) -> Result {
        if self.bind.as_ref().is_some_and(|bind| bind.optional) {
            self.skip_element("value");
        }
        self.check_end_of_path()?;
        match self.bind.as_ref().map(|bind| &bind.value) {
            Some(&Value::Json(json)) => self.plain(json, |r| K::read(slot, r).map(|_| ())),
            Some(Value::Zero) => {
                *slot = K::Value::default();
                let zero = write_zero(self.options, |w| K::write(slot, w));
                self.set_zero(zero)
            }
            Some(Value::Probe) => match self.bind.as_ref().map(|bind| bind.outcome) {
                Some(Outcome::File) => Ok(()),
                _ => self.no_text(),
            },
            Some(Value::Proto(_) | Value::Take | Value::Encode) => self.no_text(),
            _ => {
                let text = self.value_text()?;
                match K::parse(&text) {
                    Ok(value) => *slot = value,
                    Err(what) => return Err(not(&text, &what)),
                }
                self.set()
            }
        }
    }

    /// Sets a message that has a text form.
    pub(crate) fn bind_text<T>(
        &mut self,
        slot: &mut T,
        what: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result {
        self.check_end_of_path()?;
        if self.probes() {
            return self.no_text();
        }
        let text = self.value_text()?;
        match parse(&text) {
            Some(value) => *slot = value,
            None => return Err(not(&text, what)),
        }
        self.set()
    }

    /// Sets a message whose text form is JSON.
    pub(crate) fn bind_json_text(&mut self, message: &mut dyn Message) -> Result {
        self.check_end_of_path()?;
        match self.bind.as_ref().map(|bind| bind.value.clone()) {
            Some(Value::Text(text)) => self.plain(text.as_bytes(), |r| message.read(r)),
            Some(Value::File(file)) => {
                let options = self.options;
                options.read_into(message, &file.data)?;
                self.set()
            }
            _ => self.no_text(),
        }
    }

    /// The message has no text form.
    pub(crate) fn no_text(&mut self) -> Result {
        if let Some(bind) = &mut self.bind
            && bind.rest.is_empty()
        {
            bind.outcome = Outcome::NotBindable;
        }
        Ok(())
    }

    fn probes(&self) -> bool {
        let value = self.bind.as_ref().map(|bind| &bind.value);
        matches!(value, Some(Value::Probe))
    }

    pub(super) fn bind_optional<K: Kind>(&mut self, slot: &mut Option<K::Value>) -> Result {
        self.may_be_wrapper();
        if let Some(value) = slot {
            return K::bind(value, self);
        }
        let mut value = K::Value::default();
        K::bind(&mut value, self)?;
        if self.is_set() {
            *slot = Some(value);
        }
        Ok(())
    }

    #[inline]
    pub(super) fn bind_member<K: Kind, O>(
        &mut self,
        slot: &mut Option<O>,
        held: impl Fn(&mut O) -> Option<&mut K::Value>,
        wrap: impl FnOnce(K::Value) -> O,
    ) -> Result {
        self.may_be_wrapper();
        if let Some(set) = slot {
            return match held(set) {
                Some(value) => K::bind(value, self),
                None => Err(second_member()),
            };
        }
        let mut value = K::Value::default();
        K::bind(&mut value, self)?;
        if self.is_set() {
            *slot = Some(wrap(value));
        }
        Ok(())
    }

    pub(super) fn bind_repeated<K: Kind>(&mut self, slot: &mut Vec<K::Value>) -> Result {
        if let Some(json) = self.enter_list()? {
            return self.plain(json, |r| r.append::<K>(slot));
        }
        let outcome = self.bind.as_ref().map(|bind| bind.outcome);
        if outcome != Some(Outcome::Unknown) {
            return Ok(());
        }
        let mut value = K::Value::default();
        K::bind(&mut value, self)?;
        if self.is_set() {
            slot.push(value);
        }
        Ok(())
    }

    /// Goes to the items of a list; a whole list of JSON, if that is the value.
    fn enter_list(&mut self) -> Result<Option<&'a [u8]>> {
        let Some(bind) = &mut self.bind else {
            return Ok(None);
        };
        bind.many = true;
        match bind.rest {
            "" | "[]" => bind.rest = "",
            _ => {
                let text = "is a list: give each item as a value of its own, not by the name of a field in it";
                return Err(Error::new(text));
            }
        }
        match bind.value {
            Value::Json(json) if json.trim_ascii_start().starts_with(b"[") => Ok(Some(json)),
            Value::Zero => {
                bind.zero = b"[]".to_vec();
                self.set().map(|()| None)
            }
            // Items have no form of which the list has one too.
            Value::Proto(_) | Value::Take | Value::Encode => self.no_text().map(|()| None),
            _ => Ok(None),
        }
    }

    /// Reads a JSON list to the end of what is there.
    fn append<K: Kind>(&mut self, slot: &mut Vec<K::Value>) -> Result {
        let mut items = Vec::new();
        self.repeated::<K>(&mut items)?;
        slot.append(&mut items);
        Ok(())
    }

    pub(super) fn bind_map<K: Key, V: Kind>(
        &mut self,
        slot: &mut BTreeMap<K::Value, V::Value>,
    ) -> Result {
        let Some(text) = self.enter_map()? else {
            if let Some(Value::Json(json)) = self.bind.as_ref().map(|bind| bind.value.clone()) {
                return self.plain(json, |r| r.map::<K, V>(slot));
            }
            return Ok(());
        };
        let key = K::parse(text).map_err(|what| not(text, &what))?;
        let mut value = V::Value::default();
        V::bind(&mut value, self)?;
        if self.is_set() {
            slot.insert(key, value);
        }
        Ok(())
    }

    /// Goes to one entry of a map: its key, or `None` where the value is the map itself.
    fn enter_map(&mut self) -> Result<Option<&'a str>> {
        let Some(bind) = &mut self.bind else {
            return Ok(None);
        };
        bind.many = true;
        let key = bind.rest.strip_prefix('[');
        match (key.and_then(|key| key.strip_suffix(']')), &bind.value) {
            (Some(key), _) => {
                bind.rest = "";
                Ok(Some(key))
            }
            (None, Value::Json(_)) if bind.rest.is_empty() => Ok(None),
            (None, Value::Probe | Value::Proto(_) | Value::Take | Value::Encode) => {
                self.no_text().map(|()| None)
            }
            (None, Value::Zero) => {
                bind.zero = b"{}".to_vec();
                self.set().map(|()| None)
            }
            _ => Err(Error::new("is a map: name one entry, like name[key]=value")),
        }
    }

    /// Sets a message that is a field.
    pub(crate) fn bind_field<M>(&mut self, slot: &mut M) -> Result
    where
        M: Message + prost::Message + Default + 'static,
    {
        let whole = self.bind.as_mut().filter(|bind| bind.rest.is_empty());
        match whole.map(|bind| (&bind.value, &mut bind.taken, &mut bind.zero)) {
            // A value that is there already makes way for all of the new one.
            Some((Value::Json(_) | Value::File(_), ..)) => *slot = M::default(),
            Some((Value::Proto(data), ..)) => {
                let decoded = M::decode(data.clone());
                *slot = decoded
                    .map_err(|error| Error::new(format!("bad protobuf message: {error}")))?;
                return self.set();
            }
            Some((Value::Take, taken, _)) => {
                let slot: &mut dyn Any = slot;
                *taken = slot.downcast_mut::<HttpBody>().map(std::mem::take);
            }
            Some((Value::Encode, _, out)) => {
                *out = slot.encode_to_vec();
                return self.set();
            }
            _ => {}
        }
        self.bind_message(slot)
    }

    fn may_be_wrapper(&mut self) {
        if let Some(bind) = &mut self.bind {
            bind.optional = true;
        }
    }

    /// Passes over an element of the path that may be left out.
    pub(crate) fn skip_element(&mut self, name: &str) {
        if let Some(bind) = &mut self.bind
            && bind.rest == name
        {
            bind.rest = "";
        }
    }

    /// The bytes for a `bytes` field, if they come as they are.
    pub(crate) fn file_bytes(&mut self) -> Result<Option<Bytes>> {
        self.check_end_of_field()?;
        match self.bind.as_ref().map(|bind| &bind.value) {
            Some(Value::File(file)) => {
                let data = file.data.clone();
                self.set().map(|()| Some(data))
            }
            Some(Value::Probe) => {
                if let Some(bind) = &mut self.bind {
                    bind.outcome = Outcome::File;
                }
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// The text for a `string` field, if it comes as a part, without a copy where it can be.
    pub(crate) fn file_text(&mut self) -> Result<Option<String>> {
        self.check_end_of_field()?;
        let data = match self.bind.as_mut().map(|bind| &mut bind.value) {
            Some(Value::File(file)) => std::mem::take(&mut file.data),
            _ => return Ok(None),
        };
        let text =
            String::from_utf8(data.into()).map_err(|_| Error::new("the text is not UTF-8"))?;
        self.set().map(|()| Some(text))
    }

    /// The paths for a field mask, if they come as a list.
    pub(crate) fn mask_paths(&mut self) -> Result<Option<Vec<String>>> {
        self.check_end_of_path()?;
        match self.bind.as_ref().map(|bind| &bind.value) {
            Some(&Value::Paths(paths)) => self.set().map(|()| Some(paths.to_vec())),
            _ => Ok(None),
        }
    }

    /// The path ends here, or with the one field of a wrapper.
    fn check_end_of_field(&mut self) -> Result {
        if self.bind.as_ref().is_some_and(|bind| bind.optional) {
            self.skip_element("value");
        }
        self.check_end_of_path()
    }

    fn check_end_of_path(&self) -> Result {
        match self.bind.as_ref().map_or("", |bind| bind.rest) {
            "" => Ok(()),
            rest if rest.starts_with('[') => Err(Error::new("is neither a list nor a map")),
            rest => Err(Error::new(format!("has no field {rest}"))),
        }
    }

    /// The value as text.
    fn value_text(&self) -> Result<Cow<'a, str>> {
        match self.bind.as_ref().map(|bind| &bind.value) {
            Some(&Value::Text(text)) => Ok(Cow::Borrowed(text)),
            Some(Value::Number(number)) => Ok(Cow::Owned(number.to_string())),
            Some(Value::File(file)) => match std::str::from_utf8(&file.data) {
                Ok(text) => Ok(Cow::Owned(text.into())),
                Err(_) => Err(Error::new("the text is not UTF-8")),
            },
            _ => Ok(Cow::Borrowed("")),
        }
    }

    /// Reads a JSON document as the value.
    fn plain(&mut self, json: &'a [u8], read: impl FnOnce(&mut Self) -> Result) -> Result {
        let bind = self.bind.take();
        self.input = std::str::from_utf8(json)
            .map_err(|error| Error::at(json, error.valid_up_to(), "the text is not UTF-8"))?;
        self.pos = 0;
        let result = read(self).and_then(|()| self.end());
        self.bind = bind;
        result.and_then(|()| self.set())
    }

    fn set(&mut self) -> Result {
        if let Some(bind) = &mut self.bind {
            bind.outcome = Outcome::Set;
        }
        Ok(())
    }

    fn set_zero(&mut self, zero: Vec<u8>) -> Result {
        if let Some(bind) = &mut self.bind {
            bind.zero = zero;
        }
        self.set()
    }

    fn is_set(&self) -> bool {
        let bind = self.bind.as_ref();
        bind.is_some_and(|bind| bind.outcome == Outcome::Set)
    }
}

/// Takes one element off the path: the field it names, if there is one that may be set.
fn step(bind: &mut Bind<'_>, fields: &[Field]) -> Result<Option<usize>> {
    let Some(name) = bind.element() else {
        return Ok(None);
    };
    let Some(index) = fields.iter().position(|field| field.is_called(name)) else {
        return Ok(None);
    };
    let Some(place) = bind.trail.get_mut(bind.len) else {
        let text = format!("the path is more than {DEPTH_LIMIT} fields deep");
        return Err(Error::new(text));
    };
    // protoc has no messages of more than 65,535 fields.
    *place = u16::try_from(index).unwrap_or(u16::MAX);
    bind.len += 1;
    bind.optional = false;
    if bind.fixed.contains(bind.trail()) {
        bind.outcome = Outcome::Fixed;
        return Ok(None);
    }
    Ok(Some(index))
}

/// The JSON of a value that is not set; an object where it has none.
fn write_zero(options: &Options, write: impl FnOnce(&mut Writer<'_>) -> Result) -> Vec<u8> {
    let mut writer = Writer::new(options, Vec::new());
    match write(&mut writer) {
        Ok(()) => writer.into_inner(),
        Err(_) => b"{}".to_vec(),
    }
}

#[cold]
fn not(text: &str, what: &str) -> Error {
    let shown = match text.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{:?}..", &text[..cut]),
        None => format!("{text:?}"),
    };
    Error::new(format!("{shown} is not {what}"))
}

#[cold]
fn second_member() -> Error {
    Error::new("another member of this oneof is set already")
}
