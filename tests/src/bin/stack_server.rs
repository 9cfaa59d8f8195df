//! One of the services A, B, C and D in a process of its own, which calls the others as its request says:
//! `stack_server NAME ADDRESS`. They find each other where `EZRPC_REGISTRY` says. Logs are JSON on standard error; events
//! go to the Sentry at `SENTRY_DSN`, if there is one. Prints its address, and ends with its input.

use std::time::Duration;

use ezrpc::{Context, Error, Result, Server};
use ezrpc_tests::proto::stack::{self, Act, Done, Step};
use ezrpc_tests::server::input_ends;

/// What the callers of calls that hang allow.
const LIMIT: Duration = Duration::from_millis(200);

/// Says when the work of a call that hangs is over.
struct Over;

impl Drop for Over {
    fn drop(&mut self) {
        println!("over");
    }
}

/// What all four do.
async fn call(service: &'static str, ctx: &Context, step: Step) -> Result<Done> {
    if step.act() != Act::Hang {
        let done = pass(service, ctx, step).await;
        println!("answers");
        return done;
    }
    match ctx.remaining() {
        Some(left) if left <= LIMIT => println!("hangs"),
        left => println!("hangs with a limit of {left:?}"),
    }
    let _over = Over;
    let spawned = ctx.clone();
    tokio::spawn(async move {
        spawned.cancelled().await;
        println!("cancelled");
    });
    pass(service, ctx, step).await
}

async fn pass(service: &'static str, ctx: &Context, mut step: Step) -> Result<Done> {
    ctx.set_field("service", service);
    ctx.set_field(format!("passed{service}"), "yes");
    tracing::info!("a step");
    if step.via.is_empty() {
        return act(service, step.act()).await;
    }
    let next = step.via.remove(0);
    if step.round {
        step.via.push(next.clone());
    }
    let mut done = match next.as_str() {
        "A" => stack::a().call(ctx, step).await?,
        "B" => stack::b().call(ctx, step).await?,
        "C" => stack::c().call(ctx, step).await?,
        // With the fields of this context, for whoever tells of the error.
        "D" => stack::d()
            .call(ctx, step)
            .await
            .map_err(|error| ctx.trace(error))?,
        _ => return Err(Error::invalid_argument(format!("no service {next}"))),
    };
    done.passed.push(service.to_owned());
    Ok(done)
}

async fn act(service: &'static str, act: Act) -> Result<Done> {
    match act {
        Act::Answer => Ok(Done {
            passed: vec![service.to_owned()],
        }),
        Act::Fail => {
            let stock: i64 = "secret stock".parse()?;
            Err(Error::internal(format!("stock {stock}")))
        }
        Act::Hang => std::future::pending().await,
        Act::Panic => panic!("as the test wants"),
        Act::FailLong => {
            let mut error = Error::internal("long ".repeat(20_000));
            for _ in 0..500 {
                error = error.trace();
            }
            Err(error)
        }
    }
}

macro_rules! services {
    ($($name:ident)*) => {$(
        struct $name;

        impl stack::$name for $name {
            async fn call(&self, ctx: &Context, step: Step) -> Result<Done> {
                call(stringify!($name), ctx, step).await
            }
        }
    )*};
}

services! { A B C D }

async fn bind(name: &str, address: &str) -> Result<ezrpc::Bound> {
    let server = Server::new(name.to_lowercase());
    let server = match name {
        "A" => server.add(stack::AServer::new(A)),
        "B" => server.add(stack::BServer::new(B)),
        "C" => server.add(stack::CServer::new(C)),
        "D" => server.add(stack::DServer::new(D)),
        _ => {
            return Err(Error::invalid_argument(
                "usage: stack_server A|B|C|D ADDRESS",
            ));
        }
    };
    server.bind(address).await
}

#[tokio::main]
async fn main() -> Result<()> {
    ezrpc::Logs::new().json().init()?;
    let _sentry = match std::env::var("SENTRY_DSN") {
        Ok(dsn) => Some(ezrpc::Sentry::new(dsn).init()?),
        Err(_) => None,
    };
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, address] = &arguments[..] else {
        return Err(Error::invalid_argument(
            "usage: stack_server A|B|C|D ADDRESS",
        ));
    };
    let bound = bind(name, address).await?;
    println!("{}", bound.local_addr());
    bound.serve_until(input_ends()).await
}
