//! A server of the Uploads service in a process of its own, so that a test can see how much memory it takes. Prints its
//! address, and ends when its input does.

use ezrpc::{Result, Server};
use ezrpc_tests::proto::e2e::upload::UploadsServer;
use ezrpc_tests::server::input_ends;
use ezrpc_tests::upload::Uploads;

#[tokio::main]
async fn main() -> Result<()> {
    let server = Server::new("uploads").add(UploadsServer::new(Uploads::default()));
    let bound = server.bind("127.0.0.1:0").await?;
    println!("{}", bound.local_addr());
    bound.serve_until(input_ends()).await
}
