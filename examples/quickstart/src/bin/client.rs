//! The client of the README's first screen.
#![allow(unreachable_pub)]

// readme: client
mod proto {
    ezrpc::include_protos!();
}

use ezrpc::{Channel, Context, Result};
use proto::hello::v1::{GreeterClient, HelloRequest};

#[tokio::main]
async fn main() -> Result<()> {
    let greeter = GreeterClient::new(Channel::connect("http://127.0.0.1:8080")?);
    let req = HelloRequest { name: "Ada".into() };
    let reply = greeter.hello(&Context::background(), req).await?;
    println!("{}", reply.text);
    Ok(())
}
// readme: end
