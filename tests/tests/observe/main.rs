//! What an operator sees of calls: events, metrics, Sentry.

mod admin;
mod events;
mod heard;
mod ingest;
mod interceptors;
mod local;
mod metrics;
mod otlp;
mod sentry;
mod spans;
mod stack;
mod stack_processes;

use ezrpc::{Channel, Server};
use ezrpc_tests::echo::Echo;
use ezrpc_tests::proto::e2e::{EchoClient, EchoRequest, EchoServer};
use ezrpc_tests::server::Running;

fn request(text: &str) -> EchoRequest {
    EchoRequest {
        text: text.to_owned(),
        ..Default::default()
    }
}

/// A server whose handler calls one whose handler calls nobody who is there.
async fn two_hops() -> (Running, Running) {
    let (front, back) = (Echo::default(), Echo::default());
    let nobody = Channel::connect("127.0.0.1:1").expect("an address");
    back.call_next(EchoClient::new(nobody));
    let back = Running::start(Server::new("back").add(EchoServer::new(back))).await;
    front.call_next(back.client());
    let front = Running::start(Server::new("front").add(EchoServer::new(front))).await;
    (front, back)
}
