//! The Echo service served by tonic: what its requests say, as `ezrpc_tests::echo` does.

use std::net::SocketAddr;
use std::pin::Pin;

use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_stream::{Stream, StreamExt, iter};
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::e2e::echo_server::{self, EchoServer};
use crate::e2e::{EchoReply, EchoRequest};

/// The service. `hang` never answers; it tells when such a handler is dropped.
#[derive(Debug, Clone)]
pub struct Echo {
    dropped: mpsc::UnboundedSender<()>,
}

impl Echo {
    /// Makes the service, and what tells of its handlers.
    #[must_use]
    pub fn new() -> (Self, mpsc::UnboundedReceiver<()>) {
        let (dropped, receiver) = mpsc::unbounded_channel();
        (Self { dropped }, receiver)
    }
}

/// Serves it with tonic on a free port, for as long as the runtime lives.
///
/// # Panics
/// If there is no free port.
pub async fn serve() -> (SocketAddr, mpsc::UnboundedReceiver<()>) {
    let (echo, receiver) = Echo::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("an address");
    let server = tonic::transport::Server::builder().add_service(EchoServer::new(echo));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    (addr, receiver)
}

/// `google.rpc.Status`, of which tonic has no type of its own.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

fn copy_metadata(from: &MetadataMap, to: &mut MetadataMap) {
    for value in from.get_all("x-echo") {
        to.append("x-header", value.clone());
    }
    for value in from.get_all_bin("x-echo-bin") {
        to.append_bin("x-header-bin", value.clone());
    }
}

fn fail(request: &EchoRequest) -> Result<(), Status> {
    if request.fail_with == 0 {
        return Ok(());
    }
    let details = RpcStatus {
        code: request.fail_with,
        message: request.text.clone(),
        details: request.detail.iter().cloned().collect(),
    };
    let details = details.encode_to_vec().into();
    Err(Status::with_details(
        Code::from_i32(request.fail_with),
        request.text.clone(),
        details,
    ))
}

struct Guard(mpsc::UnboundedSender<()>);

impl Drop for Guard {
    fn drop(&mut self) {
        // The test may have stopped to listen.
        let _ = self.0.send(());
    }
}

impl Echo {
    async fn answer(&self, request: EchoRequest) -> Result<EchoReply, Status> {
        fail(&request)?;
        if request.text == "hang" {
            let _guard = Guard(self.dropped.clone());
            std::future::pending::<()>().await;
        }
        let EchoRequest {
            text,
            number,
            blob,
            detail,
            ..
        } = request;
        Ok(EchoReply {
            text,
            number,
            blob,
            detail,
        })
    }

    async fn unary(&self, request: Request<EchoRequest>) -> Result<Response<EchoReply>, Status> {
        let (metadata, _, request) = request.into_parts();
        let mut response = Response::new(self.answer(request).await?);
        copy_metadata(&metadata, response.metadata_mut());
        Ok(response)
    }
}

type Replies = Pin<Box<dyn Stream<Item = Result<EchoReply, Status>> + Send>>;

#[tonic::async_trait]
impl echo_server::Echo for Echo {
    type SplitStream = Replies;
    type ChatStream = Replies;

    async fn say(&self, request: Request<EchoRequest>) -> Result<Response<EchoReply>, Status> {
        self.unary(request).await
    }

    async fn closed(&self, request: Request<EchoRequest>) -> Result<Response<EchoReply>, Status> {
        self.unary(request).await
    }

    async fn hidden(&self, request: Request<EchoRequest>) -> Result<Response<EchoReply>, Status> {
        self.unary(request).await
    }

    async fn slow(&self, request: Request<EchoRequest>) -> Result<Response<EchoReply>, Status> {
        self.unary(request).await
    }

    async fn r#loop(&self, request: Request<EchoRequest>) -> Result<Response<EchoReply>, Status> {
        self.unary(request).await
    }

    async fn nothing(&self, _: Request<()>) -> Result<Response<()>, Status> {
        Ok(Response::new(()))
    }

    async fn split(&self, request: Request<EchoRequest>) -> Result<Response<Replies>, Status> {
        let (metadata, _, request) = request.into_parts();
        let words: Vec<String> = request.text.split_whitespace().map(str::to_owned).collect();
        let replies = iter((0..).zip(words)).map(|(number, text)| {
            Ok(EchoReply {
                text,
                number,
                ..EchoReply::default()
            })
        });
        let end = iter(fail(&request).err().map(Err));
        let mut response = Response::new(Box::pin(replies.chain(end)) as Replies);
        copy_metadata(&metadata, response.metadata_mut());
        Ok(response)
    }

    async fn join(
        &self,
        request: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<EchoReply>, Status> {
        let mut requests = request.into_inner();
        let mut words = Vec::new();
        while let Some(request) = requests.message().await? {
            words.push(self.answer(request).await?.text);
        }
        let number = words.len() as i64;
        Ok(Response::new(EchoReply {
            text: words.join(" "),
            number,
            ..EchoReply::default()
        }))
    }

    async fn chat(
        &self,
        request: Request<Streaming<EchoRequest>>,
    ) -> Result<Response<Replies>, Status> {
        let service = self.clone();
        let replies = request.into_inner().then(move |request| {
            let service = service.clone();
            async move { service.answer(request?).await }
        });
        Ok(Response::new(Box::pin(replies)))
    }
}
