//! Errors there and back.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue};

use super::debug::DEBUG_INFO;
use super::details::{CODE_ENTRY, ERROR_INFO, unpack};
use super::*;
use crate::error::Frame;
use crate::google::rpc::ErrorInfo;
use crate::wkt::Any;

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
    // Those that are too long stay behind, and no other.
    assert_eq!(read.fields(), [field("productId", "0=12".to_owned())]);
    assert_eq!(read.frames().len(), 1);
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
}

/// The bytes of the details on the wire.
fn details(error: &Error, trusted: bool) -> String {
    let mut trailers = HeaderMap::new();
    write(error, trusted, &mut trailers);
    let details = trailers.get(GRPC_STATUS_DETAILS);
    let details = details.map(|value| base64::decode(value.as_bytes()).expect("base64"));
    String::from_utf8_lossy(&details.unwrap_or_default()).into_owned()
}

#[test]
fn what_should_be_frames_is_no_detail() {
    for value in [&b"\x0a\x06secret"[..], b"secret\xff"] {
        let detail = Any {
            type_url: format!("type.googleapis.com/{DEBUG_INFO}"),
            value: value.to_vec(),
        };
        let error = Error::bare(Code::Internal, "x").with_detail(detail);
        assert_eq!(details(&error, true), "");
        assert_eq!(details(&error, false), "");
    }
}

#[test]
fn a_cause_beside_a_message_comes_along() {
    let error = Error::internal("cannot save").with_cause("disk sda is gone".repeat(100));
    let back = round_trip(&error, true);
    assert_eq!(back.message(), "cannot save");
    let cause = back.cause().expect("a cause").to_string();
    assert_eq!(cause, "disk sda is gone".repeat(32));
    let again = round_trip(&back, true);
    assert_eq!(again.cause().map(ToString::to_string), Some(cause));
    assert!(!details(&error, false).contains("disk"));
}

#[test]
fn what_is_for_trusted_peers_stays_among_them() {
    let error = Error::unavailable("cannot reach 10.0.0.7").inside();
    let twice = round_trip(&round_trip(&error, true), true);
    assert_eq!(twice.message(), "cannot reach 10.0.0.7");
    assert_eq!(round_trip(&twice, false).message(), "unavailable");
    // The text of an exception, as servers of other makes send it; not that of an error with a code.
    let foreign = |code, message: &'static str| round_trip(&Error::bare(code, message), true);
    let unknown = foreign(Code::Unknown, "pq: no password");
    assert_eq!(
        (unknown.message(), &*unknown.public_message()),
        ("pq: no password", "unknown error")
    );
    assert_eq!(foreign(Code::NotFound, "no").public_message(), "no");
    // A server of ours has added its handler; that of another make may send lines too.
    let mut said = Error::unknown("said so");
    assert_eq!(round_trip(&said, true).public_message(), "unknown error");
    said.push_frame(Frame::handler("shop.Product/Get"));
    assert_eq!(round_trip(&said, true).public_message(), "said so");
}

#[test]
fn frames_left_out_are_counted_over_all_hops() {
    let mut error = Error::bare(Code::Internal, "x".repeat(2000));
    let pass = |error: &mut Error, frames: usize| {
        for i in 0..frames {
            error.push_frame(Frame::remote(format!("svc{i}/Method (src/file{i}.rs:{i})")));
        }
    };
    pass(&mut error, 501);
    let mut all = 501;
    for _ in 0..3 {
        error = round_trip(&error, true);
        let lines = error.frames().iter().map(Frame::to_string);
        let lines: Vec<String> = lines.collect();
        let count = |line: &String| line.strip_prefix("... ")?.split(' ').next()?.parse().ok();
        let left_out: Vec<usize> = lines.iter().filter_map(count).collect();
        assert_eq!(left_out.len(), 1, "{lines:?}");
        assert_eq!(lines.len() - 1 + left_out[0], all);
        pass(&mut error, 5);
        all += 5;
    }
}

#[test]
fn frames_that_find_no_room_are_counted() {
    let mut error = Error::bare(Code::Internal, "x").with_detail(Any {
        type_url: "x/y".into(),
        value: vec![7; 2900],
    });
    for _ in 0..7 {
        error.push_frame(Frame::remote("far away ".repeat(30)));
    }
    let back = round_trip(&error, true);
    let lines: Vec<String> = back.frames().iter().map(Frame::to_string).collect();
    assert_eq!(lines, ["... 7 frames left out ..."]);
    assert_eq!(back.details(), error.details());
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
    // What a cause takes is not all there is.
    let back = round_trip(&error.with_cause("disk ".repeat(1000)), true);
    let cause = back.cause().expect("a cause").to_string();
    assert!((64..513).contains(&cause.len()), "{}", cause.len());
    let lines: Vec<String> = back.frames().iter().map(Frame::to_string).collect();
    assert!(lines.len() > 2, "{lines:?}");
    assert_eq!(lines[0], "svc0/Method (src/file0.rs:0)");
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
