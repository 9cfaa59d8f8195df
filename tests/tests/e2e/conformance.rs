//! Every protocol with every codec, with and without compression, over HTTP/1.1 and HTTP/2: the cases of
//! connectrpc's conformance suite for servers, by a raw client that checks each answer whole.

mod calls;
mod client;
mod compression;
mod errors;
mod get;
mod limits;
mod outcome;
mod raw;
mod streams;

use ezrpc::Server;
use ezrpc_tests::conformance::Service;
use ezrpc_tests::proto::e2e::conformance::ConformanceServer;
use ezrpc_tests::server::Running;

/// A server outside the trust boundary: the details of errors are what the handler gave.
fn server() -> Server {
    Server::new("conformance")
        .add(ConformanceServer::new(Service))
        .edge()
}

async fn running() -> Running {
    Running::start(server()).await
}
