//! Makes a call through two servers of its own, the second of which finds nobody to call, and sends the spans of it where
//! OpenTelemetry's variables say. Prints the trace, and its ports; ends by itself.

use ezrpc::{Channel, Code, Context, Result, Server};
use ezrpc_tests::echo::Echo;
use ezrpc_tests::proto::e2e::{EchoClient, EchoRequest, EchoServer};
use ezrpc_tests::server::Running;

fn main() -> Result<()> {
    // Does nothing, as there is no provider.
    ezrpc::record_spans();
    let otlp = ezrpc::Otlp::new("by default").init()?;
    // Refused, unless nothing is recorded.
    let again = ezrpc::Otlp::new("again").init();
    let again = again.map_err(|error| error.code()).err();
    let is_disabled = std::env::var_os("OTEL_SDK_DISABLED").is_some();
    assert_eq!(again, (!is_disabled).then_some(Code::FailedPrecondition));
    ezrpc::Logs::new().init()?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(calls())?;
    // Its spans have ended by then.
    drop(runtime);
    drop(otlp);
    Ok(())
}

async fn calls() -> Result<()> {
    let (front, back) = (Echo::default(), Echo::default());
    back.call_next(EchoClient::new(Channel::connect("127.0.0.1:1")?));
    let back = Running::start(Server::new("back").add(EchoServer::new(back))).await;
    front.call_next(back.client());
    let front = Running::start(Server::new("front").add(EchoServer::new(front))).await;
    let ctx = Context::background();
    let error = front.client().r#loop(&ctx, EchoRequest::default()).await;
    error.expect_err("nobody is there");
    println!(
        "{} {} {}",
        ctx.trace_id(),
        front.addr.port(),
        back.addr.port()
    );
    Ok(())
}
