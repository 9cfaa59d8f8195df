//! The boundary a `Content-Type` names.

use super::{MAX_BOUNDARY, malformed, params};
use crate::error::Result;

/// Whether a `Content-Type` is that of forms.
pub(crate) fn is_form(content_type: &str) -> bool {
    let (media, _) = params::split(content_type);
    media.eq_ignore_ascii_case("multipart/form-data")
}

/// Reads the boundary of a `Content-Type` of `multipart/form-data`.
///
/// Its characters are any visible ASCII, more than RFC 2046 has: `boundary=*****` is in use.
///
/// # Errors
/// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if there is none, more than one, or one that is not 1 to 70 such characters.
pub(crate) fn boundary(content_type: &str) -> Result<String> {
    let (_, parameters) = params::split(content_type);
    let mut boundary = None;
    for parameter in parameters {
        let Ok((name, value)) = parameter else {
            return Err(malformed("Content-Type has a malformed parameter"));
        };
        if !name.eq_ignore_ascii_case("boundary") {
            continue;
        }
        if boundary.replace(value).is_some() {
            return Err(malformed("Content-Type has two boundaries"));
        }
    }
    let boundary = boundary.ok_or_else(|| {
        malformed("Content-Type has no boundary: let the client set this header by itself")
    })?;
    check(&boundary)?;
    Ok(boundary.into_owned())
}

fn check(boundary: &str) -> Result<()> {
    if boundary.is_empty() || boundary.len() > MAX_BOUNDARY {
        let length = boundary.len();
        return Err(malformed(format!(
            "the boundary has {length} characters, not 1 to {MAX_BOUNDARY}"
        )));
    }
    let visible = boundary.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if !visible || boundary.ends_with(' ') {
        return Err(malformed("the boundary has characters it may not have"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_good_and_bad() {
        let long = |n: usize| format!("multipart/form-data; boundary={}", "b".repeat(n));
        let good = [
            ("multipart/form-data; boundary=x", "x"),
            ("multipart/form-data;Boundary=\"a b\"; x=y", "a b"),
            (
                "multipart/form-data; charset=utf-8; boundary=*****",
                "*****",
            ),
        ];
        for (text, expected) in good {
            assert_eq!(boundary(text).ok().as_deref(), Some(expected), "{text}");
        }
        assert_eq!(boundary(&long(70)).map(|b| b.len()).ok(), Some(70));
        let bad = [
            "multipart/form-data",
            "multipart/form-data; boundary",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\"\"",
            "multipart/form-data; boundary=\"a",
            "multipart/form-data; boundary=\"a \"",
            "multipart/form-data; boundary=a; boundary=a",
            "multipart/form-data; boundary=\u{e9}",
            "multipart/form-data; boundary=\"a\tb\"",
            &long(71),
        ];
        for text in bad {
            let error = boundary(text).expect_err(text);
            assert_eq!(error.http_status(), 400, "{text}");
        }
    }
}
