//! The tour: two services, one port each, gRPC and HTTP/JSON on both.
//!
//! `cargo run -p shop` starts both, calls them and ends; `cargo run -p shop -- serve` stays up.

mod order;
mod product;
mod tap;
mod tour;

/// What `ezrpc-build` generated.
mod proto {
    ezrpc::include_protos!();
}

use ezrpc::discovery::Memory;
use ezrpc::{Bound, Result, Server};
use proto::common::ProductServer;
use proto::trade::OrderServer;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        [] => tour::run().await,
        ["serve"] => serve("127.0.0.1:8080", "127.0.0.1:8081").await,
        ["serve", product, order] => serve(product, order).await,
        _ => {
            eprintln!("usage: shop [serve [PRODUCT_ADDRESS ORDER_ADDRESS]]");
            return std::process::ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// The product service on a free port, or the port given.
async fn bind_product(registry: &Memory, address: &str) -> Result<Bound> {
    Server::new("shop-product")
        .add(ProductServer::new(product::Service::with_samples()))
        .authenticator(product::Staff)
        .reflection()
        .registry(registry.clone())
        .bind(address)
        .await
}

/// The order service; it finds the product service through the registry.
async fn bind_order(registry: &Memory, address: &str) -> Result<Bound> {
    Server::new("shop-order")
        .add(OrderServer::new(order::Service::default()))
        .reflection()
        .registry(registry.clone())
        .bind(address)
        .await
}

/// Serves both until Ctrl-C or SIGTERM.
async fn serve(product: &str, order: &str) -> Result<()> {
    let registry = Memory::new();
    ezrpc::set_default_registry(registry.clone())?;
    let product = bind_product(&registry, product).await?;
    let order = bind_order(&registry, order).await?;
    tour::print_curl_lines(product.local_addr(), order.local_addr());
    let (product, order) = tokio::join!(product.serve(), order.serve());
    product.and(order)
}
