//! The server of the README's first screen.
#![allow(unreachable_pub)]

// readme: server
mod proto {
    ezrpc::include_protos!();
}

use ezrpc::{Context, Error, Result, Server};
use proto::hello::v1::{Greeter, GreeterServer, HelloReply, HelloRequest};

struct Hello;

impl Greeter for Hello {
    async fn hello(&self, _ctx: &Context, req: HelloRequest) -> Result<HelloReply> {
        if req.name.is_empty() {
            return Err(Error::invalid_argument("name is missing"));
        }
        let text = format!("Hello, {}!", req.name);
        Ok(HelloReply { text })
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    Server::new("hello")
        .add(GreeterServer::new(Hello))
        .serve("127.0.0.1:8080")
        .await
}
// readme: end

#[cfg(test)]
mod tests {
    use super::*;

    // readme: test
    use ezrpc::discovery::Memory;
    use proto::hello::v1::greeter;

    #[tokio::test]
    async fn greets_by_name() -> Result<()> {
        let fakes = Memory::new().with_service(GreeterServer::new(Hello));
        let ctx = Context::background().with_registry(fakes);
        let req = HelloRequest { name: "Ada".into() };
        assert_eq!(greeter().hello(&ctx, req).await?.text, "Hello, Ada!");
        Ok(())
    }
    // readme: end
}
