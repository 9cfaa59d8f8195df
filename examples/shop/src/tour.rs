//! Starts both services, calls them in every way, and prints what went over the wire.

use std::net::SocketAddr;
use std::sync::Arc;

use ezrpc::discovery::{Memory, Registry};
use ezrpc::{Channel, Context, Error, Result, Streaming};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::proto::common::{ProductClient, ProductError, ProductGet, ProductRow, ProductWatch};
use crate::proto::trade::{self, OrderPlace, order_place::Item};
use crate::tap::Tap;
use crate::{bind_order, bind_product};

/// Runs the whole tour; ends with an error if anything is not as told.
pub(crate) async fn run() -> Result<()> {
    let registry: Arc<dyn Registry> = Arc::new(Memory::new());
    ezrpc::set_default_registry(Arc::clone(&registry))?;
    let product = bind_product(&registry, "127.0.0.1:0").await?;
    let order = bind_order(&registry, "127.0.0.1:0").await?;
    let (product_at, order_at) = (product.local_addr(), order.local_addr());
    println!(
        "common.Product on {product_at}, trade.Order on {order_at}: gRPC and HTTP/JSON on one port each"
    );

    let (stop_product, product_stopped) = oneshot::channel::<()>();
    let (stop_order, order_stopped) = oneshot::channel::<()>();
    let product = tokio::spawn(product.serve_until(stopped(product_stopped)));
    let order = tokio::spawn(order.serve_until(stopped(order_stopped)));

    grpc(product_at).await?;
    streams(product_at).await?;
    json(product_at, order_at).await?;
    order_calls_product().await?;

    drop((stop_order, stop_product));
    order.await??;
    product.await??;
    println!("\nboth servers drained and stopped");
    Ok(())
}

/// Completes when the tour lets go of the other end.
async fn stopped(signal: oneshot::Receiver<()>) {
    // An error is the signal: the sender was dropped.
    let _ = signal.await;
}

async fn grpc(product: SocketAddr) -> Result<()> {
    let tap = Tap::before(product).await?;
    let client = ProductClient::new(Channel::to(tap.address()));
    let ctx = Context::background();

    println!("\ngRPC  /common.Product/Get  {{id: 1}}");
    let get = ProductGet {
        id: 1,
        ..Default::default()
    };
    let reply = client.get(&ctx, get).await?;
    print_wire(&tap);
    let info = reply.info.unwrap_or_default();
    println!("  == {} costs {}", info.name, info.price);

    println!(
        "\ngRPC  /common.Product/Get  {{id: 404}}: an error with a reason, and where it passed"
    );
    let get = ProductGet {
        id: 404,
        ..Default::default()
    };
    match client.get(&ctx, get).await {
        Err(error) if error.is(ProductError::NotFoundById) => {
            print_wire(&tap);
            println!("  == {}", format!("{error:?}").replace('\n', "\n    "));
            Ok(())
        }
        other => Err(Error::internal(format!(
            "expected NOT_FOUND, got {other:?}"
        ))),
    }
}

async fn streams(product: SocketAddr) -> Result<()> {
    let client = ProductClient::new(Channel::to(product));
    let ctx = Context::background();
    println!("\ngRPC  /common.Product/Watch while /common.Product/Import takes two rows in");
    let mut events = client.watch(&ctx, ProductWatch::default()).await?;
    let rows = ["Inkstone", "Silk fan"].map(|name| ProductRow {
        name: name.to_owned(),
        price: 66.0,
        tags: vec!["craft".to_owned()],
    });
    let imported = client.import(&ctx, Streaming::from_iter(rows)).await?;
    println!("  imported as {:?}", imported.ids);
    for _ in &imported.ids {
        let event = events.message().await?;
        let event = event.ok_or_else(|| Error::internal("the stream of events ended"))?;
        let name = event.info.as_ref().map_or("?", |info| &info.name);
        println!("  event {:?}: {name}", event.kind());
    }
    Ok(())
}

async fn json(product: SocketAddr, order: SocketAddr) -> Result<()> {
    post(product, "/common.Product/Get", r#"{"id": "1"}"#, 200).await?;
    post(product, "/common.Product/Get", r#"{"id": "404"}"#, 404).await?;
    post(
        product,
        "/common.Product/Update",
        r#"{"info": {"id": 1}}"#,
        401,
    )
    .await?;
    let items = r#"{"items": [{"productId": "1", "count": 2}, {"productId": "2", "count": 1}]}"#;
    post(order, "/trade.Order/Place", items, 200).await?;
    routes(product).await
}

/// The same service as its google.api.http rules have it.
async fn routes(product: SocketAddr) -> Result<()> {
    get(product, "/v1/products/2", 200).await?;
    get(product, "/v1/products:search?text=tea&limit=1", 200).await?;
    get(product, "/v1/products/two", 400).await?;
    get(product, "/v1/products/2/image", 404).await
}

/// Posts JSON as curl would, and prints both sides.
async fn post(server: SocketAddr, path: &str, body: &str, expected: u16) -> Result<()> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    exchange(server, head + body, expected).await
}

/// Gets a page as curl would.
async fn get(server: SocketAddr, path: &str, expected: u16) -> Result<()> {
    let head = format!("GET {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n");
    exchange(server, head, expected).await
}

async fn exchange(server: SocketAddr, request: String, expected: u16) -> Result<()> {
    let line = request.lines().next().unwrap_or_default();
    println!("\nHTTP  {}", line.trim_end_matches(" HTTP/1.1"));
    let tap = Tap::before(server).await?;
    let mut socket = TcpStream::connect(tap.address()).await?;
    socket.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    socket.read_to_string(&mut response).await?;
    print_wire(&tap);
    match response.starts_with(&format!("HTTP/1.1 {expected} ")) {
        true => Ok(()),
        false => Err(Error::internal(format!(
            "expected {expected}, got:\n{response}"
        ))),
    }
}

async fn order_calls_product() -> Result<()> {
    println!(
        "\nin process: trade::order() finds shop-order, whose handler calls common::product()"
    );
    let item = Item {
        product_id: 3,
        count: 2,
    };
    let place = OrderPlace { items: vec![item] };
    let placed = trade::order().place(&Context::background(), place).await?;
    println!("  == order {} for {}", placed.order_id, placed.total);
    Ok(())
}

fn print_wire(tap: &Tap) {
    for line in tap.take() {
        println!("{line}");
    }
}

/// Prints what to try while both are up.
pub(crate) fn print_curl_lines(product: SocketAddr, order: SocketAddr) {
    println!(
        "common.Product on {product}, trade.Order on {order}; stop with Ctrl-C. Try:

curl -d '{{\"id\": \"1\"}}' -H 'content-type: application/json' http://{product}/common.Product/Get
curl -d '{{\"text\": \"tea\"}}' -H 'content-type: application/json' http://{product}/common.Product/Search
curl -d '{{\"info\": {{\"id\": \"1\", \"price\": 99}}, \"mask\": \"price\"}}' -H 'content-type: application/json' \\
  -H 'authorization: Bearer staff-me' http://{product}/common.Product/Update
curl 'http://{product}/v1/products/2'
curl 'http://{product}/v1/products:search?text=tea&limit=1'
curl -X PATCH -d '{{\"price\": 77}}' -H 'content-type: application/json' -H 'authorization: Bearer staff-me' \\
  http://{product}/v1/products/1
curl -F image=@README.md -F caption=front -H 'authorization: Bearer staff-me' http://{product}/v1/products/1/image
curl http://{product}/v1/products/1/image
curl -N -H 'accept: text/event-stream' http://{product}/v1/products:watch
curl -d '{{\"items\": [{{\"productId\": \"1\", \"count\": 2}}]}}' -H 'content-type: application/json' \\
  http://{order}/trade.Order/Place"
    );
}
