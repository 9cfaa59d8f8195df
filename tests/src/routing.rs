//! The services of `protos/e2e/routing.proto`: each reply says which method and which binding it was.

use ezrpc::{Context, Result, Streaming};

use crate::proto::e2e::routing::{Guarded, Item, Routes, Seen, Twin};

/// Answers all calls.
#[derive(Debug, Default)]
pub struct Echoes;

fn seen(ctx: &Context, item: Item) -> Seen {
    let route = ctx.route().expect("it is within a call");
    Seen {
        rpc: route.method().name().to_owned(),
        template: route.template().to_owned(),
        id: item.id,
        name: item.name,
        tags: item.tags,
    }
}

impl Guarded for Echoes {
    async fn get_secret(&self, ctx: &Context, item: Item) -> Result<Seen> {
        Ok(seen(ctx, item))
    }

    async fn watch_secret(&self, ctx: &Context, item: Item) -> Result<Streaming<Seen>> {
        Ok(Streaming::from_iter([seen(ctx, item)]))
    }
}

impl Twin for Echoes {
    async fn get(&self, ctx: &Context, item: Item) -> Result<Seen> {
        Ok(seen(ctx, item))
    }
}

macro_rules! routes {
    ($($method:ident)*) => {
        impl Routes for Echoes {
            $(
                async fn $method(&self, ctx: &Context, item: Item) -> Result<Seen> {
                    Ok(seen(ctx, item))
                }
            )*

            async fn watch_item(&self, ctx: &Context, item: Item) -> Result<Streaming<Seen>> {
                ctx.reply().header("x-watched", &item.id)?;
                Ok(Streaming::from_iter([seen(ctx, item)]))
            }
        }
    };
}

routes!(get_item put_item archive_item get_shelf get_file get_bar post_foo delete_baz head_kind get_kind
    options_kind trace_kind purge_kind any_kind borrowed hidden enabled);
