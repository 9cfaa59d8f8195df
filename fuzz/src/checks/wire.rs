//! What comes over the wire: frames, header values, trailers, whole requests.

use ezrpc::codegen::v1::TowerService;
use ezrpc::fuzzing;
use ezrpc::{Body, Context, Error, Result, Streaming};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Version};
use http_body_util::BodyExt as _;

use crate::proto::fuzz::{Mirror, MirrorServer};
use crate::proto::protobuf_test_messages::proto3::TestAllTypesProto3;

/// Messages do not depend on how the body is cut. The first two bytes say: limit, and length of the pieces.
pub fn grpc_frame(data: &[u8]) {
    let [limit, size, body @ ..] = data else {
        return;
    };
    let limit = usize::from(*limit) * 4;
    let pieces: Vec<&[u8]> = body.chunks(usize::from(*size) + 1).collect();
    let (whole, whole_error) = fuzzing::grpc_frames(&[body], limit);
    let (cut, cut_error) = fuzzing::grpc_frames(&pieces, limit);
    assert_eq!(whole, cut);
    assert_eq!(whole_error.map(|e| e.code()), cut_error.map(|e| e.code()));
    assert!(whole.iter().all(|message| message.len() <= limit));
}

/// Header values are read or refused; what is read is written and read back as the same.
pub fn headers(data: &[u8]) {
    if let Some(timeout) = fuzzing::timeout(data) {
        let back =
            fuzzing::timeout(fuzzing::format_timeout(timeout).as_bytes()).expect("our own form");
        assert!(back <= timeout, "{back:?} is more than {timeout:?}");
    }
    if let Some(bytes) = fuzzing::base64_decode(data) {
        assert_eq!(
            fuzzing::base64_decode(fuzzing::base64_encode(&bytes).as_bytes()),
            Some(bytes)
        );
    }
    assert_eq!(
        fuzzing::base64_decode(fuzzing::base64_encode(data).as_bytes()).as_deref(),
        Some(data)
    );
    let text = fuzzing::percent_decode(data);
    let encoded = fuzzing::percent_encode(&text);
    assert!(encoded.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    assert_eq!(fuzzing::percent_decode(encoded.as_bytes()), text);
    assert!(!fuzzing::content_type(data).is_empty());
    assert!(!fuzzing::encodings(data).is_empty());
    if let Ok(value) = HeaderValue::from_bytes(data) {
        assert_eq!(fuzzing::traceparent(&value).len(), 55);
    }
    // Whatever they say, they are read.
    let _ = fuzzing::head(&fields(data));
}

/// The names in a certificate are text, whatever stands there.
pub fn certificate(data: &[u8]) {
    let (subject, names) = fuzzing::certificate(data);
    // Each part has a key.
    assert!(subject.is_empty() || subject.contains('='));
    assert!(names.iter().map(String::len).sum::<usize>() <= 3 * data.len());
}

/// Trailers give an outcome; an error written by us is read back as the same.
pub fn trailers(data: &[u8]) {
    let Some(Err(error)) = fuzzing::status(&fields(data)) else {
        return;
    };
    let written = fuzzing::write_status(&error, true);
    let size: usize = written
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    assert!(size <= 4096 + 100, "{size} bytes of trailers");
    let Some(Err(back)) = fuzzing::status(&written) else {
        panic!("the error is gone: {error:?}")
    };
    assert_eq!(back.code(), error.code());
    if error.message().len() < 500 {
        assert_eq!(back.message(), error.message());
    }
}

/// Lines of `name: value`; those that cannot stand in a header are left out.
fn fields(data: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n').take(64) {
        let colon = line.iter().position(|byte| *byte == b':');
        let Some((name, value)) = colon.map(|at| (&line[..at], line[at + 1..].trim_ascii())) else {
            continue;
        };
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            headers.append(name, value);
        }
    }
    headers
}

/// Sends back what comes.
struct Echo;

impl Mirror for Echo {
    async fn unary(&self, _: &Context, request: TestAllTypesProto3) -> Result<TestAllTypesProto3> {
        match request.optional_string.as_str() {
            "" => Ok(request),
            text => Err(Error::not_found(text.to_owned())),
        }
    }

    async fn streams(
        &self,
        _: &Context,
        requests: Streaming<TestAllTypesProto3>,
    ) -> Result<Streaming<TestAllTypesProto3>> {
        Ok(requests)
    }
}

/// Any request is answered: over gRPC with a status, over HTTP with a body of JSON unless it went well.
///
/// The input is `METHOD PATH`, lines of `name: value`, an empty line, the body.
pub fn request(data: &[u8]) {
    let Some(at) = data.windows(2).position(|pair| pair == b"\n\n") else {
        return;
    };
    let (head, body) = (&data[..at], &data[at + 2..]);
    let (line, lines) = head.split_at(
        head.iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(head.len()),
    );
    let Some(mut request) = start(line, body) else {
        return;
    };
    *request.headers_mut() = fields(lines);
    let headless = request.method() == Method::HEAD;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let Ok(response) = MirrorServer::new(Echo).call(request).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body");
        let trailers = body.trailers().cloned().unwrap_or_default();
        let body = body.to_bytes();
        let media = head.headers.get("content-type").cloned();
        let is = |prefix: &str| {
            let media = media.as_ref().map_or(&b""[..], HeaderValue::as_bytes);
            media.starts_with(prefix.as_bytes())
        };
        if is("application/grpc-web") || is("application/connect+") {
            // How it ended stands in the body.
            assert!(
                head.status == 200 && (headless || !body.is_empty()),
                "{head:?}"
            );
        } else if is("application/grpc") {
            let said =
                trailers.contains_key("grpc-status") || head.headers.contains_key("grpc-status");
            assert!(said && head.status == 200, "{head:?}");
        } else if !head.status.is_success() && !body.is_empty() {
            let error: serde_json::Value = serde_json::from_slice(&body).expect("an error in JSON");
            assert!(error.get("code").is_some(), "{error}");
        }
    });
}

fn start(line: &[u8], body: &[u8]) -> Option<Request<Body>> {
    let (method, path) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    let request = Request::builder().version(Version::HTTP_2).uri(path);
    request
        .method(Method::from_bytes(method.as_bytes()).ok()?)
        .body(Body::full(body.to_vec()))
        .ok()
}
