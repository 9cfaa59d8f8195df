//! Takes answers apart, and checks what holds for every answer of a protocol.

use std::collections::BTreeMap;

use ezrpc::google::rpc::Status;
use ezrpc_tests::grpc;
use ezrpc_tests::http::Answer;
use http::HeaderMap;
use prost::Message;
use serde_json::Value;

use super::client::{Encode, Protocol, Shape, Wire, gunzip};

/// What a call came to.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) wire: Wire,
    pub(crate) http_status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) messages: Vec<Vec<u8>>,
    /// How many messages came compressed.
    pub(crate) compressed: usize,
    pub(crate) error: Option<Failed>,
    /// Trailing metadata, wherever it stood.
    pub(crate) trailers: BTreeMap<String, Vec<String>>,
}

/// An error as the caller gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) code: u8,
    pub(crate) message: String,
    /// Type names without a prefix, and values.
    pub(crate) details: Vec<(String, Vec<u8>)>,
}

pub(crate) const CODES: [(&str, u16); 17] = [
    ("ok", 200),
    ("canceled", 499),
    ("unknown", 500),
    ("invalid_argument", 400),
    ("deadline_exceeded", 504),
    ("not_found", 404),
    ("already_exists", 409),
    ("permission_denied", 403),
    ("resource_exhausted", 429),
    ("failed_precondition", 400),
    ("aborted", 409),
    ("out_of_range", 400),
    ("unimplemented", 501),
    ("internal", 500),
    ("unavailable", 503),
    ("data_loss", 500),
    ("unauthenticated", 401),
];

impl Outcome {
    /// Reads an answer.
    ///
    /// # Panics
    /// If it is not as the protocol has it.
    pub(crate) fn read(wire: Wire, shape: Shape, answer: &Answer) -> Self {
        match wire.protocol {
            Protocol::Connect if shape == Shape::Unary => read_bare(wire, answer),
            Protocol::Connect => read_envelopes(wire, shape, answer),
            Protocol::Grpc => read_grpc(wire, shape, answer),
            Protocol::Web | Protocol::WebText => read_web(wire, shape, answer),
        }
    }

    fn new(wire: Wire, answer: &Answer) -> Self {
        Self {
            wire,
            http_status: answer.status,
            headers: answer.headers.clone(),
            messages: Vec::new(),
            compressed: 0,
            error: None,
            trailers: BTreeMap::new(),
        }
    }

    /// The replies of a call that went well.
    pub(crate) fn replies<M: Encode>(&self) -> Vec<M> {
        assert_eq!(self.error, None, "{}", self.wire);
        self.partial()
    }

    /// The replies before whatever end.
    pub(crate) fn partial<M: Encode>(&self) -> Vec<M> {
        let messages = self.messages.iter();
        messages.map(|data| self.wire.decode(data)).collect()
    }

    /// The error of a call that failed.
    pub(crate) fn failed(&self) -> &Failed {
        let error = self.error.as_ref();
        error.unwrap_or_else(|| panic!("{}: no error", self.wire))
    }

    /// The values of a header.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let values = self.headers.get_all(name).iter();
        values.map(|value| value.to_str().expect("text")).collect()
    }

    fn add_trailers(&mut self, trailers: &HeaderMap) {
        for (name, value) in trailers {
            if !name.as_str().starts_with("grpc-") && name != "content-type" {
                let values = self.trailers.entry(name.to_string()).or_default();
                values.push(value.to_str().expect("text").to_owned());
            }
        }
    }

    /// Takes a body apart into frames, up to one with `end` in its flag; returns what that holds.
    fn add_frames(&mut self, mut body: &[u8], end: u8) -> Option<Vec<u8>> {
        while let Some((prefix, rest)) = body.split_first_chunk::<5>() {
            let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
            let (data, rest) = rest.split_at(length);
            match prefix[0] {
                0 => self.messages.push(data.to_vec()),
                1 => {
                    self.compressed += 1;
                    self.messages.push(gunzip(data));
                }
                flag => {
                    assert_eq!(flag, end, "{}: the flag", self.wire);
                    assert!(rest.is_empty(), "{}: bytes after the end", self.wire);
                    return Some(data.to_vec());
                }
            }
            body = rest;
        }
        assert!(body.is_empty(), "{}: a cut frame {body:?}", self.wire);
        None
    }

    /// Reads the status, which stands exactly once.
    fn add_status(&mut self, trailers: &HeaderMap) {
        let wire = self.wire;
        let one = |name: &str| {
            let values: Vec<_> = trailers.get_all(name).iter().collect();
            assert!(values.len() <= 1, "{wire}: {name} is there {values:?}");
            values.first().map(|value| value.to_str().expect("ASCII"))
        };
        let status = one("grpc-status").unwrap_or_else(|| panic!("{wire}: no status {trailers:?}"));
        let code: u8 = status.parse().expect("a number");
        assert!(code <= 16 && status == code.to_string(), "{wire}: {status}");
        let (message, details) = (one("grpc-message"), one("grpc-status-details-bin"));
        if code == 0 {
            assert_eq!((message, details), (None, None), "{wire}");
            return;
        }
        let message = message.unwrap_or_default();
        let plain = |byte: &u8| (b' '..=b'~').contains(byte);
        assert!(message.as_bytes().iter().all(plain), "{wire}: {message}");
        let message = ezrpc::fuzzing::percent_decode(message.as_bytes());
        let mut failed = Failed {
            code,
            message,
            details: Vec::new(),
        };
        if let Some(details) = details {
            // Panics for padding.
            let status = Status::decode(&grpc::base64(details)[..]).expect("google.rpc.Status");
            assert_eq!(status.code, i32::from(code), "{wire}");
            assert_eq!(status.message, failed.message, "{wire}");
            for detail in status.details {
                let name = detail.type_url.rsplit('/').next().unwrap_or_default();
                failed.details.push((name.to_owned(), detail.value));
            }
        }
        self.error = Some(failed);
    }
}

fn no_trailers(wire: Wire, answer: &Answer) {
    assert_eq!(answer.trailers, None, "{wire}: HTTP trailers");
    assert_eq!(answer.value("trailer"), "", "{wire}");
}

fn read_bare(wire: Wire, answer: &Answer) -> Outcome {
    no_trailers(wire, answer);
    let mut outcome = Outcome::new(wire, answer);
    for (name, value) in &answer.headers {
        if let Some(name) = name.as_str().strip_prefix("trailer-") {
            let values = outcome.trailers.entry(name.to_owned()).or_default();
            values.push(value.to_str().expect("text").to_owned());
        }
    }
    let media = answer.value("content-type");
    if answer.status != 200 {
        assert_eq!(media, "application/json", "{wire}: {}", answer.text());
        let failed = connect_error(wire, &answer.body);
        let status = CODES[usize::from(failed.code)].1;
        // What HTTP itself has a status for.
        assert!(
            [status, 405, 415].contains(&answer.status),
            "{wire}: {failed:?} with {}",
            answer.status
        );
        outcome.error = Some(failed);
        return outcome;
    }
    assert_eq!(media, wire.content_type(Shape::Unary), "{wire}");
    outcome
        .messages
        .push(match answer.value("content-encoding") {
            "" => answer.body.to_vec(),
            encoding => {
                assert_eq!((encoding, wire.gzip), ("gzip", true), "{wire}");
                outcome.compressed = 1;
                gunzip(&answer.body)
            }
        });
    outcome
}

fn connect_error(wire: Wire, body: &[u8]) -> Failed {
    let value: Value = serde_json::from_slice(body).expect("JSON");
    // No key is lost in reading: printed again it is as long.
    let printed = value.to_string();
    assert_eq!(printed.len(), body.len(), "{wire}: keys twice, or spaces");
    let error = value.as_object().expect("an object");
    for key in error.keys() {
        assert!(
            ["code", "message", "details"].contains(&&**key),
            "{wire}: {key}"
        );
    }
    assert_ne!(error.get("message"), Some(&Value::from("")), "{wire}");
    let code = CODES.iter().position(|(name, _)| error["code"] == *name);
    let details = error.get("details").map_or(Vec::new(), |details| {
        let details = details.as_array().expect("an array");
        assert!(!details.is_empty(), "{wire}: no details to be left out");
        details.iter().map(|d| connect_detail(wire, d)).collect()
    });
    Failed {
        code: code.expect("a code of Connect") as u8,
        message: error
            .get("message")
            .map_or("", |text| text.as_str().expect("text"))
            .to_owned(),
        details,
    }
}

fn connect_detail(wire: Wire, detail: &Value) -> (String, Vec<u8>) {
    let detail = detail.as_object().expect("an object");
    for key in detail.keys() {
        assert!(
            ["type", "value", "debug"].contains(&&**key),
            "{wire}: {key}"
        );
    }
    let name = detail["type"].as_str().expect("text");
    assert!(!name.contains('/'), "{wire}: {name}");
    // Panics for padding.
    let value = grpc::base64(detail["value"].as_str().expect("text"));
    (name.to_owned(), value)
}

fn read_envelopes(wire: Wire, shape: Shape, answer: &Answer) -> Outcome {
    no_trailers(wire, answer);
    assert_eq!(answer.status, 200, "{wire}: {}", answer.text());
    assert_eq!(answer.value("content-type"), wire.content_type(shape));
    let mut outcome = Outcome::new(wire, answer);
    let end = outcome.add_frames(&answer.body, 2);
    let end = end.unwrap_or_else(|| panic!("{wire}: no end of the stream"));
    check_encoding(&outcome, "connect-content-encoding");
    let value: Value = serde_json::from_slice(&end).expect("JSON");
    for (key, value) in value.as_object().expect("an object") {
        match key.as_str() {
            "error" => {
                outcome.error = Some(connect_error(wire, value.to_string().as_bytes()));
            }
            "metadata" => {
                for (name, values) in value.as_object().expect("an object") {
                    let values = values.as_array().expect("an array").iter();
                    let values = values.map(|value| value.as_str().expect("text").to_owned());
                    outcome.trailers.insert(name.clone(), values.collect());
                }
            }
            _ => panic!("{wire}: {key}"),
        }
    }
    outcome
}

/// Compressed messages come only after a header that says how.
fn check_encoding(outcome: &Outcome, name: &str) {
    let encoding = outcome.header(name);
    if outcome.compressed > 0 {
        assert_eq!(encoding, ["gzip"], "{}", outcome.wire);
    }
    assert!(outcome.wire.gzip || encoding.is_empty(), "{}", outcome.wire);
}

fn read_grpc(wire: Wire, shape: Shape, answer: &Answer) -> Outcome {
    assert_eq!(answer.status, 200, "{wire}: {}", answer.text());
    assert_eq!(answer.value("content-type"), wire.content_type(shape));
    let mut outcome = Outcome::new(wire, answer);
    assert_eq!(outcome.add_frames(&answer.body, 0), None);
    check_encoding(&outcome, "grpc-encoding");
    match &answer.trailers {
        Some(trailers) => {
            assert_eq!(answer.headers.get("grpc-status"), None, "{wire}: twice");
            outcome.add_status(trailers);
            outcome.add_trailers(trailers);
        }
        None => {
            assert!(answer.body.is_empty(), "{wire}: Trailers-Only with a body");
            outcome.add_status(&answer.headers);
            outcome.add_trailers(&answer.headers);
        }
    }
    outcome
}

fn read_web(wire: Wire, shape: Shape, answer: &Answer) -> Outcome {
    no_trailers(wire, answer);
    assert_eq!(answer.status, 200, "{wire}: {}", answer.text());
    assert_eq!(answer.value("content-type"), wire.content_type(shape));
    let mut outcome = Outcome::new(wire, answer);
    let body = match wire.protocol {
        Protocol::WebText => text_body(&answer.body),
        _ => answer.body.to_vec(),
    };
    let Some(block) = outcome.add_frames(&body, 0x80) else {
        assert!(outcome.messages.is_empty(), "{wire}: no trailers");
        outcome.add_status(&answer.headers);
        outcome.add_trailers(&answer.headers);
        return outcome;
    };
    check_encoding(&outcome, "grpc-encoding");
    assert_eq!(answer.headers.get("grpc-status"), None, "{wire}: twice");
    let block = String::from_utf8(block).expect("ASCII");
    let lines = block.strip_suffix("\r\n").expect("CRLF at the end");
    let mut trailers = HeaderMap::new();
    for line in lines.split("\r\n") {
        let (name, value) = line.split_once(": ").expect("name: value");
        assert_eq!(name, name.to_ascii_lowercase(), "{wire}");
        assert!(!name.is_empty() && !name.starts_with([' ', '\t']), "{wire}");
        let name: http::HeaderName = name.parse().expect("a name");
        trailers.append(name, value.parse().expect("a value"));
    }
    outcome.add_status(&trailers);
    outcome.add_trailers(&trailers);
    outcome
}

/// Decodes base64 that is padded within too.
fn text_body(body: &[u8]) -> Vec<u8> {
    assert_eq!(body.len() % 4, 0, "whole groups of four");
    let groups = body.chunks(4).map(|group| {
        let text = std::str::from_utf8(group).expect("ASCII");
        grpc::base64(text.trim_end_matches('='))
    });
    groups.flatten().collect()
}
