//! `Content-Disposition`: the field a part is for, and the file it was.

use std::borrow::Cow;

use super::{malformed, params, wrong_charset};
use crate::error::Result;

/// What a `Content-Disposition` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Disposition {
    /// The form field.
    pub(crate) name: Option<String>,
    /// The file's name without folders and control characters; never to be used as a path all the same.
    pub(crate) filename: Option<String>,
    /// The name was sent and is empty: what browsers send for a file input nobody filled.
    pub(crate) unnamed: bool,
}

impl Disposition {
    /// Reads a header value: `form-data; name="a"; filename="b"`, or of a whole body `attachment; filename="b"`.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if it is malformed; with HTTP status 415 for a file name in an unknown charset.
    pub(crate) fn parse(value: &str) -> Result<Self> {
        let (_, parameters) = params::split(value);
        let (mut name, mut plain, mut extended) = (None, None, None);
        for parameter in parameters {
            let Ok((key, value)) = parameter else {
                return Err(malformed("Content-Disposition has a malformed parameter"));
            };
            let slot = match key.to_ascii_lowercase().as_str() {
                "name" => &mut name,
                "filename" => &mut plain,
                "filename*" => &mut extended,
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return Err(malformed(format!("Content-Disposition has two of {key}")));
            }
        }
        let plain = plain.map(|text| unescape(&text));
        let filename = match extended.map(|text| decode_extended(&text)) {
            Some(Ok(text)) => Some(text),
            // What cannot be read does not count if the plain form is there (RFC 6266).
            Some(Err(error)) if plain.is_none() => return Err(error),
            _ => plain,
        };
        Ok(Self {
            name: name.map(|text| unescape(&text)),
            unnamed: filename.as_deref() == Some(""),
            filename: filename.map(|text| sanitise(&text)),
        })
    }
}

/// Undoes what browsers and curl do to names; a `%` otherwise stands for itself.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let escape = rest.get(at..at + 3).unwrap_or("%");
        let (kept, length) = match escape.to_ascii_uppercase().as_str() {
            "%22" => ('"', 3),
            "%0D" => ('\r', 3),
            "%0A" => ('\n', 3),
            _ => ('%', 1),
        };
        out.push(kept);
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    out
}

/// Reads an extended value: `UTF-8''%E8%B0%B7` (RFC 8187).
fn decode_extended(text: &str) -> Result<String> {
    let bad = || malformed("filename* is not like UTF-8''name");
    let mut fields = text.splitn(3, '\'');
    let (Some(charset), Some(_language), Some(value)) =
        (fields.next(), fields.next(), fields.next())
    else {
        return Err(bad());
    };
    let bytes = decode_percent(value).ok_or_else(bad)?;
    if charset.eq_ignore_ascii_case("utf-8") {
        return String::from_utf8(bytes).map_err(|_| bad());
    }
    if charset.eq_ignore_ascii_case("iso-8859-1") {
        return Ok(bytes.into_iter().map(char::from).collect());
    }
    Err(wrong_charset(charset))
}

/// Decodes escapes; `None` if one is malformed.
fn decode_percent(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            // Two hex digits make at most 255.
            b'%' => u8::try_from(digit(rest.next()?)? * 16 + digit(rest.next()?)?).ok()?,
            _ => byte,
        });
    }
    Some(bytes)
}

/// Leaves the last segment of a name, without control characters; nothing of `.` and `..`.
fn sanitise(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: Cow<'_, str> = match last.contains(char::is_control) {
        true => last.chars().filter(|c| !c.is_control()).collect(),
        false => last.into(),
    };
    match kept.trim() {
        "." | ".." => String::new(),
        _ => kept.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filename(value: &str) -> Option<String> {
        Disposition::parse(value).expect(value).filename
    }

    #[test]
    fn names_as_browsers_and_curl_send_them() {
        let parsed = Disposition::parse(r#"form-data; name="a%22b%0d%0A%"; filename="x""#);
        let expected = Disposition {
            name: Some("a\"b\r\n%".into()),
            filename: Some("x".into()),
            unnamed: false,
        };
        assert_eq!(parsed.ok(), Some(expected));
        let curl = r#"form-data; name="a\"b\\c"; filename="100%.txt""#;
        let parsed = Disposition::parse(curl).expect(curl);
        assert_eq!(parsed.name.as_deref(), Some(r#"a"b\c"#));
        assert_eq!(parsed.filename.as_deref(), Some("100%.txt"));
    }

    #[test]
    fn u17_extended_file_names() {
        let rows = [
            ("filename*=UTF-8''%E8%B0%B7.txt", "\u{8c37}.txt"),
            ("filename=x.txt; filename*=utf-8'zh'%e8%b0%b7", "\u{8c37}"),
            ("filename*=utf-8''a%2Fb%00c; filename=x", "bc"),
            ("filename*=iso-8859-1''%e9", "\u{e9}"),
            // Not readable: the plain one counts.
            ("filename=x; filename*=UTF-8''%zz", "x"),
            ("filename=x; filename*=UTF-8''%ff", "x"),
            ("filename=x; filename*=koi8-r''%c1", "x"),
            ("filename=x; filename*=junk", "x"),
        ];
        for (text, expected) in rows {
            let value = format!("form-data; name=f; {text}");
            assert_eq!(filename(&value).as_deref(), Some(expected), "{text}");
        }
        let status = |text: &str| Disposition::parse(text).map_err(|e| e.http_status());
        assert_eq!(status("x; filename*=UTF-8''%zz").err(), Some(400));
        assert_eq!(status("x; filename*=koi8-r''%c1").err(), Some(415));
        assert_eq!(status("x; name=a; name=b").err(), Some(400));
    }

    #[test]
    fn u18_folders_and_controls_are_cut_from_file_names() {
        let rows = [
            ("../../x", "x"),
            (r"C:\\Users\\me\\x.txt", "x.txt"),
            (r"C:\Users\me\x.txt", "x.txt"),
            ("/etc/passwd", "passwd"),
            ("a\u{0}b\u{1f}c\u{7f}", "abc"),
            ("..", ""),
            ("x/..", ""),
            (".", ""),
            ("dir/", ""),
            (".profile", ".profile"),
            ("a%0D%0Ab", "ab"),
            ("\u{8c37}\u{6b4c}.png", "\u{8c37}\u{6b4c}.png"),
        ];
        for (sent, expected) in rows {
            let value = format!("form-data; name=f; filename=\"{sent}\"");
            assert_eq!(filename(&value).as_deref(), Some(expected), "{sent}");
        }
    }

    #[test]
    fn u9_only_an_empty_name_is_an_empty_input() {
        let unnamed = |value: &str| Disposition::parse(value).expect(value).unnamed;
        assert!(unnamed("form-data; name=f; filename=\"\""));
        assert!(!unnamed("form-data; name=f; filename=\"..\""));
        assert!(!unnamed("form-data; name=f"));
    }
}
