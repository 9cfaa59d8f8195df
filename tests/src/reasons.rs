//! A service that fails for the reasons of its proto, or passes on what another one says.

use ezrpc::{Context, Error, Result, Streaming};

use crate::proto::e2e::reasons::{self, NewerShopError, Order, ShopClient, ShopError};

/// The service.
#[derive(Debug, Clone, Default)]
pub struct Shop {
    next: Option<ShopClient>,
}

impl Shop {
    /// Makes one that asks another one.
    pub fn in_front_of(next: ShopClient) -> Self {
        Self { next: Some(next) }
    }
}

/// The error that is asked for; a number that no enum has asks for one that is made by hand.
fn failure(order: Order) -> Error {
    let number = order.fail_with;
    let error = match (
        ShopError::try_from(number),
        NewerShopError::try_from(number),
    ) {
        (Ok(reason), _) if !order.message.is_empty() => reason.with_message(order.message),
        (Ok(reason), _) => reason.error(),
        (_, Ok(newer)) => newer.error(),
        _ => Error::not_found("by hand")
            .with_reason("e2e.hand", "GONE")
            .with_http_status(410),
    };
    let error = error.with_metadata("failWith", number.to_string());
    (0..order.places).fold(error, |error, _| error.trace())
}

impl reasons::Shop for Shop {
    async fn buy(&self, ctx: &Context, req: Order) -> Result<Order> {
        match &self.next {
            Some(next) => next.buy(ctx, req).await,
            None => Err(failure(req)),
        }
    }

    async fn watch(&self, ctx: &Context, req: Order) -> Result<Streaming<Order>> {
        match &self.next {
            Some(next) => next.watch(ctx, req).await,
            None => {
                let (sender, orders) = Streaming::channel(2);
                for order in [Ok(Order::default()), Err(failure(req))] {
                    // There is room for both.
                    let _ = sender.try_send(order);
                }
                Ok(orders)
            }
        }
    }
}
