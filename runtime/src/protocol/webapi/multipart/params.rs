//! Parameters of a header value: `; name=value; name="quoted value"`.

use std::borrow::Cow;

/// The parameters of a header value, in order.
#[derive(Debug, Clone)]
pub(super) struct Params<'a> {
    rest: &'a str,
}

/// A parameter without `=`, or a quoted string without an end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Splits a header value into what stands before the first `;` and its parameters.
pub(super) fn split(value: &str) -> (&str, Params<'_>) {
    let end = value.find(';').unwrap_or(value.len());
    (
        value[..end].trim(),
        Params {
            rest: &value[end..],
        },
    )
}

impl<'a> Iterator for Params<'a> {
    type Item = Result<(&'a str, Cow<'a, str>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        // Empty parameters, as in `form-data; ; name=x;`, mean nothing.
        let rest = self.rest.trim_start_matches([';', ' ', '\t']);
        if rest.is_empty() {
            return None;
        }
        let parameter = parameter(rest);
        self.rest = parameter.as_ref().map_or("", |(_, _, rest)| rest);
        Some(parameter.map(|(name, value, _)| (name, value)))
    }
}

/// Takes one parameter; returns its name, its value, and what follows.
fn parameter(text: &str) -> Result<(&str, Cow<'_, str>, &str), Malformed> {
    let (name, rest) = text.split_once('=').ok_or(Malformed)?;
    if name.contains(';') {
        return Err(Malformed);
    }
    let rest = rest.trim_start();
    let (value, rest) = match rest.strip_prefix('"') {
        Some(quoted) => unquote(quoted)?,
        None => {
            let end = rest.find(';').unwrap_or(rest.len());
            (Cow::Borrowed(rest[..end].trim_end()), &rest[end..])
        }
    };
    let rest = rest.trim_start();
    if !rest.is_empty() && !rest.starts_with(';') {
        return Err(Malformed);
    }
    Ok((name.trim(), value, rest))
}

/// Reads a quoted string after its first quote; returns it and what follows its last.
///
/// A backslash escapes a quote and a backslash only: browsers write those in file names as they are, and old ones
/// send `C:\dir\file`.
fn unquote(text: &str) -> Result<(Cow<'_, str>, &str), Malformed> {
    let mut value = Cow::Borrowed("");
    let mut rest = text;
    loop {
        let at = rest.find(['"', '\\']).ok_or(Malformed)?;
        let (run, special) = rest.split_at(at);
        value += run;
        if let Some(after) = special.strip_prefix('"') {
            return Ok((value, after));
        }
        let escaped = special[1..].starts_with(['"', '\\']);
        let (kept, after) = special[usize::from(escaped)..].split_at(1);
        value += kept;
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(value: &str) -> Result<Vec<(&str, String)>, Malformed> {
        let (_, params) = split(value);
        params
            .map(|item| item.map(|(name, value)| (name, value.into_owned())))
            .collect()
    }

    #[test]
    fn parameters_of_every_spelling() {
        let rows: [(&str, &[(&str, &str)]); 10] = [
            ("form-data", &[]),
            ("form-data; name=a", &[("name", "a")]),
            (
                "form-data;name=\"a\";filename=b",
                &[("name", "a"), ("filename", "b")],
            ),
            ("form-data ; ; name = a ;", &[("name", "a")]),
            ("form-data; name=\"a;b=c\"", &[("name", "a;b=c")]),
            (r#"form-data; name="a\"b\\c""#, &[("name", r#"a"b\c"#)]),
            (
                r#"x; filename="C:\dir\x.txt""#,
                &[("filename", r"C:\dir\x.txt")],
            ),
            ("x; boundary=----=_Part_0", &[("boundary", "----=_Part_0")]),
            ("x; name=\"\"", &[("name", "")]),
            ("x; name=", &[("name", "")]),
        ];
        for (text, expected) in rows {
            let expected = expected.iter().map(|&(n, v)| (n, v.to_owned()));
            assert_eq!(all(text), Ok(expected.collect()), "{text}");
        }
        for text in ["x; name", "x; name=\"a", "x; name=\"a\"b", "x; a; name=b"] {
            assert_eq!(all(text), Err(Malformed), "{text}");
        }
    }
}
