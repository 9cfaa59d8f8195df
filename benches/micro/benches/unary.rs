//! One unary gRPC call over loopback, client and server of the same make: ezrpc beside tonic.

use bench_micro as micro;
use criterion::{Criterion, criterion_group, criterion_main};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

fn unary(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let mut group = criterion.benchmark_group("unary over loopback");
    let client = ours(&runtime);
    let ctx = ezrpc::Context::background();
    group.bench_function("ezrpc", |bencher| {
        bencher.iter(|| {
            let request = micro::ours::common::ProductGet {
                id: 1,
                locale: "zh-CN".into(),
            };
            runtime
                .block_on(client.get(&ctx, request))
                .expect("a product")
        });
    });
    let mut client = tonic(&runtime);
    group.bench_function("tonic", |bencher| {
        bencher.iter(|| {
            let request = micro::tonic_peer::ProductGet {
                id: 1,
                locale: "zh-CN".into(),
            };
            runtime.block_on(client.get(request)).expect("a product")
        });
    });
    group.finish();
}

fn ours(runtime: &Runtime) -> micro::ours::common::ProductClient {
    let listener = runtime
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let service = micro::ours::common::ProductServer::new(micro::Shop);
    let server =
        runtime.block_on(async { ezrpc::Server::new("bench").add(service).listen(listener) });
    runtime.spawn(server.expect("one service").serve());
    let channel = ezrpc::Channel::to(address);
    micro::ours::common::ProductClient::new(channel)
}

type TonicClient = micro::tonic_peer::product_client::ProductClient<tonic::transport::Channel>;

fn tonic(runtime: &Runtime) -> TonicClient {
    let listener = runtime
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let service = micro::tonic_peer::product_server::ProductServer::new(micro::Shop);
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = tonic::transport::Server::builder().add_service(service);
    runtime.spawn(server.serve_with_incoming(incoming));
    let endpoint = format!("http://{address}");
    runtime
        .block_on(TonicClient::connect(endpoint))
        .expect("a connection")
}

criterion_group!(benches, unary);
criterion_main!(benches);
