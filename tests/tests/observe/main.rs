//! What an operator sees of calls: metrics, spans, Sentry, the port for operators, stacks across processes.

mod admin;
mod ingest;
mod interceptors;
mod metrics;
mod otlp;
mod sentry;
mod spans;
mod stack;
mod stack_processes;

use ezrpc_tests::proto::e2e::EchoRequest;
use ezrpc_tests::server::Running;

fn request(text: &str) -> EchoRequest {
    EchoRequest {
        text: text.to_owned(),
        ..Default::default()
    }
}

/// A server whose handler calls one whose handler calls nobody who is there.
async fn two_hops() -> (Running, Running) {
    Running::two_hops().await
}
