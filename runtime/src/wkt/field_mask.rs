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

    fn read_text(&mut self, r: &mut Reader<'_>) -> Result {
        if let Some(paths) = r.mask_paths()? {
            // What the caller asked for stands.
            if self.paths.is_empty() {
                self.paths = paths;
            }
            return Ok(());
        }
        let what = "field paths like foo.barBaz,qux or foo.bar_baz,qux";
        r.bind_text(self, what, |text| {
            let paths: Option<_> = match text {
                "" => Some(Vec::new()),
                text => text.split(',').map(any_case).collect(),
            };
            paths.map(|paths| Self { paths })
        })
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

/// A path in camelCase or snake_case as snake_case; `None` if it is neither.
fn any_case(path: &str) -> Option<String> {
    let plain = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '.' | '_');
    if path.is_empty() || !path.chars().all(|c| plain(c) || c.is_ascii_uppercase()) {
        return None;
    }
    let mut out = String::with_capacity(path.len() + 4);
    for char in path.chars() {
        if char.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(char.to_ascii_lowercase());
    }
    Some(out)
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
