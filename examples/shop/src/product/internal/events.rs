//! Changes of products as a stream.

use ezrpc::{Error, Streaming};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::proto::common::ProductEvent;

/// The changes of product `id`, or of all for 0.
pub(crate) fn stream(mut events: Receiver<ProductEvent>, id: i64) -> Streaming<ProductEvent> {
    let (sender, stream) = Streaming::channel(1);
    tokio::spawn(async move {
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = sender.closed() => return,
            };
            let item = match event {
                Ok(event) if id != 0 && event.info.as_ref().is_none_or(|p| p.id != id) => continue,
                Ok(event) => Ok(event),
                Err(RecvError::Lagged(missed)) => Err(Error::resource_exhausted(format!(
                    "watcher is too slow: {missed} events missed"
                ))),
                Err(RecvError::Closed) => return,
            };
            let ended = item.is_err();
            if sender.send(item).await.is_err() || ended {
                return;
            }
        }
    });
    stream
}
