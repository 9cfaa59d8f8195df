//! The tour: two services, one port each, gRPC and HTTP/JSON on both.
//!
//! `cargo run -p shop` starts both, calls them and ends; `cargo run -p shop -- serve` stays up.

mod balance;
mod order;
mod product;
mod tap;
mod tour;

/// What `ezrpc-build` generated.
mod proto {
    ezrpc::include_protos!();
}

use std::sync::Arc;

use ezrpc::discovery::{Memory, Registry};
use ezrpc::{Bound, Error, Result, Server, Supervisor};
use proto::common::ProductServer;
use proto::trade::OrderServer;
use tokio::net::TcpListener;

const USAGE: &str = "usage: shop
       shop serve [--registry URL] [PRODUCT_ADDRESS ORDER_ADDRESS]
       shop balance --registry URL [CALLS]

URL is what EZRPC_REGISTRY takes: consul://127.0.0.1:8500, fixed:common.Product=10.0.0.1:80,..";

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments).await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &[&str]) -> Result<()> {
    match *arguments {
        [] => tour::run().await,
        ["serve", "--registry", url, ref addresses @ ..] => {
            serve(ezrpc::discovery::open(url)?, addresses).await
        }
        ["serve", ref addresses @ ..] => serve(Arc::new(Memory::new()), addresses).await,
        ["balance", "--registry", url, ref calls @ ..] => {
            ezrpc::set_default_registry(ezrpc::discovery::open(url)?)?;
            balance::run(calls).await
        }
        _ => Err(Error::invalid_argument(USAGE)),
    }
}

/// The product service on a free port, or the port given.
async fn bind_product(registry: &Arc<dyn Registry>, address: &str) -> Result<Bound> {
    let listener = TcpListener::bind(address).await?;
    let instance = listener.local_addr()?.to_string();
    Server::new("shop-product")
        .version(env!("CARGO_PKG_VERSION"))
        .add(ProductServer::new(product::Service::with_samples()))
        .authenticator(product::Staff)
        .interceptor(balance::SayWho(instance))
        .reflection()
        .registry(Arc::clone(registry))
        .listen(listener)
}

/// The order service; it finds the product service through the registry.
async fn bind_order(registry: &Arc<dyn Registry>, address: &str) -> Result<Bound> {
    Server::new("shop-order")
        .version(env!("CARGO_PKG_VERSION"))
        .add(OrderServer::new(order::Service::default()))
        .reflection()
        .registry(Arc::clone(registry))
        .bind(address)
        .await
}

/// Serves both until Ctrl-C or SIGTERM.
async fn serve(registry: Arc<dyn Registry>, addresses: &[&str]) -> Result<()> {
    let (product, order) = match *addresses {
        [] => ("127.0.0.1:8080", "127.0.0.1:8081"),
        [product, order] => (product, order),
        _ => return Err(Error::invalid_argument(USAGE)),
    };
    ezrpc::set_default_registry(Arc::clone(&registry))?;
    let product = bind_product(&registry, product).await?;
    let order = bind_order(&registry, order).await?;
    tour::print_curl_lines(product.local_addr(), order.local_addr());
    // Stopped in the reverse order: orders need products to the last.
    Supervisor::new().server(product).server(order).run().await
}
