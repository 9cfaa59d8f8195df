//! JSON of pages, a member at a time.

use crate::protocol::webapi::write_text;

/// An object under way.
pub(super) struct Object(Vec<u8>);

impl Object {
    pub(super) fn new() -> Self {
        Self(vec![b'{'])
    }

    pub(super) fn text(self, name: &str, value: &str) -> Self {
        let mut text = Vec::new();
        write_text(&mut text, value);
        self.raw(name, &text)
    }

    /// Adds a text, unless it is empty.
    pub(super) fn text_if_any(self, name: &str, value: &str) -> Self {
        match value {
            "" => self,
            value => self.text(name, value),
        }
    }

    /// Adds what is JSON already.
    pub(super) fn raw(mut self, name: &str, value: &[u8]) -> Self {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        write_text(&mut self.0, name);
        self.0.push(b':');
        self.0.extend_from_slice(value);
        self
    }

    /// Adds `true`, or nothing.
    pub(super) fn flag(self, name: &str, set: bool) -> Self {
        if set { self.raw(name, b"true") } else { self }
    }

    pub(super) fn end(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }
}

/// An array of what is JSON already.
pub(super) fn array(items: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let items: Vec<Vec<u8>> = items.into_iter().collect();
    [b"[", &items.join(&b',')[..], b"]"].concat()
}
