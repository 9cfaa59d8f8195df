//! Errors as gRPC trailers and back: `grpc-status`, `grpc-message`, `grpc-status-details-bin`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue};
use prost::Message;

use crate::base64::{self, Form};
use crate::error::{Code, Error, Frame};
use crate::google::rpc::{DebugInfo, ErrorInfo, Status};
use crate::protocol::headers::{GRPC_MESSAGE, GRPC_STATUS, GRPC_STATUS_DETAILS, ZERO};
use crate::protocol::percent;
use crate::wkt::Any;

/// Message and base64 details together: peers reject trailers over 8 to 16 KiB.
const LIMIT: usize = 4096;
/// What a message may take of it, percent-encoded.
const MESSAGE_LIMIT: usize = 1536;

const ERROR_INFO: &str = "google.rpc.ErrorInfo";
const DEBUG_INFO: &str = "google.rpc.DebugInfo";
/// The entry of ErrorInfo's metadata for what no code of gRPC says: the seven digits of a typed error's code, HTTP status and
/// detail, or the three of an HTTP status. Only on the wire, on every protocol; errors do not have it in their metadata.
const CODE_ENTRY: &str = "ezrpcCode";
/// Stands in DebugInfo's detail where the message is what only trusted peers may read, so that they do not pass it on.
const CAUSE_NOTE: &str = "the message is the cause's text";
/// Stands in the detail of a DebugInfo whose entries are fields of contexts: `key=value`.
const FIELDS_NOTE: &str = "fields";
/// What fields leave to the frames, in bytes.
const FRAMES_ROOM: usize = 1024;

/// The trailers of a call that went well.
pub(crate) fn ok() -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(GRPC_STATUS, ZERO);
    trailers
}

/// Writes an error into trailers; frames and the cause's text only to trusted peers.
pub(crate) fn write(error: &Error, trusted: bool, trailers: &mut HeaderMap) {
    trailers.insert(
        GRPC_STATUS,
        HeaderValue::from(u16::from(error.code().number())),
    );
    let text = if trusted {
        error.full_message()
    } else {
        error.public_message()
    };
    let (text, encoded) = percent::encode_within(&text, MESSAGE_LIMIT);
    let room = LIMIT - encoded.len();
    if let Some(value) = header_value(&encoded).filter(|_| !text.is_empty()) {
        trailers.insert(GRPC_MESSAGE, value);
    }
    let details = details_within(error, text, trusted, room);
    if let Some(value) =
        details.and_then(|bytes| header_value(&base64::encode(&bytes, Form::StandardUnpadded)))
    {
        trailers.insert(GRPC_STATUS_DETAILS, value);
    }
}

fn header_value(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}

/// Encodes google.rpc.Status in `room` base64 characters: ErrorInfo first, then typed details, then frames.
fn details_within(error: &Error, text: &str, trusted: bool, room: usize) -> Option<Vec<u8>> {
    // Base64 without padding takes four characters for three bytes.
    let room = room / 4 * 3;
    let mut status = Status {
        code: i32::from(error.code().number()),
        message: text.to_owned(),
        details: Vec::new(),
    };
    let cause = trusted && error.message().is_empty() && error.cause().is_some();
    let note = if cause { CAUSE_NOTE } else { "" };
    // The message leaves room for the note as a detail (a type URL and some bytes more), and so must all else.
    let rest = room - note.len() * 3;
    // With too much metadata, the reason still gets through.
    let reason = || (!error.reason().is_empty()).then(|| info_with(error, BTreeMap::new()));
    if let Some(info) = error_info(error)
        && !push_within(&mut status, info, rest)
        && let Some(info) = reason()
    {
        push_within(&mut status, info, rest);
    }
    for detail in error.details() {
        push_within(&mut status, detail.clone(), rest);
    }
    if trusted && !error.fields().is_empty() {
        push_within(&mut status, fields(error), rest.saturating_sub(FRAMES_ROOM));
    }
    if trusted && (cause || !error.frames().is_empty()) {
        push_debug(&mut status, note, error.frames(), room);
    }
    (!status.details.is_empty()).then(|| status.encode_to_vec())
}

/// The fields of the contexts an error was traced in, as a DebugInfo of their own.
fn fields(error: &Error) -> Any {
    let entry = |(key, value): &(Cow<'static, str>, String)| format!("{key}={value}");
    let debug = DebugInfo {
        stack_entries: error.fields().iter().map(entry).collect(),
        detail: FIELDS_NOTE.to_owned(),
    };
    pack(DEBUG_INFO, &debug)
}

/// Adds a detail, unless that takes more than `room`.
fn push_within(status: &mut Status, detail: Any, room: usize) -> bool {
    status.details.push(detail);
    let fits = status.encoded_len() <= room;
    if !fits {
        status.details.pop();
    }
    fits
}

fn push_debug(status: &mut Status, note: &str, frames: &[Frame], room: usize) {
    // A frame takes at least its own text; the count shrinks until the whole fits.
    let mut keep = frames.len();
    while keep > 0 || !note.is_empty() {
        let debug = DebugInfo {
            stack_entries: elided(frames, keep),
            detail: note.to_owned(),
        };
        status.details.push(pack(DEBUG_INFO, &debug));
        if keep == 0 || status.encoded_len() <= room {
            return;
        }
        status.details.pop();
        keep = if keep > 64 { keep / 2 } else { keep - 1 };
    }
}

/// The frames as text, innermost first, `keep` of them: head and tail, with a line that counts the rest.
fn elided(frames: &[Frame], keep: usize) -> Vec<String> {
    if keep >= frames.len() {
        return frames.iter().map(Frame::to_string).collect();
    }
    if keep == 0 {
        return Vec::new();
    }
    let head = keep.div_ceil(2);
    let tail = frames.len() - (keep - head);
    let mut lines: Vec<String> = frames[..head].iter().map(Frame::to_string).collect();
    lines.push(format!("... {} frames left out ...", tail - head));
    lines.extend(frames[tail..].iter().map(Frame::to_string));
    lines
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

fn pack(name: &str, message: &impl Message) -> Any {
    Any {
        type_url: format!("type.googleapis.com/{name}"),
        value: message.encode_to_vec(),
    }
}

/// Reads the outcome of a call from trailers, or from headers that stand for them; `None` if there is no status.
pub(crate) fn read(trailers: &HeaderMap) -> Option<Result<(), Error>> {
    let status = trailers.get(GRPC_STATUS)?;
    if status.as_bytes() == b"0" {
        return Some(Ok(()));
    }
    let number = status.to_str().ok().and_then(|text| text.parse().ok());
    let code = number.map_or(Some(Code::Unknown), Code::from_number);
    let Some(code) = code else {
        return Some(Ok(()));
    };
    let message = trailers
        .get(GRPC_MESSAGE)
        .map(|value| percent::decode_lossy(value.as_bytes()))
        .unwrap_or_default();
    let error = Error::bare(code, message);
    Some(Err(match trailers.get(GRPC_STATUS_DETAILS) {
        Some(details) => with_details(error, details.as_bytes()),
        None => error,
    }))
}

/// Adds what the details say; those that cannot be read are left out, the error itself stands.
fn with_details(mut error: Error, encoded: &[u8]) -> Error {
    let status = base64::decode(encoded).and_then(|bytes| Status::decode(&bytes[..]).ok());
    for detail in status.map(|status| status.details).unwrap_or_default() {
        // The first one is the error's own; what a service has added to it stays a detail.
        let info = unpack::<ErrorInfo>(ERROR_INFO, &detail).filter(|_| error.reason().is_empty());
        if let Some(info) = info {
            error = error.with_reason(info.domain, info.reason);
            for (key, value) in info.metadata {
                error = match key == CODE_ENTRY {
                    true => with_code_entry(error, value),
                    false => error.with_metadata(key, value),
                };
            }
        } else if let Some(debug) = unpack::<DebugInfo>(DEBUG_INFO, &detail) {
            if debug.detail == FIELDS_NOTE {
                error.push_fields(debug.stack_entries.iter().filter_map(|entry| {
                    let (key, value) = entry.split_once('=')?;
                    Some((Cow::Owned(key.to_owned()), value.to_owned()))
                }));
                continue;
            }
            if debug.detail == CAUSE_NOTE {
                error = error.with_message_as_cause();
            }
            for line in debug.stack_entries {
                error.push_frame(Frame::remote(line));
            }
        } else if !is_of(DEBUG_INFO, &detail) {
            error = error.with_detail(detail);
        }
    }
    error
}

fn is_of(name: &str, detail: &Any) -> bool {
    detail.type_url.rsplit('/').next() == Some(name)
}

fn unpack<M: Message + Default>(name: &str, detail: &Any) -> Option<M> {
    is_of(name, detail)
        .then(|| M::decode(&detail.value[..]).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(error: &Error, trusted: bool) -> Error {
        let mut trailers = HeaderMap::new();
        write(error, trusted, &mut trailers);
        let size: usize = [GRPC_MESSAGE, GRPC_STATUS_DETAILS]
            .iter()
            .filter_map(|name| trailers.get(name))
            .map(HeaderValue::len)
            .sum();
        assert!(size <= LIMIT, "{size} bytes of trailers");
        read(&trailers).expect("a status").expect_err("an error")
    }

    #[test]
    fn fields_stay_within_trust_and_leave_room_for_frames() {
        let field = |key: &str, value: String| (Cow::Owned(key.to_owned()), value);
        let mut error = Error::bare(Code::NotFound, "gone").trace();
        error.push_fields([field("productId", "0=12".to_owned())]);
        error.push_fields([field("productId", "7".to_owned())]);
        let read = round_trip(&error, true);
        assert_eq!(read.fields(), [field("productId", "0=12".to_owned())]);
        assert_eq!(read.frames().len(), 1);
        assert_eq!(round_trip(&error, false).fields(), []);
        error.push_fields([field("long", "x".repeat(4000))]);
        let read = round_trip(&error, true);
        assert_eq!((read.fields().len(), read.frames().len()), (0, 1));
    }

    #[test]
    fn everything_comes_back() {
        let error = Error::bare(Code::NotFound, "没有 100% \n")
            .with_reason("shop", "NO_PRODUCT")
            .with_metadata("id", "7")
            .with_detail(Any {
                type_url: "type.googleapis.com/no.such.Type".into(),
                value: vec![1, 2, 3],
            })
            .trace();
        let back = round_trip(&error, true);
        assert_eq!(back.code(), Code::NotFound);
        assert_eq!(back.message(), "没有 100% \n");
        assert_eq!((back.domain(), back.reason()), ("shop", "NO_PRODUCT"));
        assert_eq!(back.metadata(), error.metadata());
        assert_eq!(back.details(), error.details());
        assert_eq!(back.frames()[0].to_string(), error.frames()[0].to_string());
    }

    #[test]
    fn nothing_internal_passes_the_trust_boundary() {
        let cause = Error::from(std::io::Error::other("db password is hunter2"));
        let back = round_trip(&cause, false);
        assert_eq!(back.message(), "unknown error");
        assert!(back.frames().is_empty() && back.details().is_empty());
    }

    #[test]
    fn nothing_internal_passes_it_by_way_of_a_trusted_peer() {
        let mut cause = Error::from(std::io::Error::other("p%".repeat(4096)));
        for i in 0..500 {
            cause.push_frame(Frame::remote(format!("frame {i}")));
            cause = cause.with_detail(Any {
                type_url: "x/y".into(),
                value: vec![7; 50],
            });
        }
        for cause in [cause, Error::from(std::io::Error::other("db password"))] {
            let once = round_trip(&cause, true);
            assert!(cause.to_string().starts_with(&once.to_string()));
            let twice = round_trip(&once, true);
            assert_eq!(twice.to_string(), once.to_string());
            assert_eq!(round_trip(&twice, false).message(), "unknown error");
        }
        // What should have been frames is no detail for everybody either.
        let torn = Any {
            type_url: format!("type.googleapis.com/{DEBUG_INFO}"),
            value: vec![0xff],
        };
        let error = round_trip(&Error::bare(Code::Internal, "x").with_detail(torn), false);
        assert_eq!(error.details(), []);
    }

    #[test]
    fn huge_errors_are_cut_to_head_and_tail() {
        let mut error = Error::bare(Code::Internal, "x".repeat(100 * 1024)).with_reason("d", "R");
        for i in 0..500 {
            error.push_frame(Frame::remote(format!("svc{i}/Method (src/file{i}.rs:{i})")));
        }
        let back = round_trip(&error, true);
        assert_eq!(back.reason(), "R");
        let lines: Vec<String> = back.frames().iter().map(Frame::to_string).collect();
        assert_eq!(lines[0], "svc0/Method (src/file0.rs:0)");
        assert_eq!(lines[lines.len() - 1], "svc499/Method (src/file499.rs:499)");
        assert!(lines.iter().any(|line| line.contains("frames left out")));
    }

    /// What the one ErrorInfo of an error says on the wire.
    fn on_the_wire(error: &Error) -> ErrorInfo {
        unpack(ERROR_INFO, &error_info(error).expect("a reason")).expect("ErrorInfo")
    }

    fn typed(number: u32) -> Error {
        Error::bare(Code::InvalidArgument, "no")
            .with_reason("shop", "UNPAID")
            .with_metadata("id", "7")
            .with_number(number)
    }

    #[test]
    fn codes_and_statuses_come_along_with_the_reason() {
        let facts = |error: &Error| (error.number(), error.http_status());
        for trusted in [true, false] {
            let back = round_trip(&typed(4_220_001), trusted);
            assert_eq!(facts(&back), (Some(4_220_001), 422));
            assert_eq!(back.metadata(), typed(4_220_001).metadata());
            let back = round_trip(&typed(4_220_001).with_http_status(410), trusted);
            assert_eq!(facts(&back), (None, 410));
        }
        // The status of this hop alone, such as that of a body over the limit, is not passed on.
        let error = Error::bare(Code::ResourceExhausted, "no").with_http_status(413);
        assert_eq!(facts(&round_trip(&error, true)), (None, 429));
        let entry = |error: &Error| on_the_wire(error).metadata.get(CODE_ENTRY).cloned();
        assert_eq!(entry(&typed(4_220_001)).as_deref(), Some("4220001"));
        let by_hand = Error::bare(Code::NotFound, "no").with_reason("shop", "GONE");
        assert_eq!(entry(&by_hand), None);
        assert_eq!(
            entry(&by_hand.with_http_status(410)).as_deref(),
            Some("410")
        );
    }

    #[test]
    fn an_entry_that_is_no_code_is_left_as_it_is() {
        for value in [
            "", "422", "4220001", "+220001", "3990001", "6000001", "600", "٤٢٢", "42200010",
        ] {
            let error = Error::bare(Code::InvalidArgument, "no")
                .with_reason("shop", "NEWER")
                .with_metadata(CODE_ENTRY, value);
            let back = round_trip(&error, true);
            let taken = value.starts_with("422") && value.len() < 8;
            assert_eq!(back.http_status() == 422, taken, "{value:?}");
            assert_eq!(back.metadata().is_empty(), taken, "{value:?}");
            assert_eq!(on_the_wire(&back), on_the_wire(&error), "{value:?}");
        }
    }

    #[test]
    fn another_error_info_is_a_detail() {
        let other = Error::bare(Code::Internal, "x").with_reason("other", "R");
        let detail = error_info(&other.with_http_status(418)).expect("a reason");
        let back = round_trip(&typed(4_220_001).with_detail(detail.clone()), true);
        assert_eq!((back.reason(), back.number()), ("UNPAID", Some(4_220_001)));
        assert_eq!(back.details(), [detail]);
    }

    #[test]
    fn too_much_metadata_leaves_the_reason() {
        let back = round_trip(
            &typed(4_220_001).with_metadata("all", "x".repeat(4096)),
            true,
        );
        assert_eq!((back.domain(), back.reason()), ("shop", "UNPAID"));
        assert_eq!((back.number(), back.http_status()), (Some(4_220_001), 422));
        assert!(back.metadata().is_empty());
    }

    #[test]
    fn bad_trailers_are_not_fatal() {
        let mut trailers = HeaderMap::new();
        trailers.insert(GRPC_STATUS, HeaderValue::from_static("99"));
        trailers.insert(GRPC_MESSAGE, HeaderValue::from_static("a%zz%4"));
        trailers.insert(GRPC_STATUS_DETAILS, HeaderValue::from_static("!!!"));
        let error = read(&trailers).expect("a status").expect_err("an error");
        assert_eq!((error.code(), error.message()), (Code::Unknown, "a%zz%4"));
        assert!(read(&HeaderMap::new()).is_none());
    }
}
