//! `google.protobuf.FieldMask`: one string of camelCase paths.

use prost_types::FieldMask;

use crate::codec::json::{Error, Message, Reader, Result, Writer, no_fields};

impl Message for FieldMask {
    no_fields!();

    fn write(&self, w: &mut Writer<'_>) -> Result {
        let mut text = String::new();
        for (nth, path) in self.paths.iter().enumerate() {
            if nth != 0 {
                text.push(',');
            }
            if !push_camel(&mut text, path) {
                return Err(Error::new(format!(
                    "field mask path {path:?} has no JSON form"
                )));
            }
        }
        w.string(&text);
        Ok(())
    }

    fn read(&mut self, r: &mut Reader<'_>) -> Result {
        let start = r.position();
        let text = r.string()?;
        let paths: Option<_> = match &*text {
            "" => Some(Vec::new()),
            text => text.split(',').map(snake).collect(),
        };
        match paths {
            Some(paths) => self.paths = paths,
            None => return Err(r.expected_at(start, "field paths like \"foo.barBaz,qux\"")),
        }
        Ok(())
    }
}

/// Appends a path with each `_x` as `X`; false if that could not be read back.
fn push_camel(out: &mut String, path: &str) -> bool {
    let mut upper = false;
    for char in path.chars() {
        match char {
            '_' if upper => return false,
            '_' => upper = true,
            'a'..='z' if upper => {
                out.push(char.to_ascii_uppercase());
                upper = false;
            }
            'a'..='z' | '0'..='9' | '.' if !upper => out.push(char),
            // `_3` would come back as `3`, `B` as `_b`, a comma as two paths, anything else not at all.
            _ => return false,
        }
    }
    !upper && !path.is_empty()
}

/// A path with each `X` as `_x`; `None` if it is not camelCase.
fn snake(path: &str) -> Option<String> {
    let mut out = String::with_capacity(path.len() + 4);
    for char in path.chars() {
        match char {
            'A'..='Z' => {
                out.push('_');
                out.push(char.to_ascii_lowercase());
            }
            'a'..='z' | '0'..='9' | '.' => out.push(char),
            _ => return None,
        }
    }
    (!path.is_empty()).then_some(out)
}
