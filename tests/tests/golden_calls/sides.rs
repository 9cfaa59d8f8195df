//! One side only: a client generated here calls a server generated there.

use ezrpc::{Channel, Context, Result, Server};

mod client_only {
    crate::expected!("client_only");
}
mod server_only {
    crate::expected!("server_only");
}

#[tokio::test]
async fn a_client_meets_a_server_generated_elsewhere() -> Result<()> {
    use client_only::proto::{PingClient, Text};
    use server_only::proto::{Ping, PingServer, Text as Served};

    struct Echo;

    impl Ping for Echo {
        async fn ping(&self, _ctx: &Context, req: Served) -> Result<Served> {
            Ok(req)
        }
    }

    let text = Text {
        text: "hi".to_owned(),
    };
    crate::assert_forms(&text, r#"{"text":"hi"}"#);

    let server = Server::new("ping")
        .add(PingServer::new(Echo))
        .bind("127.0.0.1:0")
        .await?;
    let client = PingClient::new(Channel::to(server.local_addr()));
    tokio::spawn(server.serve());
    assert_eq!(
        client.ping(&Context::background(), text.clone()).await?,
        text
    );
    Ok(())
}
