//! The order service: the generated interface on top of what is `internal`.

mod internal;

use ezrpc::{Context, Error, Result};

use crate::proto::common::{self, ProductGet};
use crate::proto::trade::{Order, OrderPlace, OrderPlaceResp};
use internal::Numbers;

/// Implements `trade.Order`.
#[derive(Debug, Default)]
pub(crate) struct Service {
    numbers: Numbers,
}

impl Order for Service {
    async fn place(&self, ctx: &Context, req: OrderPlace) -> Result<OrderPlaceResp> {
        if req.items.is_empty() {
            return Err(Error::invalid_argument("an order needs items"));
        }
        let mut total = 0.0;
        let mut products = Vec::new();
        for item in req.items {
            let get = ProductGet {
                id: item.product_id,
                ..Default::default()
            };
            // A remote call that reads like a local one: the deadline and the trace go along with `ctx`.
            let reply = common::product().get(ctx, get).await?;
            let product = reply
                .info
                .ok_or_else(|| Error::internal("product service sent no product"))?;
            total += product.price * f64::from(item.count);
            products.push(product);
        }
        Ok(OrderPlaceResp {
            order_id: self.numbers.next(),
            total,
            products,
        })
    }
}
