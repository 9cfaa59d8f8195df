//! Servers that misbehave, or behave otherwise, on a bare HTTP/2 connection.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::server::SendResponse;
use http::{HeaderMap, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::fixture::*;
use crate::client::Channel;
use crate::context::Context;
use crate::error::Code;
use crate::server::{Standalone, serve};

/// Serves a good connection to its end.
pub(super) async fn serve_connection(stream: TcpStream, echo: Arc<Echo>) {
    let standalone = Standalone::new();
    let handler = hyper::service::service_fn(move |request| serve(&standalone, &echo, request));
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    // How it ends is the test's business.
    let _ = connection
        .serve_connection(TokioIo::new(stream), handler)
        .await;
}

type Connection = h2::server::Connection<TcpStream, Bytes>;

async fn accept(stream: TcpStream) -> (Connection, SendResponse<Bytes>) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    let (_request, respond) = connection.accept().await.unwrap().unwrap();
    (connection, respond)
}

/// Resets the first request as not processed, then closes.
pub(super) async fn refuse_stream(stream: TcpStream) {
    let (mut connection, mut respond) = accept(stream).await;
    respond.send_reset(h2::Reason::REFUSED_STREAM);
    connection.graceful_shutdown();
    while connection.accept().await.is_some() {}
}

/// Says before the first request that it takes none.
pub(super) async fn go_away(stream: TcpStream) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = stream;
    // SETTINGS, then GOAWAY with last stream 0 and NO_ERROR.
    stream
        .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])
        .await
        .unwrap();
    let go_away = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    stream.write_all(&go_away).await.unwrap();
    // Until the client has closed, so that it sees the frame, not a reset.
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

/// Takes a request and breaks the connection; returns how many it took.
pub(super) async fn break_off(stream: TcpStream) -> usize {
    drop(accept(stream).await);
    1
}

/// Takes a request, begins the reply, and breaks the connection.
pub(super) async fn break_off_late(stream: TcpStream) {
    let (mut connection, mut respond) = accept(stream).await;
    let head = Response::builder().header("content-type", "application/grpc");
    let _body = respond.send_response(head.body(()).unwrap(), false);
    // Sends it.
    let _ = timeout(Duration::from_millis(50), connection.accept()).await;
}

/// What a server sends back: headers, pieces of body, trailers.
struct Script {
    response: http::response::Builder,
    body: Vec<&'static [u8]>,
    trailers: Option<&'static [(&'static str, &'static str)]>,
    reset: Option<h2::Reason>,
}

impl Script {
    fn grpc() -> Self {
        Self::new(200, "application/grpc+proto")
    }

    fn new(status: u16, content_type: &str) -> Self {
        let response = Response::builder().status(status);
        Self {
            response: response.header("content-type", content_type),
            body: Vec::new(),
            trailers: None,
            reset: None,
        }
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.response = self.response.header(name, value);
        self
    }

    fn body(mut self, pieces: &[&'static [u8]]) -> Self {
        self.body = pieces.to_vec();
        self
    }

    fn trailers(mut self, trailers: &'static [(&'static str, &'static str)]) -> Self {
        self.trailers = Some(trailers);
        self
    }

    fn reset(mut self, reason: h2::Reason) -> Self {
        self.reset = Some(reason);
        self
    }

    /// Plays it to one unary call and returns what the call made of it.
    async fn unary(self) -> Result<Text, (Code, String)> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let channel = Channel::to(listener.local_addr().unwrap());
        let playing = async {
            let (mut connection, respond) = accept(listener.accept().await.unwrap().0).await;
            self.play(respond);
            while connection.accept().await.is_some() {}
        };
        let ctx = Context::background();
        let call = async {
            let result = say(&channel, &ctx, "hello").await;
            result.map_err(|error| (error.code(), error.message().to_owned()))
        };
        tokio::select! {
            result = call => result,
            () = playing => panic!("the connection ended before the reply"),
        }
    }

    fn play(self, mut respond: SendResponse<Bytes>) {
        let response = self.response.body(()).unwrap();
        let ends = self.body.is_empty() && self.trailers.is_none() && self.reset.is_none();
        let mut stream = respond.send_response(response, ends).unwrap();
        let last = self.trailers.is_none() && self.reset.is_none();
        let pieces = self.body.len();
        for (at, piece) in self.body.into_iter().enumerate() {
            let end = last && at + 1 == pieces;
            stream.send_data(Bytes::from_static(piece), end).unwrap();
        }
        if let Some(trailers) = self.trailers {
            let mut map = HeaderMap::new();
            for (name, value) in trailers {
                map.append(*name, value.parse().unwrap());
            }
            stream.send_trailers(map).unwrap();
        }
        if let Some(reason) = self.reset {
            stream.send_reset(reason);
        }
    }
}

/// `Text { text: "hi" }` as a message of a body.
const HI: &[u8] = b"\0\0\0\0\x04\x0a\x02hi";
const OK: &[(&str, &str)] = &[("grpc-status", "0")];

#[tokio::test]
async fn good_replies_in_any_form() {
    let hi = Ok(text("hi"));
    assert_eq!(Script::grpc().body(&[HI]).trailers(OK).unary().await, hi);
    let pieces: Vec<&'static [u8]> = HI.chunks(1).collect();
    assert_eq!(Script::grpc().body(&pieces).trailers(OK).unary().await, hi);
    // Status in the headers, as some servers send it with a message.
    let early = Script::grpc().header("grpc-status", "0").body(&[HI]);
    assert_eq!(early.unary().await, hi);
    let empty = Script::grpc().body(&[b"\0\0\0\0\0"]).trailers(OK);
    assert_eq!(empty.unary().await, Ok(Text::default()));
}

#[tokio::test]
async fn errors_in_any_form() {
    let said = |code: Code, message: &str| Err((code, message.to_owned()));
    let only = Script::grpc()
        .header("grpc-status", "5")
        .header("grpc-message", "no%20%E8%B0%B7");
    assert_eq!(only.unary().await, said(Code::NotFound, "no 谷"));
    let trailers = Script::grpc().body(&[HI]).trailers(&[("grpc-status", "9")]);
    assert_eq!(trailers.unary().await, said(Code::FailedPrecondition, ""));
    let odd = Script::grpc().trailers(&[("grpc-status", "77"), ("grpc-message", "?")]);
    assert_eq!(odd.unary().await, said(Code::Unknown, "?"));
    // A proxy's status does not hide what the server says.
    let proxied = Script::new(502, "application/grpc").header("grpc-status", "6");
    assert_eq!(proxied.unary().await, said(Code::AlreadyExists, ""));
}

#[tokio::test]
async fn what_is_no_grpc_reply() {
    let said = |code: Code, message: &str| Err((code, message.to_owned()));
    let html = |status| Script::new(status, "text/html").body(&[b"<html>"]).unary();
    assert_eq!(
        html(200).await,
        said(
            Code::Unknown,
            "not a gRPC response: HTTP status 200 OK, content type text/html"
        )
    );
    assert_eq!(
        html(503).await,
        said(
            Code::Unavailable,
            "not a gRPC response: HTTP status 503 Service Unavailable, content type text/html"
        )
    );
    assert_eq!(html(404).await.unwrap_err().0, Code::Unimplemented);
    let silent = Script::grpc().body(&[HI]).trailers(&[("x", "y")]);
    assert_eq!(
        silent.unary().await,
        said(Code::Unknown, "response without a status")
    );
    let bare = Script::grpc();
    assert_eq!(
        bare.unary().await,
        said(Code::Unknown, "response without a status")
    );
}

#[tokio::test]
async fn broken_replies() {
    let said = |code: Code, message: &str| Err((code, message.to_owned()));
    let none = Script::grpc().trailers(OK);
    assert_eq!(
        none.unary().await,
        said(Code::Internal, "reply without a message")
    );
    let two = Script::grpc().body(&[HI, HI]).trailers(OK);
    assert_eq!(
        two.unary().await,
        said(Code::Internal, "reply of more than one message")
    );
    let cut = Script::grpc().body(&[&HI[..6]]).trailers(OK);
    assert_eq!(
        cut.unary().await,
        said(Code::Internal, "body ends in the middle of a message")
    );
    let compressed = Script::grpc().body(&[b"\x01\0\0\0\0"]).trailers(OK);
    assert_eq!(compressed.unary().await.unwrap_err().0, Code::Internal);
    let rubbish = Script::grpc().body(&[b"\0\0\0\0\x01\xff"]).trailers(OK);
    assert_eq!(rubbish.unary().await.unwrap_err().0, Code::Internal);
}

#[tokio::test]
async fn resets_have_their_codes() {
    let reset = |reason| Script::grpc().reset(reason).unary();
    let rows = [
        (h2::Reason::CANCEL, Code::Canceled),
        (h2::Reason::ENHANCE_YOUR_CALM, Code::ResourceExhausted),
        (h2::Reason::INADEQUATE_SECURITY, Code::PermissionDenied),
        (h2::Reason::INTERNAL_ERROR, Code::Internal),
        (h2::Reason::PROTOCOL_ERROR, Code::Internal),
    ];
    for (reason, expected) in rows {
        assert_eq!(reset(reason).await.unwrap_err().0, expected, "{reason}");
    }
}
