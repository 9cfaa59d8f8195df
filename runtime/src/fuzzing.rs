//! Doors to the parsers of foreign bytes, for the targets in `fuzz/`, and to what `benches/` measures alone. No part of the
//! API: feature `fuzzing` only.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

use crate::base64::{self, Form};
use crate::client::Balance;
use crate::client::door::Door;
use crate::codec::json::{
    self,
    bind::{self, Binder, Value},
};
use crate::discovery::Snapshot;
use crate::error::{Code, Error, Result};
use crate::protocol::compression::{self, Encoding};
use crate::protocol::connect::get;
use crate::protocol::content_type::ContentType;
use crate::protocol::grpc::frame::Decoder;
use crate::protocol::grpc::{status, timeout};
use crate::protocol::grpc_web::text;
use crate::protocol::head::Head;
use crate::protocol::headers::TRACEPARENT;
use crate::protocol::webapi::lines::Splitter;
use crate::protocol::webapi::multipart::{self, Event, Parser};
use crate::protocol::webapi::query::Pairs;
use crate::protocol::{percent, trace};
use crate::route::{Decoding, Found, Table};

/// Takes the messages out of a body that comes in `pieces`, up to the first error.
pub fn grpc_frames(pieces: &[&[u8]], limit: usize) -> (Vec<Bytes>, Option<Error>) {
    frames(Decoder::new(limit, Encoding::Identity), pieces)
}

/// The same where messages may be in gzip; in a build without it they may not.
pub fn gzip_frames(pieces: &[&[u8]], limit: usize) -> (Vec<Bytes>, Option<Error>) {
    frames(Decoder::new(limit, gzip()), pieces)
}

/// Decompresses a body in gzip.
///
/// # Errors
/// What a call with this body is refused with.
pub fn gunzip(body: &[u8], limit: usize) -> Result<Bytes> {
    compression::decompress(gzip(), Bytes::copy_from_slice(body), limit)
}

fn gzip() -> Encoding {
    Encoding::parse(b"gzip").unwrap_or_default()
}

fn frames(mut decoder: Decoder, pieces: &[&[u8]]) -> (Vec<Bytes>, Option<Error>) {
    let mut messages = Vec::new();
    for piece in pieces {
        decoder.push(Bytes::copy_from_slice(piece));
        loop {
            match decoder.next() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
}

/// Takes the JSON values out of a body that comes in `pieces`, up to the first error.
pub fn json_values(pieces: &[&[u8]], limit: usize) -> (Vec<Bytes>, Option<Error>) {
    let (mut splitter, mut values) = (Splitter::new(limit), Vec::new());
    for piece in pieces {
        splitter.push(piece);
        loop {
            match splitter.next() {
                Ok(Some(value)) => values.push(value),
                Ok(None) => break,
                Err(error) => return (values, Some(error)),
            }
        }
    }
    match splitter.finish() {
        Ok(last) => values.extend(last),
        Err(error) => return (values, Some(error)),
    }
    (values, None)
}

/// Heads, by `Debug`, and contents of parts.
pub type Parts = Vec<(String, Vec<u8>)>;

/// Takes the parts out of a form that comes in `pieces`: their heads, by `Debug`, and contents, up to the first error.
///
/// # Errors
/// What a request with this content type is refused with.
pub fn multipart(content_type: &str, pieces: &[&[u8]]) -> Result<(Parts, Result<()>)> {
    let mut parser = Parser::new(&multipart::boundary(content_type)?, 100);
    let mut parts = Vec::new();
    let mut take = |parser: &mut Parser| {
        while let Some(event) = parser.next()? {
            match (event, parts.last_mut()) {
                (Event::Part(head), _) => parts.push((format!("{head:?}"), Vec::new())),
                (Event::Data(data), Some((_, content))) => content.extend_from_slice(&data),
                _ => {}
            }
        }
        Ok(())
    };
    let mut outcome = Ok(());
    for piece in pieces {
        parser.push(Bytes::copy_from_slice(piece));
        outcome = outcome.and_then(|()| take(&mut parser));
        if outcome.is_err() {
            return Ok((parts, outcome));
        }
    }
    parser.finish();
    outcome = outcome.and_then(|()| take(&mut parser));
    Ok((parts, outcome))
}

/// Reads a body of `application/grpc-web-text` that comes in `pieces`.
///
/// # Errors
/// What a call with this body is refused with.
pub fn web_text(pieces: &[&[u8]]) -> Result<Vec<u8>> {
    let (mut decoder, mut out) = (text::Decoder::default(), Vec::new());
    for piece in pieces {
        out.extend(decoder.push(piece)?);
    }
    out.extend(decoder.end()?);
    Ok(out)
}

/// Writes such a body, each of `pieces` by itself.
pub fn web_text_of(pieces: &[&[u8]]) -> Vec<u8> {
    let pieces = pieces
        .iter()
        .map(|piece| base64::encode(piece, Form::Standard));
    pieces.collect::<String>().into_bytes()
}

/// Reads the query of a GET of Connect: the message, as it is sent.
///
/// # Errors
/// What a call with this query is refused with.
pub fn connect_get(query: &str) -> Result<Bytes> {
    get::Query::parse(query).map(|query| query.message)
}

/// Reads a `content-encoding` and an `accept-encoding`, shown by their `Debug`.
pub fn encodings(value: &[u8]) -> String {
    format!(
        "{:?} {:?}",
        Encoding::parse(value),
        Encoding::accepted(value)
    )
}

/// Reads a `grpc-timeout`.
pub fn timeout(value: &[u8]) -> Option<Duration> {
    timeout::parse(value)
}

/// Writes a `grpc-timeout`.
pub fn format_timeout(timeout: Duration) -> String {
    timeout::format(timeout)
}

/// Reads a `grpc-message`.
pub fn percent_decode(value: &[u8]) -> String {
    percent::decode_lossy(value)
}

/// Writes a `grpc-message`.
pub fn percent_encode(text: &str) -> String {
    percent::encode_within(text, usize::MAX).1
}

/// Reads base64.
pub fn base64_decode(text: &[u8]) -> Option<Vec<u8>> {
    base64::decode(text)
}

/// Writes base64 as `-bin` metadata has it.
pub fn base64_encode(bytes: &[u8]) -> String {
    base64::encode(bytes, Form::StandardUnpadded)
}

/// Reads a `content-type`, shown by its `Debug`.
pub fn content_type(value: &[u8]) -> String {
    format!("{:?}", ContentType::parse(value))
}

/// Reads a request's headers: the time limit and the hop budget.
///
/// # Errors
/// What a call with these headers is refused with.
pub fn head(headers: &HeaderMap) -> Result<(Option<Duration>, Option<u32>)> {
    let head = Head::read(headers);
    head.check().map(|()| (head.timeout, head.hops))
}

/// Reads the outcome of a call from trailers; `None` if they have no status.
pub fn status(trailers: &HeaderMap) -> Option<Result<()>> {
    status::read(trailers)
}

/// Writes an error into trailers.
pub fn write_status(error: &Error, trusted: bool) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    status::write(error, trusted, &mut trailers);
    trailers
}

/// Writes the `traceparent` of a call made while serving one with `inbound`.
pub fn traceparent(inbound: &HeaderValue) -> HeaderValue {
    let headers = [(TRACEPARENT, inbound.clone())].into_iter().collect();
    trace::Trace::read(&headers).next().traceparent()
}

/// A table of google.api.http bindings, numbered.
#[derive(Debug)]
pub struct Routes<'t>(Table<'t, usize>);

impl<'t> Routes<'t> {
    /// Makes a table of HTTP methods and templates; which of them cannot be in it, and whether that is because of
    /// another.
    pub fn new(bindings: &[(&'t str, &'t str)]) -> (Self, Vec<(usize, bool)>) {
        let (mut table, mut left_out) = (Table::new(), Vec::new());
        for (number, (method, template)) in bindings.iter().enumerate() {
            match table.insert(method, template, number) {
                Ok(None) => {}
                Ok(Some(_)) => left_out.push((number, true)),
                Err(_) => left_out.push((number, false)),
            }
        }
        (Self(table), left_out)
    }

    /// Finds the binding of a request.
    pub fn find(&self, method: &str, path: &str) -> Option<usize> {
        match self.0.find(method, path) {
            Found::Match { value, .. } => Some(*value),
            Found::WrongMethod { .. } | Found::Nothing | Found::BadEscape => None,
        }
    }

    /// Finds what the binding of a request captures; the outer `None` if there is none, the inner if it is refused.
    pub fn captures(&self, method: &str, path: &str) -> Option<Option<Vec<(&'t str, String)>>> {
        match self.0.find(method, path) {
            Found::Match { captures, .. } => Some(captures.decode(Decoding::default()).ok()),
            Found::WrongMethod { .. } | Found::Nothing | Found::BadEscape => None,
        }
    }
}

/// The endpoints of a service as a channel sees them, all as if they were connected to; within a runtime.
#[derive(Debug)]
pub struct Picks(Door);

impl Picks {
    /// Takes the first snapshot.
    pub fn new(snapshot: Snapshot) -> Self {
        Self(Door::new(snapshot))
    }

    /// Takes the next snapshot.
    pub fn apply(&mut self, snapshot: Snapshot) {
        self.0.apply(snapshot);
    }

    /// Returns the time as a pick takes it.
    pub fn now() -> u64 {
        Door::now()
    }

    /// Picks an endpoint at a time, by a key if there is one; returns its address.
    pub fn pick(&self, balance: Balance, key: Option<&str>, now: u64) -> Option<&str> {
        self.0.pick(balance, key, now)
    }
}

/// Reads the names in a certificate: subject, and what it stands for.
pub fn certificate(der: &[u8]) -> (String, Vec<String>) {
    let peer = crate::tls::PeerCertificates::new(std::sync::Arc::from([der.to_vec()]));
    peer.map(|peer| {
        let names = [peer.dns_names(), peer.uris()].concat();
        (peer.subject(), names)
    })
    .unwrap_or_default()
}

/// Reads what Consul answers for the instances of a service.
///
/// # Errors
/// If it is no such answer.
#[cfg(feature = "consul")]
pub fn consul_instances(answer: &[u8]) -> Result<crate::discovery::Snapshot> {
    crate::discovery::read_instances(answer)
}

/// Sets the fields of a message that a query string names.
///
/// # Errors
/// The first pair that cannot be taken.
pub fn bind_query(message: &mut dyn json::Message, query: &str) -> Result<()> {
    let (mut binder, options) = (Binder::default(), json::Options::new());
    for pair in Pairs::new(query) {
        let (key, text) = pair?;
        let set = binder.set(message, &key, Value::Text(&text), &options);
        set.map_err(|error| Error::bare(Code::InvalidArgument, error.to_string()))?;
    }
    Ok(())
}

/// Reads a JSON document and tells the fields that it names, as the mask of a PATCH has them.
///
/// # Errors
/// If the text is not the form of the message.
pub fn named_fields(message: &mut dyn json::Message, text: &[u8]) -> json::Result<Vec<String>> {
    bind::read_recorded(message, text, &json::Options::new())
}
