//! Metadata of calls: text and binary values by lower-case name.

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::base64::{self, Form};
use crate::error::{Error, Result};
use crate::protocol::headers::{is_hidden, is_reserved};

/// Metadata of a call: names are lower-case, a name may have several values, order is kept within a name.
///
/// Names ending in `-bin` carry bytes (base64 on the wire). Names the protocols use for themselves
/// (`grpc-*`, `connect-*`, `te`, connection headers) are neither shown nor accepted; `content-type` is shown to who asks
/// for it by name.
///
/// Over HTTP, `Grpc-Metadata-Foo` is also shown as `foo`, after the values `foo` itself has: a proxy that vouches for
/// a header by taking it out of what callers send has to take out both.
///
/// Source: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>, Custom-Metadata.
#[derive(Debug, Clone, Default)]
pub struct Metadata {
    headers: HeaderMap,
}

impl Metadata {
    /// Makes empty metadata.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn from_headers(headers: HeaderMap) -> Self {
        Self { headers }
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn into_headers(self) -> HeaderMap {
        self.headers
    }

    /// Returns whether there is nothing in it, reserved names not counted.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Returns the first value of `name`, if it is visible ASCII.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_all(name).next()
    }

    /// Returns every value of `name` that is visible ASCII, in order.
    pub fn get_all(&self, name: &str) -> impl Iterator<Item = &str> {
        let visible = !is_hidden(name);
        self.headers
            .get_all(name)
            .into_iter()
            .filter(move |_| visible)
            .filter_map(|value| value.to_str().ok())
    }

    /// Returns the first value of a `-bin` name, decoded; `None` if it is absent or not base64.
    pub fn get_bin(&self, name: &str) -> Option<Vec<u8>> {
        self.get_all_bin(name).into_iter().next()
    }

    /// Returns every value of a `-bin` name, decoded; values joined by commas are split, others than base64 left out.
    pub fn get_all_bin(&self, name: &str) -> Vec<Vec<u8>> {
        self.get_all(name)
            .flat_map(|value| value.split(','))
            .filter_map(|value| base64::decode(value.trim().as_bytes()))
            .collect()
    }

    /// Sets the only value of `name`.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if the name is no header name, reserved or ends in
    /// `-bin`, or the value is not visible ASCII.
    pub fn insert(&mut self, name: &str, value: impl AsRef<str>) -> Result<()> {
        let (name, value) = text_entry(name, value.as_ref())?;
        self.headers.insert(name, value);
        Ok(())
    }

    /// Adds one more value of `name`.
    ///
    /// # Errors
    /// As [`Metadata::insert`].
    pub fn append(&mut self, name: &str, value: impl AsRef<str>) -> Result<()> {
        let (name, value) = text_entry(name, value.as_ref())?;
        self.headers.append(name, value);
        Ok(())
    }

    /// Adds one more value of a `-bin` name.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if the name is no header name or does not end in `-bin`.
    pub fn append_bin(&mut self, name: &str, value: &[u8]) -> Result<()> {
        let name = header_name(name)?;
        if !name.as_str().ends_with("-bin") {
            return Err(Error::invalid_argument(format!(
                "metadata name `{name}` takes text: a name for bytes ends in `-bin`"
            )));
        }
        let text = base64::encode(value, Form::StandardUnpadded);
        let value = HeaderValue::from_str(&text)?;
        self.headers.append(name, value);
        Ok(())
    }

    /// Returns names and values in text, `-bin` values still in base64; reserved names are left out.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .iter()
            .filter(|(name, _)| !is_reserved(name.as_str()))
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
    }
}

fn header_name(name: &str) -> Result<HeaderName> {
    let parsed = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| Error::invalid_argument(format!("`{name}` is not a metadata name")))?;
    if is_reserved(parsed.as_str()) {
        return Err(Error::invalid_argument(format!(
            "metadata name `{name}` is reserved by the protocols"
        )));
    }
    Ok(parsed)
}

fn text_entry(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let name = header_name(name)?;
    if name.as_str().ends_with("-bin") {
        return Err(Error::invalid_argument(format!(
            "metadata name `{name}` takes bytes: use append_bin"
        )));
    }
    match HeaderValue::from_str(value) {
        Ok(parsed) if value.is_ascii() => Ok((name, parsed)),
        _ => Err(Error::invalid_argument(format!(
            "value of metadata `{name}` is not visible ASCII: use a `-bin` name"
        ))),
    }
}
