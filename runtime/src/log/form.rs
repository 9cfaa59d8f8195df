//! The two forms of a line.

use std::fmt::Write as _;
use std::time::SystemTime;

use tracing::Level;

use super::lines::{Fields, Value};
use crate::context::is_plain;
use crate::protocol::webapi::write_text;
use crate::wkt::Timestamp;

/// What every line has as JSON, and what stands before the name of a field that is called the same.
const OWN: [&str; 4] = ["timestamp", "level", "target", "message"];
const PREFIX: &str = "field.";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Human,
    Json,
}

/// What a line says.
pub(super) struct Line<'a> {
    pub(super) level: Level,
    pub(super) target: &'a str,
    pub(super) message: String,
    pub(super) fields: Fields,
}

impl Form {
    pub(super) fn line(self, line: &Line<'_>) -> Vec<u8> {
        match self {
            Self::Human => human(line),
            Self::Json => json(line),
        }
    }
}

/// The time, to the millisecond.
fn now() -> Timestamp {
    let mut now = Timestamp::from(SystemTime::now());
    now.nanos -= now.nanos % 1_000_000;
    now
}

fn human(line: &Line<'_>) -> Vec<u8> {
    let mut out = format!("{} {:>5} ", now(), line.level);
    escape(&mut out, &line.message);
    let mut separator = "  ";
    for (name, value) in &line.fields.0 {
        out.push_str(separator);
        separator = " ";
        // Writing to a string does not fail.
        let _ = match value {
            Value::Pairs(text) => write!(out, "{text}"),
            Value::Text(text) if !is_plain(text) => write!(out, "{name}={text:?}"),
            Value::Text(text) | Value::Plain(text) => write!(out, "{name}={text}"),
        };
    }
    out.push('\n');
    out.into_bytes()
}

/// Writes a text so that a line stays one, and a terminal is not told what to do.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c.is_control() || is_unseen(c) {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
}

/// Whether a character moves or hides what stands beside it: direction marks, joiners, separators of lines.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn json(line: &Line<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    let mut text = |name: &str, value: &str| {
        out.extend_from_slice(if out.is_empty() { b"{" } else { b"," });
        write_text(&mut out, name);
        out.push(b':');
        write_text(&mut out, value);
    };
    text("timestamp", &now().to_string());
    text("level", line.level.as_str());
    text("target", line.target);
    text("message", &line.message);
    for (name, value) in &line.fields.0 {
        out.push(b',');
        match OWN.contains(name) {
            true => write_text(&mut out, &format!("{PREFIX}{name}")),
            false => write_text(&mut out, name),
        }
        out.push(b':');
        match value {
            Value::Pairs(text) => object(&mut out, text),
            Value::Text(text) => write_text(&mut out, text),
            Value::Plain(text) => out.extend_from_slice(text.as_bytes()),
        }
    }
    out.extend_from_slice(b"}\n");
    out
}

/// Writes what a handler has set as an object of texts.
fn object(out: &mut Vec<u8>, text: &str) {
    out.push(b'{');
    for (number, (key, value)) in pairs(text).into_iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        write_text(out, key);
        out.push(b':');
        write_text(out, &value);
    }
    out.push(b'}');
}

/// Takes `key=value key="quoted \"value\""` apart.
fn pairs(mut text: &str) -> Vec<(&str, String)> {
    let mut pairs = Vec::new();
    while let Some((key, rest)) = text.split_once('=') {
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let end = rest.find(' ').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        pairs.push((key, value));
        text = rest.trim_start();
    }
    pairs
}

/// Undoes what `{:?}` does to a text, up to its closing quote; returns what follows too.
fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => value.extend(unescape(&mut chars)),
            c => value.push(c),
        }
    }
    (value, chars.as_str())
}

/// The character behind a backslash.
fn unescape(chars: &mut std::str::Chars<'_>) -> Option<char> {
    Some(match chars.next()? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '0' => '\0',
        'u' => {
            let (number, rest) = chars.as_str().strip_prefix('{')?.split_once('}')?;
            *chars = rest.chars();
            char::from_u32(u32::from_str_radix(number, 16).ok()?)?
        }
        c => c,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_apart_as_they_were_put_together() {
        let values = ["", "a", "a b", "=\"\\\n\u{1b}'", "没有", "\u{200b}"];
        let text: Vec<String> = values.iter().map(|value| format!("k={value:?}")).collect();
        let text = text.join(" ");
        let found = pairs(&text).into_iter();
        let found: Vec<String> = found.map(|(_, value)| value).collect();
        assert_eq!(found, values);
        assert_eq!(pairs("a=1 b=2"), [("a", "1".into()), ("b", "2".into())]);
    }
}
