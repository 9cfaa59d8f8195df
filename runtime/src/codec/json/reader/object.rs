//! The members of a message, found by name.

use super::{Error, Reader, Result};
use crate::codec::json::{Field, field};

/// A message's object while it is read.
#[derive(Debug)]
pub(crate) struct Object {
    /// The field expected next: writers keep the declaration order.
    next: usize,
    /// The bits in which the byte before the next key differs from a comma: it is the `{` at first.
    opening: u8,
    /// How many fields were looked at for keys in another order.
    searched: usize,
    /// The fields by the marks of their names; only once many were looked at.
    index: Option<Box<[(u32, usize)]>>,
    /// Whether this is the content of an `Any`, which has a member `@type`.
    in_any: bool,
    /// Whether that was there.
    typed: bool,
    /// Which fields were named; only if someone will ask.
    seen: Option<Box<Seen>>,
}

/// A set of field indices.
#[derive(Debug, Default)]
struct Seen(Vec<u64>);

impl Seen {
    fn contains(&self, index: usize) -> bool {
        let word = self.0.get(index / 64).copied().unwrap_or_default();
        word >> (index % 64) & 1 == 1
    }

    fn insert(&mut self, index: usize) {
        if self.0.len() <= index / 64 {
            self.0.resize(index / 64 + 1, 0);
        }
        self.0[index / 64] |= 1 << (index % 64);
    }
}

/// The bits in which `{` and `,` differ.
const OPENING: u8 = b'{' ^ b',';

/// How often the fields may be gone through one by one before an index of them pays.
const SEARCHES: usize = 64;

impl Object {
    /// The field called `name`: the one before the latest if the keys come in reverse, or any other.
    fn find(&mut self, fields: &[Field], name: &str) -> Option<usize> {
        let mark = field::mark(name.as_bytes());
        let is_it = |index: &usize| fields[*index].is_marked(name, mark);
        if let Some(index) = self.next.checked_sub(2).filter(is_it) {
            return Some(index);
        }
        if self.searched > SEARCHES * fields.len() {
            return self.find_by_mark(fields, mark).find(is_it);
        }
        let (before, after) = fields.split_at(self.next.min(fields.len()));
        let is_it = |field: &Field| field.is_marked(name, mark);
        let found = match after.iter().position(is_it) {
            Some(nth) => Some(before.len() + nth),
            None => before.iter().position(is_it),
        };
        self.searched += match found {
            Some(index) if index >= before.len() => index - before.len(),
            Some(index) => after.len() + index,
            None => fields.len(),
        };
        found
    }

    /// The fields that have a name with this mark.
    fn find_by_mark(&mut self, fields: &[Field], mark: u32) -> impl Iterator<Item = usize> {
        let index = self.index.get_or_insert_with(|| {
            let of = |(nth, field): (usize, &Field)| field.marks().map(|mark| (mark, nth));
            let mut index: Vec<_> = fields.iter().enumerate().flat_map(of).collect();
            index.sort_unstable();
            index.into()
        });
        let first = index.partition_point(|entry| entry.0 < mark);
        index[first..]
            .iter()
            .take_while(move |entry| entry.0 == mark)
            .map(|entry| entry.1)
    }
}

impl Reader<'_> {
    /// Takes the `{` of a message; `track`: remembers the fields for [`check_required`](Self::check_required).
    #[inline]
    pub(crate) fn object(&mut self, track: bool) -> Result<Object> {
        self.brace()?;
        self.enter()?;
        Ok(Object {
            next: 0,
            opening: OPENING,
            searched: 0,
            index: None,
            in_any: std::mem::take(&mut self.in_any),
            typed: false,
            seen: (track || self.options.reject_duplicate_keys || self.mask.is_some())
                .then(Box::default),
        })
    }

    /// Says that the next object is the content of an `Any`.
    pub(crate) fn enter_any(&mut self) {
        self.in_any = true;
    }

    /// The index of the next field that the object names, `None` behind its `}`; skips unknown members.
    #[inline]
    pub(crate) fn next_field(
        &mut self,
        object: &mut Object,
        fields: &'static [Field],
    ) -> Result<Option<usize>> {
        // The common case in one comparison: `,"name":` of the field after the latest.
        if let Some(field) = fields.get(object.next)
            && object.seen.is_none()
            && let Some(len) = self.is_next(field, object.opening)
        {
            self.pos += len;
            object.opening = 0;
            object.next += 1;
            return Ok(Some(object.next - 1));
        }
        self.find_field(object, fields)
    }

    /// Whether the key of `field` comes next, after a comma or the `{`; how many bytes are left of it.
    #[inline]
    fn is_next(&self, field: &Field, opening: u8) -> Option<usize> {
        let back = usize::from(opening != 0);
        let text = self.bytes().get(self.pos.wrapping_sub(back)..)?;
        if !field.starts(text.first_chunk()?, opening.into()) {
            return None;
        }
        let len = field.key()?.len();
        if len > 16 && text.get(16..len) != field.key()?.get(16..) {
            return None;
        }
        Some(len - back)
    }

    #[inline(never)]
    fn find_field(
        &mut self,
        object: &mut Object,
        fields: &'static [Field],
    ) -> Result<Option<usize>> {
        while self.next_entry(object.opening != 0)? {
            object.opening = 0;
            let start = self.pos;
            if let Some(key) = fields.get(object.next).and_then(Field::key)
                && self.rest().starts_with(&key[1..])
            {
                self.pos += key.len() - 1;
                self.note(fields[object.next].proto_name());
                return self.found(object, object.next, start);
            }
            let key = self.string()?;
            self.colon()?;
            if let Some(index) = object.find(fields, &key) {
                self.note(fields[index].proto_name());
                return self.found(object, index, start);
            }
            if object.in_any && key == "@type" {
                if std::mem::replace(&mut object.typed, true) && self.options.reject_duplicate_keys
                {
                    return Err(self.error_at(start, "duplicate key"));
                }
                self.skip()?;
            } else {
                self.unknown_field(start, &key)?;
            }
        }
        self.leave();
        Ok(None)
    }

    /// Skips the value of a member that no field is called after, or refuses it.
    pub(crate) fn unknown_field(&mut self, position: usize, key: &str) -> Result {
        if self.options.strict {
            return Err(self.error_at(position, format!("unknown field {key:?}")));
        }
        self.skip()
    }

    /// Notes that the key at `start` names the field at `index`.
    fn found(&self, object: &mut Object, index: usize, start: usize) -> Result<Option<usize>> {
        object.next = index + 1;
        if let Some(seen) = &mut object.seen {
            if self.options.reject_duplicate_keys && seen.contains(index) {
                return Err(self.error_at(start, "duplicate key"));
            }
            seen.insert(index);
        }
        Ok(Some(index))
    }

    /// Checks, behind the object, that it named all `required` fields.
    #[inline]
    pub(crate) fn check_required(
        &self,
        object: &Object,
        fields: &'static [Field],
        required: &'static [usize],
    ) -> Result {
        match &object.seen {
            Some(seen) if !required.is_empty() => self.check_seen(seen, fields, required),
            _ => Ok(()),
        }
    }

    fn check_seen(
        &self,
        seen: &Seen,
        fields: &'static [Field],
        required: &'static [usize],
    ) -> Result {
        match required.iter().find(|&&index| !seen.contains(index)) {
            Some(&index) => Err(self.missing(fields[index].json_name())),
            None => Ok(()),
        }
    }

    #[cold]
    fn missing(&self, name: &str) -> Error {
        // `pos` is behind the `}`.
        self.error_at(self.pos.saturating_sub(1), "this required field is missing")
            .in_field(name)
    }
}
