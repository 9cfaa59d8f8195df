//! The four shapes.

use ezrpc::{Context, Result, Streaming};

mod unary {
    crate::expected!("unary");
}
mod all_shapes {
    crate::expected!("all_shapes");
}

use all_shapes::proto::{Nothing, NothingClient, Number, Numbers, NumbersClient, NumbersServer};
use unary::proto::{GreetReply, GreetRequest, Greeter, GreeterClient};

struct Polite;

impl Greeter for Polite {
    async fn greet(&self, _ctx: &Context, req: GreetRequest) -> Result<GreetReply> {
        if req.name.is_empty() {
            return Err(ezrpc::Error::invalid_argument("no name"));
        }
        Ok(GreetReply {
            text: "hello ".repeat(req.times as usize) + &req.name,
        })
    }
}

#[tokio::test]
async fn one_request_one_reply() -> Result<()> {
    let (client, ctx) = (GreeterClient::local(Polite), Context::background());
    let request = GreetRequest {
        name: "Ann".to_owned(),
        times: 2,
    };
    let reply = client.greet(&ctx, request.clone()).await?;
    assert_eq!(
        reply,
        GreetReply {
            text: "hello hello Ann".to_owned()
        }
    );
    let error = client
        .greet(&ctx, GreetRequest::default())
        .await
        .expect_err("no name");
    assert_eq!(
        (error.code(), error.message()),
        (ezrpc::Code::InvalidArgument, "no name")
    );
    crate::assert_forms(&request, r#"{"name":"Ann","times":2}"#);
    Ok(())
}

/// A client is a service: any code that takes the trait takes a remote one.
#[tokio::test]
async fn the_client_implements_the_trait() -> Result<()> {
    async fn greet(service: impl Greeter) -> Result<String> {
        let request = GreetRequest {
            name: "Bob".to_owned(),
            times: 1,
        };
        Ok(service.greet(&Context::background(), request).await?.text)
    }
    let client = GreeterClient::local(Polite);
    assert_eq!(greet(client.clone()).await?, "hello Bob");
    assert_eq!(greet(GreeterClient::local(client)).await?, "hello Bob");
    assert_eq!(greet(std::sync::Arc::new(Polite)).await?, "hello Bob");
    Ok(())
}

struct Calculator;

impl Numbers for Calculator {
    async fn square(&self, _ctx: &Context, req: Number) -> Result<Number> {
        Ok(Number {
            value: req.value * req.value,
        })
    }

    async fn count(&self, _ctx: &Context, req: Number) -> Result<Streaming<Number>> {
        Ok(Streaming::from_iter(
            (1..=req.value).map(|value| Number { value }),
        ))
    }

    async fn sum(&self, _ctx: &Context, reqs: Streaming<Number>) -> Result<Number> {
        let numbers = reqs.collect().await?;
        Ok(Number {
            value: numbers.iter().map(|number| number.value).sum(),
        })
    }

    async fn accumulate(
        &self,
        _ctx: &Context,
        mut reqs: Streaming<Number>,
    ) -> Result<Streaming<Number>> {
        let (sums, stream) = Streaming::channel(1);
        tokio::spawn(async move {
            let mut value = 0;
            while let Ok(Some(number)) = reqs.message().await {
                value += number.value;
                if sums.send(Ok(Number { value })).await.is_err() {
                    return;
                }
            }
        });
        Ok(stream)
    }
}

#[tokio::test]
async fn streams_either_way() -> Result<()> {
    let service = NumbersServer::from_arc(std::sync::Arc::new(Calculator));
    let (client, ctx) = (
        NumbersClient::new(ezrpc::Channel::local(service)),
        Context::background(),
    );
    let number = |value| Number { value };
    assert_eq!(client.square(&ctx, number(3)).await?, number(9));
    assert_eq!(
        client.count(&ctx, number(2)).await?.collect().await?,
        [number(1), number(2)]
    );
    let numbers = || Streaming::from_iter([number(4), number(5)]);
    assert_eq!(client.sum(&ctx, numbers()).await?, number(9));
    assert_eq!(
        client.accumulate(&ctx, numbers()).await?.collect().await?,
        [number(4), number(9)]
    );
    crate::assert_forms(&number(7), r#"{"value":"7"}"#);
    Ok(())
}

struct Idle;

impl Nothing for Idle {}

#[test]
fn a_service_may_have_no_methods() {
    let client = NothingClient::local(Idle);
    assert_eq!(
        format!("{client:?}"),
        "NothingClient { channel: Channel(local all_shapes.Nothing) }"
    );
}
