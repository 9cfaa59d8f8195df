//! What signals do to a server: the first lets it finish, the second ends it.

use std::time::Duration;

use ezrpc::discovery::Fixed;
use ezrpc::{Channel, Code, Context};
use ezrpc_tests::proto::fault::{WorkClient, WorkRequest};

use crate::fleet::Instance;

/// A call that takes longer than the test waits for anything.
async fn hanging(client: &WorkClient) -> ezrpc::Result<()> {
    let req = WorkRequest { millis: 600_000 };
    let ctx = Context::background();
    client.r#do(&ctx, req).await.map(|_| ())
}

#[tokio::test]
async fn a_second_signal_ends_a_server_at_once() {
    let instance = Instance::alone("a");
    let client = WorkClient::new(Channel::to(instance.addr));
    let call = tokio::spawn({
        let client = client.clone();
        async move { hanging(&client).await }
    });
    // Served, so that the server takes calls and knows its signals; the one that hangs was sent before.
    let ctx = Context::background()
        .call()
        .timeout(Duration::from_secs(30));
    client.read(&ctx, WorkRequest::default()).await.unwrap();
    instance.signal("TERM");
    // Told once it takes no new connections, and finishes what it has.
    while tokio::net::TcpStream::connect(instance.addr).await.is_ok() {}
    instance.signal("TERM");
    assert_eq!(instance.ended().await, Some(128 + 15));
    let error = call.await.unwrap().expect_err("it was cut off");
    assert_eq!(error.code(), Code::Unavailable);
}

#[tokio::test]
async fn the_first_signal_lets_calls_finish() {
    let instance = Instance::alone("a");
    let registry = Fixed::new().service("fault.Work", instance.addr.to_string());
    let ctx = Context::background().with_registry(registry);
    let client = ezrpc_tests::proto::fault::work();
    client.read(&ctx, WorkRequest::default()).await.unwrap();
    let call = tokio::spawn(async move { client.r#do(&ctx, WorkRequest { millis: 300 }).await });
    // Sent once the server has it: a second call on the same connection is answered after it was read.
    let after = Context::background()
        .call()
        .timeout(Duration::from_secs(30));
    let second = WorkClient::new(Channel::to(instance.addr));
    second
        .read(&after, WorkRequest { millis: 50 })
        .await
        .unwrap();
    instance.signal("INT");
    assert_eq!(call.await.unwrap().unwrap().instance, "a");
    assert_eq!(instance.ended().await, Some(0));
}
