//! The matrix of wires, and a raw client that speaks each.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;

use ezrpc::json::{Options, Types};
use ezrpc_tests::grpc::{flagged, frame};
use ezrpc_tests::http::{Answer, Request};
use ezrpc_tests::proto::e2e::conformance::descriptors;
use ezrpc_tests::server::Running;
use prost::Message;

use super::outcome::Outcome;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Connect,
    Grpc,
    Web,
    WebText,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Proto,
    Json,
}

/// One cell of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wire {
    pub(crate) protocol: Protocol,
    pub(crate) codec: Codec,
    pub(crate) gzip: bool,
    pub(crate) http2: bool,
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gzip = if self.gzip { "gzip" } else { "identity" };
        let version = if self.http2 { "h2c" } else { "h1" };
        write!(f, "{:?}/{:?}/{gzip}/{version}", self.protocol, self.codec)
    }
}

/// Every cell: gRPC is for HTTP/2 only.
pub(crate) fn wires() -> Vec<Wire> {
    use Protocol::{Connect, Grpc, Web, WebText};
    let mut wires = Vec::new();
    for protocol in [Connect, Grpc, Web, WebText] {
        for codec in [Codec::Proto, Codec::Json] {
            for gzip in [false, true] {
                for http2 in [false, true] {
                    wires.push(Wire {
                        protocol,
                        codec,
                        gzip,
                        http2,
                    });
                }
            }
        }
    }
    wires.retain(|wire| wire.http2 || wire.protocol != Grpc);
    assert_eq!(wires.len(), 28);
    wires
}

/// Which sides of a method stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Unary,
    Server,
    Client,
    Bidi,
}

impl Shape {
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Unary => "/e2e.conformance.Conformance/Unary",
            Self::Server => "/e2e.conformance.Conformance/ServerStream",
            Self::Client => "/e2e.conformance.Conformance/ClientStream",
            Self::Bidi => "/e2e.conformance.Conformance/BidiStream",
        }
    }
}

pub(crate) fn gzip(data: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::default();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder.write_all(data).expect("a vector takes it");
    encoder.finish().expect("a vector takes it")
}

pub(crate) fn gunzip(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(data);
    decoder.read_to_end(&mut out).expect("gzip");
    out
}

impl Wire {
    /// The media type of requests to methods of this shape.
    pub(crate) fn content_type(&self, shape: Shape) -> &'static str {
        match (self.protocol, shape, self.codec) {
            (Protocol::Connect, Shape::Unary, Codec::Proto) => "application/proto",
            (Protocol::Connect, Shape::Unary, Codec::Json) => "application/json",
            (Protocol::Connect, _, Codec::Proto) => "application/connect+proto",
            (Protocol::Connect, _, Codec::Json) => "application/connect+json",
            (Protocol::Grpc, _, Codec::Proto) => "application/grpc",
            (Protocol::Grpc, _, Codec::Json) => "application/grpc+json",
            (Protocol::Web, _, Codec::Proto) => "application/grpc-web+proto",
            (Protocol::Web, _, Codec::Json) => "application/grpc-web+json",
            (Protocol::WebText, _, Codec::Proto) => "application/grpc-web-text",
            (Protocol::WebText, _, Codec::Json) => "application/grpc-web-text+json",
        }
    }

    /// Whether the body of a request is the message, without a frame.
    pub(crate) fn bare(&self, shape: Shape) -> bool {
        self.protocol == Protocol::Connect && shape == Shape::Unary
    }

    /// The names of the headers that say how a request is compressed, and how the reply may be.
    pub(crate) fn encoding_headers(&self, shape: Shape) -> (&'static str, &'static str) {
        match self.protocol {
            Protocol::Connect if shape == Shape::Unary => ("content-encoding", "accept-encoding"),
            Protocol::Connect => ("connect-content-encoding", "connect-accept-encoding"),
            _ => ("grpc-encoding", "grpc-accept-encoding"),
        }
    }

    /// The header of a time limit.
    pub(crate) fn timeout(&self, milliseconds: u32) -> (&'static str, String) {
        match self.protocol {
            Protocol::Connect => ("connect-timeout-ms", milliseconds.to_string()),
            _ => ("grpc-timeout", format!("{milliseconds}m")),
        }
    }

    /// A request's head.
    pub(crate) fn head(&self, path: &str, shape: Shape) -> Request {
        let mut head = Request::post(path).header("content-type", self.content_type(shape));
        match self.protocol {
            Protocol::Connect => head = head.header("connect-protocol-version", "1"),
            Protocol::Grpc => head = head.header("te", "trailers"),
            Protocol::Web | Protocol::WebText => head = head.header("x-grpc-web", "1"),
        }
        if self.gzip {
            let (sent, accepted) = self.encoding_headers(shape);
            head = head.header(sent, "gzip").header(accepted, "br, gzip");
        }
        head
    }

    /// The body of a request with these messages.
    pub(crate) fn body(&self, shape: Shape, messages: &[Vec<u8>]) -> Vec<u8> {
        let framed = |message: &Vec<u8>| match self.gzip {
            true => flagged(1, &gzip(message)),
            false => frame(message),
        };
        let framed = |messages: &[Vec<u8>]| messages.iter().flat_map(framed).collect::<Vec<u8>>();
        match (self.protocol, messages) {
            (Protocol::Connect, [message]) if shape == Shape::Unary => match self.gzip {
                true => gzip(message),
                false => message.clone(),
            },
            // Each message is padded by itself.
            (Protocol::WebText, messages) => messages
                .iter()
                .flat_map(|message| base64(&framed(std::slice::from_ref(message))))
                .collect(),
            (_, messages) => framed(messages),
        }
    }

    pub(crate) async fn send(&self, addr: SocketAddr, request: Request) -> Answer {
        match self.http2 {
            true => request.http2(addr).await,
            false => request.http1(addr).await,
        }
    }

    /// Calls a method, and checks all of the answer that does not depend on the call.
    pub(crate) async fn call<M: Encode>(
        &self,
        running: &Running,
        shape: Shape,
        messages: &[M],
        headers: &[(&str, String)],
    ) -> Outcome {
        let messages: Vec<Vec<u8>> = messages.iter().map(|m| self.encode(m)).collect();
        let mut request = self.head(shape.path(), shape);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let body = self.body(shape, &messages);
        let answer = self.send(running.addr, request.body(body)).await;
        Outcome::read(*self, shape, &answer)
    }

    pub(crate) fn encode<M: Encode>(&self, message: &M) -> Vec<u8> {
        match self.codec {
            Codec::Proto => message.encode_to_vec(),
            Codec::Json => json().to_vec(message).expect("JSON"),
        }
    }

    pub(crate) fn decode<M: Encode>(&self, data: &[u8]) -> M {
        match self.codec {
            Codec::Proto => M::decode(data).expect("a message"),
            Codec::Json => json().from_slice(data).expect("a message"),
        }
    }
}

/// Messages of both codecs.
pub(crate) trait Encode: Message + ezrpc::json::Message + Default {}

impl<M: Message + ezrpc::json::Message + Default> Encode for M {}

fn json() -> Options {
    Options::new().types(Types::of([descriptors()]))
}

/// Base64 with padding, by the JSON codec.
pub(crate) fn base64(bytes: &[u8]) -> Vec<u8> {
    let text = Options::new().to_vec(&bytes::Bytes::copy_from_slice(bytes));
    let text = text.expect("google.protobuf.BytesValue");
    text[1..text.len() - 1].to_vec()
}
