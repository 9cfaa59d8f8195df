//! The details of google.rpc.Status: ErrorInfo, those a service has added, then what is for trusted peers.

use std::collections::BTreeMap;

use prost::Message;

use super::debug;
use crate::base64;
use crate::error::Error;
use crate::google::rpc::{ErrorInfo, Status};
use crate::wkt::Any;

pub(super) const ERROR_INFO: &str = "google.rpc.ErrorInfo";
/// The entry of ErrorInfo's metadata for what no code of gRPC says: the seven digits of a typed error's code, HTTP status and
/// detail, or the three of an HTTP status. Only on the wire, on every protocol; errors do not have it in their metadata.
pub(super) const CODE_ENTRY: &str = "ezrpcCode";

/// Encodes google.rpc.Status in `room` bytes: ErrorInfo first, then typed details, then frames.
pub(super) fn within(error: &Error, text: &str, trusted: bool, room: usize) -> Option<Vec<u8>> {
    let mut status = Status {
        code: i32::from(error.code().number()),
        message: text.to_owned(),
        details: Vec::new(),
    };
    let debug = trusted.then(|| debug::Debug::of(error));
    let reserved = debug.as_ref().map_or(0, debug::Debug::least);
    let rest = room.saturating_sub(reserved);
    // With too much metadata, the reason still gets through.
    let reason = || (!error.reason().is_empty()).then(|| info_with(error, BTreeMap::new()));
    if let Some(info) = error_info(error)
        && !push_within(&mut status, info, rest)
        && let Some(info) = reason()
    {
        push_within(&mut status, info, rest);
    }
    // What is for trusted peers is written here and nowhere else.
    for detail in error
        .details()
        .iter()
        .filter(|detail| !debug::is_debug(detail))
    {
        push_within(&mut status, detail.clone(), rest);
    }
    if let Some(debug) = debug {
        debug.push(&mut status, room);
    }
    (!status.details.is_empty()).then(|| status.encode_to_vec())
}

/// Adds a detail, unless that takes more than `room`.
pub(super) fn push_within(status: &mut Status, detail: Any, room: usize) -> bool {
    status.details.push(detail);
    let fits = status.encoded_len() <= room;
    if !fits {
        status.details.pop();
    }
    fits
}

/// The reason of an error as a detail; `None` if it has no reason.
pub(crate) fn error_info(error: &Error) -> Option<Any> {
    if error.reason().is_empty() && error.metadata().is_empty() {
        return None;
    }
    Some(info_with(error, error.metadata().clone()))
}

fn info_with(error: &Error, mut metadata: BTreeMap<String, String>) -> Any {
    if let Some(code) = code_entry(error) {
        metadata.insert(CODE_ENTRY.to_owned(), code);
    }
    let info = ErrorInfo {
        reason: error.reason().to_owned(),
        domain: error.domain().to_owned(),
        metadata,
    };
    pack(ERROR_INFO, &info)
}

/// What [`CODE_ENTRY`] says of an error with a reason; nothing if all follows from its code.
fn code_entry(error: &Error) -> Option<String> {
    let status = || error.own_http_status().map(u32::from);
    let code = error.number().or_else(status)?;
    (!error.reason().is_empty()).then(|| code.to_string())
}

/// Takes what [`CODE_ENTRY`] says; what is neither code nor status stays metadata, for who may understand it.
fn with_code_entry(error: Error, value: String) -> Error {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse().ok().filter(|_| digits);
    match (value.len(), number) {
        (7, Some(number @ 4_000_000..6_000_000)) => error.with_number(number),
        (3, Some(status @ 400..600)) => error.with_http_status(status as u16),
        _ => error.with_metadata(CODE_ENTRY, value),
    }
}

/// Adds what the details say; those that cannot be read are left out, the error itself stands.
pub(super) fn read(mut error: Error, encoded: &[u8]) -> Error {
    let status = base64::decode(encoded).and_then(|bytes| Status::decode(&bytes[..]).ok());
    for detail in status.map(|status| status.details).unwrap_or_default() {
        // The first one is the error's own; what a service has added to it stays a detail.
        let info = unpack::<ErrorInfo>(ERROR_INFO, &detail).filter(|_| error.reason().is_empty());
        error = match info {
            Some(info) => with_info(error, info),
            None if debug::is_debug(&detail) => debug::read(error, &detail),
            None => error.with_detail(detail),
        };
    }
    error
}

fn with_info(mut error: Error, info: ErrorInfo) -> Error {
    error = error.with_reason(info.domain, info.reason);
    for (key, value) in info.metadata {
        error = match key == CODE_ENTRY {
            true => with_code_entry(error, value),
            false => error.with_metadata(key, value),
        };
    }
    error
}

pub(super) fn pack(name: &str, message: &impl Message) -> Any {
    Any {
        type_url: format!("type.googleapis.com/{name}"),
        value: message.encode_to_vec(),
    }
}

pub(super) fn is_of(name: &str, detail: &Any) -> bool {
    detail.type_url.rsplit('/').next() == Some(name)
}

pub(super) fn unpack<M: Message + Default>(name: &str, detail: &Any) -> Option<M> {
    is_of(name, detail)
        .then(|| M::decode(&detail.value[..]).ok())
        .flatten()
}
