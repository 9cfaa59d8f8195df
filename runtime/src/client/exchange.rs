//! One request on a connection and what comes back, up to the errors of the transport.
//!
//! A limit: h2 keeps requests back while the server has as many streams as it takes, and does not say which ones. Those
//! fail with the connection as if the server might have seen them. So they go elsewhere as long as that can be.

use std::task::{Context as TaskContext, Poll, Waker};

use bytes::Bytes;
use h2::client::ResponseFuture;
use h2::{Reason, RecvStream, SendStream};
use http::{Request, Response};

use super::connection::Sender;
use crate::error::{Code, Error};

/// Why an exchange failed, with what that says about the request.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server has not seen it, and promises so: it may be sent again.
    Unseen(Error),
    /// The same of one stream, on a connection that takes others.
    Refused(Error),
    /// The stream broke; the server may have acted.
    Broken(Error),
    /// The connection broke; the server may have acted.
    Lost(Error),
    /// The caller has given up the stream, and the server may have acted; or the request cannot be sent anywhere.
    Own(Error),
}

impl Failure {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Unseen(error)
            | Self::Refused(error)
            | Self::Broken(error)
            | Self::Lost(error)
            | Self::Own(error) => error,
        }
    }
}

/// A request whose head is on its way.
pub(super) struct Sent {
    response: ResponseFuture,
    body: SendStream<Bytes>,
}

/// Sends the head of a request.
pub(super) fn send(sender: &mut Sender, request: Request<()>) -> Result<Sent, Failure> {
    let error = match sender.send_request(request, false) {
        Ok((response, body)) => return Ok(Sent { response, body }),
        Err(error) => error,
    };
    let said = transport_error(&error);
    let by_peer = error.is_io() || error.is_go_away() || error.is_reset();
    // Fails when the connection has ended, or has no more numbers for streams.
    let ready = sender.poll_ready(&mut TaskContext::from_waker(Waker::noop()));
    match by_peer || matches!(ready, Poll::Ready(Err(_))) {
        // Nothing was written.
        true => Err(Failure::Unseen(said)),
        // Another connection would not take it either.
        false => Err(Failure::Own(said.with_code(Code::Internal))),
    }
}

impl Sent {
    /// Sends the whole body: one message, which HTTP/2 holds back as far as the peer's window asks for.
    pub(super) fn finish(&mut self, data: Bytes) {
        // If the stream has ended meanwhile, the response says how.
        let _ = self.body.send_data(data, true);
    }

    /// Waits for the head of the response.
    pub(super) async fn response(self) -> Result<Response<RecvStream>, Failure> {
        self.response.await.map_err(|error| failure(&error))
    }

    /// Hands out the body, to be sent while the response is waited for.
    pub(super) fn split(
        self,
    ) -> (
        SendStream<Bytes>,
        impl Future<Output = Result<Response<RecvStream>, Failure>>,
    ) {
        let Self { response, body } = self;
        let response = async move { response.await.map_err(|error| failure(&error)) };
        (body, response)
    }
}

/// What the end of a stream without a response means.
fn failure(error: &h2::Error) -> Failure {
    let said = transport_error(error);
    let refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
    // h2 gives a peer's GOAWAY only to streams after the last one the peer has taken.
    let not_taken = error.is_go_away() && error.is_remote();
    match not_taken {
        true => Failure::Unseen(said),
        false if refused && error.is_remote() => Failure::Refused(said),
        false if error.is_reset() && (error.is_remote() || error.is_library()) => {
            Failure::Broken(said)
        }
        false if error.is_reset() => Failure::Own(said),
        false => Failure::Lost(said),
    }
}

/// What a failure of the transport is in terms of calls.
///
/// Source: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>, Errors.
pub(super) fn transport_error(error: &h2::Error) -> Error {
    let code = match error.reason() {
        _ if error.is_io() || error.is_go_away() => Code::Unavailable,
        Some(Reason::REFUSED_STREAM) => Code::Unavailable,
        Some(Reason::CANCEL) => Code::Canceled,
        Some(Reason::ENHANCE_YOUR_CALM) => Code::ResourceExhausted,
        Some(Reason::INADEQUATE_SECURITY) => Code::PermissionDenied,
        Some(_) => Code::Internal,
        None => Code::Unavailable,
    };
    Error::bare(code, format!("connection: {error}")).inside()
}
