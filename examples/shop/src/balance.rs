//! Which instance answers: product servers say who they are, and a client counts.

use std::collections::BTreeMap;

use ezrpc::{Context, Error, Interceptor, Next, Reply, Result};

use crate::proto::common::{self, ProductGet};

/// The header in which an instance says who it is.
const INSTANCE: &str = "shop-instance";
/// How many calls are made if nobody says.
const CALLS: u32 = 100;

/// Says in each reply which instance has answered.
pub(crate) struct SayWho(pub(crate) String);

impl Interceptor for SayWho {
    async fn intercept(&self, ctx: &Context, next: Next<'_>) -> Result<Reply> {
        ctx.reply().header(INSTANCE, &self.0)?;
        next.run().await
    }
}

/// Calls the product service, and prints how many calls each of its instances has answered.
pub(crate) async fn run(arguments: &[&str]) -> Result<()> {
    let calls = match *arguments {
        [] => CALLS,
        [calls] => calls.parse()?,
        _ => return Err(Error::invalid_argument("only a number of calls may follow")),
    };
    let ctx = Context::background();
    let mut answered: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..calls {
        let call = ctx.call();
        let get = ProductGet {
            id: 1,
            ..Default::default()
        };
        common::product().get(&call, get).await?;
        let headers = call.reply_headers();
        let instance = headers.get(INSTANCE).unwrap_or("an unknown instance");
        *answered.entry(instance.to_owned()).or_default() += 1;
    }
    for (instance, count) in answered {
        println!("{instance} answered {count} calls");
    }
    Ok(())
}
