//! Reads JSON from one text, value by value.

mod bind;
mod mask;
mod object;
mod string;
mod values;

use std::collections::BTreeMap;

pub(super) use bind::{Bind, Outcome};
use mask::Recorder;

use super::{DEPTH_LIMIT, Error, Key, Kind, Options, Result, Type, number, types};

/// Reads the fields of messages; generated code calls it with the slot of each field.
#[derive(Debug)]
pub struct Reader<'a> {
    input: &'a str,
    pos: usize,
    /// Where the latest number began, for errors found after it.
    number: usize,
    /// How many more levels may be entered.
    depth: u32,
    /// Whether the next object may have a member `@type`.
    in_any: bool,
    options: &'a Options,
    /// What to do in place of reading a document: to set one field.
    bind: Option<Box<Bind<'a>>>,
    /// Notes which fields are named.
    mask: Option<Box<Recorder>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(options: &'a Options, json: &'a [u8]) -> Result<Self> {
        let input = std::str::from_utf8(json)
            .map_err(|error| Error::at(json, error.valid_up_to(), "the text is not UTF-8"))?;
        Ok(Self {
            input,
            pos: 0,
            number: 0,
            depth: DEPTH_LIMIT + 1,
            in_any: false,
            options,
            bind: None,
            mask: None,
        })
    }

    /// Reads a field without presence: `null` makes it zero or empty.
    ///
    /// # Errors
    /// If the value is not of type `K`; so for all that follow.
    #[inline]
    pub fn implicit<K: Kind>(&mut self, slot: &mut K::Value) -> Result {
        if self.bind.is_some() {
            return K::bind(slot, self);
        }
        if !K::null_is_value() && self.null()? {
            *slot = K::Value::default();
            return Ok(());
        }
        K::read(slot, self).map(|_| ())
    }

    /// Reads a field with presence: `null` clears it.
    ///
    /// # Errors
    /// If the value is not of type `K`.
    #[inline]
    pub fn optional<K: Kind>(&mut self, slot: &mut Option<K::Value>) -> Result {
        if self.bind.is_some() {
            return self.bind_optional::<K>(slot);
        }
        if !K::null_is_value() && self.null()? {
            *slot = None;
            return Ok(());
        }
        // Replaced, not merged into.
        let value = slot.insert(K::Value::default());
        if !K::read(value, self)? {
            *slot = None;
        }
        Ok(())
    }

    /// Reads a proto2 required field: `null` and unknown enum values are errors.
    ///
    /// # Errors
    /// If the value is not of type `K`.
    #[inline]
    pub fn required<K: Kind>(&mut self, slot: &mut K::Value) -> Result {
        if self.bind.is_some() {
            return K::bind(slot, self);
        }
        let start = self.position();
        let mut value = K::Value::default();
        if !K::read(&mut value, self)? {
            // An unknown enum value, dropped: so the field is not set.
            return Err(self.error_at(start, "this required field has no known value"));
        }
        *slot = value;
        Ok(())
    }

    /// Reads a member of a oneof. `null` clears this member, but no other; a second member is an error.
    ///
    /// `held` gives the value of this member, if it is the one that is set.
    ///
    /// # Errors
    /// If the value is not of type `K`.
    #[inline]
    pub fn member<K: Kind, O>(
        &mut self,
        slot: &mut Option<O>,
        held: impl Fn(&mut O) -> Option<&mut K::Value>,
        wrap: impl FnOnce(K::Value) -> O,
    ) -> Result {
        if self.bind.is_some() {
            return self.bind_member::<K, O>(slot, held, wrap);
        }
        let other = slot.as_mut().is_some_and(|set| held(set).is_none());
        if !K::null_is_value() && self.null()? {
            if !other {
                *slot = None;
            }
            return Ok(());
        }
        let start = self.position();
        let mut value = K::Value::default();
        if !K::read(&mut value, self)? {
            return Ok(());
        }
        if other {
            return Err(self.error_at(start, "another member of this oneof is set already"));
        }
        *slot = Some(wrap(value));
        Ok(())
    }

    /// Reads a list, replacing what was there; `null` makes it empty.
    ///
    /// # Errors
    /// If the value is not an array, or an item is not of type `K`.
    pub fn repeated<K: Kind>(&mut self, slot: &mut Vec<K::Value>) -> Result {
        if self.bind.is_some() {
            return self.bind_repeated::<K>(slot);
        }
        self.leave_mask();
        slot.clear();
        if self.null()? {
            return Ok(());
        }
        self.array()?;
        let mut nth = 0;
        while self.next_item(nth == 0)? {
            if nth == 0 {
                slot.reserve(first_capacity::<K::Value>());
            }
            let mut value = K::Value::default();
            match K::read(&mut value, self) {
                Ok(true) => slot.push(value),
                Ok(false) => {}
                Err(error) => return Err(error.in_item(nth)),
            }
            nth += 1;
        }
        Ok(())
    }

    /// Reads a map, replacing what was there; `null` makes it empty.
    ///
    /// # Errors
    /// If the value is not an object, or an entry is not of types `K` and `V`.
    pub fn map<K: Key, V: Kind>(&mut self, slot: &mut BTreeMap<K::Value, V::Value>) -> Result {
        if self.bind.is_some() {
            return self.bind_map::<K, V>(slot);
        }
        self.leave_mask();
        slot.clear();
        if self.null()? {
            return Ok(());
        }
        self.brace()?;
        let mut first = true;
        while self.next_entry(first)? {
            first = false;
            let start = self.pos;
            let key = K::read_key(self)?;
            self.colon()?;
            let mut value = V::Value::default();
            match V::read(&mut value, self) {
                Ok(true) if self.options.reject_duplicate_keys && slot.contains_key(&key) => {
                    return Err(self.error_at(start, "duplicate key").in_entry(&key));
                }
                Ok(true) => _ = slot.insert(key, value),
                Ok(false) => {}
                Err(error) => return Err(error.in_entry(&key)),
            }
        }
        Ok(())
    }

    /// Checks that nothing but white space follows.
    pub(super) fn end(&mut self) -> Result {
        let at = self.position();
        if at == self.input.len() {
            return Ok(());
        }
        Err(self.expected("the end of the text"))
    }

    /// The message type called `name`, for `Any`.
    pub(crate) fn find_type(&self, name: &str) -> Option<Type> {
        types::find(self.options.types.as_ref(), name)
    }

    /// Whether a key may occur once only.
    pub(crate) fn rejects_duplicates(&self) -> bool {
        self.options.reject_duplicate_keys
    }

    #[inline]
    fn bytes(&self) -> &'a [u8] {
        self.input.as_bytes()
    }

    /// The text not yet read.
    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.bytes().get(self.pos..).unwrap_or_default()
    }

    /// The next byte that is not white space, not yet taken.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        match self.bytes().get(self.pos) {
            Some(&byte) if byte > b' ' => Some(byte),
            _ => self.peek_past_space(),
        }
    }

    #[inline(never)]
    fn peek_past_space(&mut self) -> Option<u8> {
        loop {
            match self.bytes().get(self.pos) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.pos += 1,
                byte => return byte.copied(),
            }
        }
    }

    /// Where the next value starts.
    #[inline]
    pub(crate) fn position(&mut self) -> usize {
        self.peek();
        self.pos
    }

    /// Goes back to a position, within the same object.
    pub(crate) fn rewind(&mut self, position: usize) {
        self.pos = position;
    }

    /// Takes `byte` if it comes next.
    #[inline]
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.pos += usize::from(found);
        found
    }

    /// Takes `null` if it comes next.
    #[inline]
    pub(crate) fn null(&mut self) -> Result<bool> {
        if self.peek() != Some(b'n') {
            return Ok(false);
        }
        self.literal("null").map(|()| true)
    }

    fn literal(&mut self, word: &str) -> Result {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(self.expected("a value"));
        }
        self.pos += word.len();
        Ok(())
    }

    /// Takes the `[` of an array.
    #[inline]
    pub(crate) fn array(&mut self) -> Result {
        if self.take(b'[') {
            return Ok(());
        }
        Err(self.expected("an array"))
    }

    /// Takes the `{` of an object.
    #[inline]
    pub(crate) fn brace(&mut self) -> Result {
        if self.take(b'{') {
            return Ok(());
        }
        Err(self.expected("an object"))
    }

    /// Goes to the next item of an array; false, and behind the `]`, if there is none.
    #[inline]
    pub(crate) fn next_item(&mut self, first: bool) -> Result<bool> {
        match self.peek() {
            Some(b',') if !first => {
                self.pos += 1;
                Ok(true)
            }
            Some(b']') => {
                self.pos += 1;
                Ok(false)
            }
            _ if first => Ok(true),
            _ => Err(self.expected("`,` or `]`")),
        }
    }

    /// Goes to the next key of an object; false, and behind the `}`, if there is none.
    #[inline]
    pub(crate) fn next_entry(&mut self, first: bool) -> Result<bool> {
        match self.peek() {
            Some(b',') if !first => self.pos += 1,
            Some(b'}') => {
                self.pos += 1;
                return Ok(false);
            }
            _ if first => {}
            _ => return Err(self.expected("`,` or `}`")),
        }
        self.check_key()?;
        Ok(true)
    }

    /// Checks that a string comes next.
    #[inline]
    pub(crate) fn check_key(&mut self) -> Result {
        if self.peek() == Some(b'"') {
            return Ok(());
        }
        Err(self.expected("a key in double quotes"))
    }

    /// Takes the `:` after a key.
    #[inline]
    pub(crate) fn colon(&mut self) -> Result {
        if self.take(b':') {
            return Ok(());
        }
        Err(self.expected("`:`"))
    }

    /// Counts one level of nesting.
    #[inline]
    pub(crate) fn enter(&mut self) -> Result {
        match self.depth.checked_sub(1) {
            Some(left) => self.depth = left,
            None => return Err(self.too_deep()),
        }
        Ok(())
    }

    /// Counts the level as left.
    #[inline]
    pub(crate) fn leave(&mut self) {
        self.depth += 1;
    }

    #[cold]
    fn too_deep(&self) -> Error {
        let message = format!("the text is nested more than {DEPTH_LIMIT} deep");
        self.error_at(self.pos, message)
    }

    /// An error at a position.
    #[cold]
    pub(crate) fn error_at(&self, position: usize, message: impl Into<String>) -> Error {
        Error::at(self.bytes(), position, message)
    }

    /// The error that something else than `what` comes next.
    #[cold]
    #[inline(never)]
    pub(crate) fn expected(&mut self, what: &str) -> Error {
        let position = self.position();
        self.expected_at(position, what)
    }

    /// The error that something else than `what` stands at a position.
    #[cold]
    #[inline(never)]
    pub(crate) fn expected_at(&self, position: usize, what: &str) -> Error {
        let found = self.describe(position);
        self.error_at(position, format!("expected {what}, found {found}"))
    }

    /// The value at a position, as an error message calls it.
    fn describe(&self, position: usize) -> String {
        const SHOWN: usize = 24;
        let text = self.input.get(position..).unwrap_or_default();
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '+' | '.' | '_');
        let len = match text.chars().next() {
            None => return "the end of the text".into(),
            Some('{') => return "an object".into(),
            Some('[') => return "an array".into(),
            Some('"') => text[1..].find('"').map_or(text.len(), |end| end + 2),
            Some(c) if is_word(c) => text.find(|c| !is_word(c)).unwrap_or(text.len()),
            Some(c) => return format!("`{}`", c.escape_default()),
        };
        let token = &text[..len];
        match token.char_indices().nth(SHOWN) {
            Some((cut, _)) => format!("{}...", &token[..cut]),
            None => token.into(),
        }
    }
}

/// How many items a list has room for at first: 256 bytes' worth, since most lists then never grow.
const fn first_capacity<T>() -> usize {
    match size_of::<T>() {
        0..=16 => 16,
        17..=256 => 256 / size_of::<T>(),
        _ => 1,
    }
}
