//! grpc.health.v1: whether the server and each of its services take calls.
//!
//! Source: <https://github.com/grpc/grpc/blob/master/doc/health-checking.md>.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use futures_core::Stream;
use tokio::sync::watch;

use crate::call::{Call, CallFuture, Service};
use crate::context::Context;
use crate::descriptor::Package;
use crate::error::{Error, Result};
use crate::grpc_types::health::health_check_response::ServingStatus;
use crate::grpc_types::health::{self, HealthCheckRequest, HealthCheckResponse};
use crate::method::{Method, ServiceDesc, Shape};
use crate::stream::Streaming;

static HEALTH_SERVICE: ServiceDesc = ServiceDesc::new(
    "grpc.health.v1.Health",
    &[
        Method::new("/grpc.health.v1.Health/Check", Shape::Unary).no_side_effects(),
        Method::new("/grpc.health.v1.Health/Watch", Shape::ServerStreaming),
    ],
);

/// Whether a method is one of ours.
pub(super) fn is_health(method: &'static Method) -> bool {
    let ours = HEALTH_SERVICE.methods();
    ours.iter().any(|own| std::ptr::eq(own, method))
}

/// What is known of each service.
#[derive(Debug, Clone)]
struct Statuses {
    services: BTreeMap<String, ServingStatus>,
    /// The server stops: nothing changes any more.
    stopping: bool,
}

/// What a server says of its health. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Health {
    statuses: Arc<watch::Sender<Statuses>>,
}

impl Health {
    /// Knows the server as a whole (the empty name) and `services`, all serving.
    pub(crate) fn new<'a>(services: impl Iterator<Item = &'a str>) -> Self {
        let names = std::iter::once("").chain(services);
        let statuses = names.map(|name| (name.to_owned(), ServingStatus::Serving));
        Self {
            statuses: Arc::new(watch::Sender::new(Statuses {
                services: statuses.collect(),
                stopping: false,
            })),
        }
    }

    /// Says whether a service takes calls; the empty name is the whole server. Once the server stops nothing changes any
    /// more.
    pub fn set(&self, service: &str, serving: bool) {
        let status = match serving {
            true => ServingStatus::Serving,
            false => ServingStatus::NotServing,
        };
        self.statuses.send_if_modified(|statuses| {
            if statuses.stopping {
                return false;
            }
            statuses.services.insert(service.to_owned(), status);
            true
        });
    }

    /// What is said of each service, sorted by name; first of the server as a whole, by the empty name.
    pub(crate) fn all(&self) -> Vec<(String, bool)> {
        let statuses = self.statuses.borrow();
        let services = statuses.services.iter();
        services
            .map(|(name, status)| (name.clone(), *status == ServingStatus::Serving))
            .collect()
    }

    /// Waits until the server as a whole takes calls.
    pub(crate) async fn serving(&self) {
        let is_serving =
            |statuses: &Statuses| statuses.services.get("") == Some(&ServingStatus::Serving);
        // Fails only without a sender, and there is one in `self`.
        let _ = self.statuses.subscribe().wait_for(is_serving).await;
    }

    /// Says that nothing takes calls any more; watches end with it, as the server waits for what is under way.
    pub(crate) fn shut_down(&self) {
        self.statuses.send_modify(|statuses| {
            statuses.stopping = true;
            for status in statuses.services.values_mut() {
                *status = ServingStatus::NotServing;
            }
        });
    }

    fn check(&self, service: &str) -> Result<HealthCheckResponse> {
        match self.statuses.borrow().services.get(service) {
            Some(&status) => Ok(response(status)),
            None => Err(Error::not_found(format!("unknown service `{service}`"))),
        }
    }

    fn watch(&self, service: String) -> Streaming<HealthCheckResponse> {
        Streaming::new(Watch {
            changes: Changes::new(self.statuses.subscribe()),
            service,
            last: None,
            over: false,
        })
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

impl Service for Health {
    fn desc(&self) -> &'static ServiceDesc {
        &HEALTH_SERVICE
    }

    fn package(&self) -> Option<&'static Package> {
        Some(health::descriptors())
    }

    fn call(&self, method: usize, call: Call) -> CallFuture {
        let own = self.clone();
        match method {
            0 => call.unary(move |_: Context, request: HealthCheckRequest| async move {
                own.check(&request.service)
            }),
            1 => call.server_streaming(move |_: Context, request: HealthCheckRequest| async move {
                Ok(own.watch(request.service))
            }),
            _ => call.unimplemented(),
        }
    }
}

/// A watch channel as a poll function.
struct Changes {
    next: Pin<Box<dyn Future<Output = Change> + Send>>,
}

/// The statuses after a change, and the receiver back; `None` at the end.
type Change = Option<(Statuses, watch::Receiver<Statuses>)>;

impl Changes {
    fn new(mut receiver: watch::Receiver<Statuses>) -> Self {
        receiver.mark_changed();
        Self {
            next: Box::pin(Self::wait(receiver)),
        }
    }

    async fn wait(mut receiver: watch::Receiver<Statuses>) -> Change {
        receiver.changed().await.ok()?;
        let statuses = receiver.borrow_and_update().clone();
        Some((statuses, receiver))
    }

    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Statuses>> {
        let Some((statuses, receiver)) = std::task::ready!(self.next.as_mut().poll(cx)) else {
            return Poll::Ready(None);
        };
        self.next = Box::pin(Self::wait(receiver));
        Poll::Ready(Some(statuses))
    }
}

/// The status of one service: now, and at each change until the server stops.
struct Watch {
    changes: Changes,
    service: String,
    last: Option<ServingStatus>,
    over: bool,
}

impl Stream for Watch {
    type Item = Result<HealthCheckResponse>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        while !self.over {
            let Some(statuses) = std::task::ready!(self.changes.poll(cx)) else {
                return Poll::Ready(None);
            };
            self.over = statuses.stopping;
            // A service not known yet may come; the stream stays open, as the protocol asks.
            let status = statuses.services.get(&self.service).copied();
            let status = status.unwrap_or(ServingStatus::ServiceUnknown);
            if self.last.replace(status) != Some(status) {
                return Poll::Ready(Some(Ok(response(status))));
            }
        }
        Poll::Ready(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn watches_end_when_the_server_stops() {
        let health = Health::new(std::iter::once("a.A"));
        let mut watches = [health.watch("a.A".into()), health.watch("no.Such".into())];
        let mut seen = Vec::new();
        for watch in &mut watches {
            seen.push(watch.message().await.map(|m| m.map(|m| m.status)));
        }
        health.shut_down();
        // A check of the application's own may still run.
        health.set("a.A", true);
        for watch in watches {
            let rest = watch.collect().await;
            seen.push(rest.map(|all| all.last().map(|m| m.status)));
        }
        let seen: Vec<_> = seen
            .into_iter()
            .map(|status| status.ok().flatten())
            .collect();
        assert_eq!(seen, [Some(1), Some(3), Some(2), None]);
    }
}
