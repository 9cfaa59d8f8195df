//! The header block of one part.

use super::{
    Disposition, MAX_HEADER_BYTES, MAX_HEADER_LINES, malformed, params, too_much, wrong_charset,
};
use crate::error::Result;

/// What the headers of a part say. `Content-Transfer-Encoding` means nothing in forms (RFC 7578).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PartHead {
    /// The form field.
    pub(crate) name: String,
    /// What the file was called, made safe; there is one exactly if the part is a file.
    pub(crate) filename: Option<String>,
    /// The file name was sent empty: without content it is a file input nobody filled.
    pub(crate) unnamed: bool,
    /// The media type as sent; empty if none was.
    content_type: String,
}

impl PartHead {
    /// Makes the head of a file that is no part of a form.
    pub(crate) fn file(filename: String, content_type: String) -> Self {
        Self {
            name: String::new(),
            filename: Some(filename),
            unnamed: false,
            content_type,
        }
    }

    /// Returns whether the part is a file rather than a field.
    pub(crate) fn is_file(&self) -> bool {
        self.filename.is_some()
    }

    /// Returns the media type, which is by default that of text for fields and of bytes for files.
    pub(crate) fn content_type(&self) -> &str {
        match (self.content_type.as_str(), self.is_file()) {
            ("", true) => "application/octet-stream",
            ("", false) => "text/plain",
            (sent, _) => sent,
        }
    }

    /// Returns whether the content is JSON.
    pub(crate) fn is_json(&self) -> bool {
        let (media, _) = params::split(&self.content_type);
        media.eq_ignore_ascii_case("application/json")
    }

    /// Checks that text in the part is UTF-8, or ASCII, which is the same.
    ///
    /// # Errors
    /// HTTP status 415 for another charset.
    pub(crate) fn check_charset(&self) -> Result<()> {
        let (_, parameters) = params::split(&self.content_type);
        for (name, value) in parameters.flatten() {
            if name.eq_ignore_ascii_case("charset") {
                check_charset(&value)?;
            }
        }
        Ok(())
    }

    /// Reads whole lines, folded ones included.
    fn parse(block: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(block)
            .map_err(|_| malformed("the headers of a part are not UTF-8"))?;
        let mut lines = text.lines().peekable();
        let (mut disposition, mut content_type) = (None, None);
        while let Some(first) = lines.next() {
            let mut line = std::borrow::Cow::Borrowed(first);
            while let Some(more) = lines.next_if(|more| more.starts_with([' ', '\t'])) {
                line += more;
            }
            let (name, value) = line
                .split_once(':')
                .filter(|(name, _)| is_token(name))
                .ok_or_else(|| malformed("a header line of a part is not like name: value"))?;
            let repeated = match name.to_ascii_lowercase().as_str() {
                "content-disposition" => disposition.replace(Disposition::parse(value)?).is_some(),
                "content-type" => content_type.replace(value.trim().to_owned()).is_some(),
                _ => false,
            };
            if repeated {
                return Err(malformed(format!("a part has two of {name}")));
            }
        }
        let disposition = disposition.unwrap_or_default();
        let name = disposition.name.ok_or_else(|| {
            malformed("a part has no name: it needs Content-Disposition: form-data; name=\"..\"")
        })?;
        Ok(Self {
            name,
            filename: disposition.filename,
            unnamed: disposition.unnamed,
            content_type: content_type.unwrap_or_default(),
        })
    }
}

/// Checks the name of a charset.
///
/// # Errors
/// HTTP status 415 for anything but UTF-8 and its subset ASCII.
pub(crate) fn check_charset(charset: &str) -> Result<()> {
    match charset.trim().to_ascii_lowercase().as_str() {
        "" | "utf-8" | "utf8" | "us-ascii" => Ok(()),
        _ => Err(wrong_charset(charset)),
    }
}

fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| matches!(byte, b'!'..=b'~'))
}

/// Collects the lines of a header block.
#[derive(Debug, Default)]
pub(super) struct HeadReader {
    block: Vec<u8>,
    lines: usize,
    /// Where the line under way begins.
    line: usize,
}

impl HeadReader {
    /// Takes bytes up to the end of the next line or of `data`; returns how many.
    ///
    /// # Errors
    /// HTTP status 413 over a bound.
    pub(super) fn take(&mut self, data: &[u8]) -> Result<usize> {
        let end = data.iter().position(|&byte| byte == b'\n');
        let taken = end.map_or(data.len(), |at| at + 1);
        if self.block.len() + taken > MAX_HEADER_BYTES {
            return Err(too_much(format!(
                "the headers of a part are over {MAX_HEADER_BYTES} bytes"
            )));
        }
        self.block.extend_from_slice(&data[..taken]);
        Ok(taken)
    }

    /// Ends the line under way if it is complete; returns the head if that was the empty line after it.
    ///
    /// # Errors
    /// HTTP status 413 over a bound, 400 for headers that cannot be read.
    pub(super) fn line(&mut self) -> Result<Option<PartHead>> {
        let head = match &self.block[self.line..] {
            b"\n" | b"\r\n" => PartHead::parse(&self.block[..self.line])?,
            [.., b'\n'] => {
                self.lines += 1;
                if self.lines > MAX_HEADER_LINES {
                    let message = format!("a part has more than {MAX_HEADER_LINES} header lines");
                    return Err(too_much(message));
                }
                self.line = self.block.len();
                return Ok(None);
            }
            _ => return Ok(None),
        };
        self.block.clear();
        (self.line, self.lines) = (0, 0);
        Ok(Some(head))
    }
}
