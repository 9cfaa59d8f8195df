//! The HTTP client of the exporter: a blocking one, since batches have a thread of their own.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{
    OTEL_EXPORTER_OTLP_TIMEOUT, OTEL_EXPORTER_OTLP_TIMEOUT_DEFAULT,
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT,
};
use ureq::Agent;

use super::variable;

/// The longest answer read: a few words on spans that were refused.
const MAX_ANSWER: u64 = 64 << 10;

/// Sends batches, and tells when it begins to fail.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    failing: AtomicBool,
}

impl Client {
    pub(super) fn new() -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(timeout()))
            // The exporter looks at the status, to try again or not.
            .http_status_as_error(false)
            .build();
        Self {
            agent: config.new_agent(),
            failing: AtomicBool::new(false),
        }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let uri = request.uri().clone();
        let answer = self.exchange(request);
        match &answer {
            Ok(answer) if answer.status().is_success() => {
                self.failing.store(false, Ordering::Relaxed);
            }
            Ok(answer) => self.failed(&uri, &answer.status()),
            Err(error) => self.failed(&uri, error),
        }
        answer
    }

    fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let answer = self.agent.run(Request::from_parts(head, &body[..]))?;
        let (head, mut body) = answer.into_parts();
        let body = body.with_config().limit(MAX_ANSWER).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }

    /// Tells of the first failure of a streak.
    fn failed(&self, uri: &Uri, error: &dyn std::fmt::Display) {
        if !self.failing.swap(true, Ordering::Relaxed) {
            let (host, port) = (uri.host().unwrap_or_default(), uri.port_u16());
            tracing::warn!(
                target: "ezrpc::otlp",
                host,
                port,
                "spans cannot be sent and may be lost: {error}; is this the collector's address for OTLP over HTTP?"
            );
        }
    }
}

impl HttpClient for Client {
    // What `async_trait` makes of an `async fn`.
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move { self.send(request) })
    }
}

/// How long one batch may take.
fn timeout() -> Duration {
    let names = [
        OTEL_EXPORTER_OTLP_TRACES_TIMEOUT,
        OTEL_EXPORTER_OTLP_TIMEOUT,
    ];
    let millis = names.iter().find_map(|name| variable(name)?.parse().ok());
    millis.map_or(OTEL_EXPORTER_OTLP_TIMEOUT_DEFAULT, Duration::from_millis)
}
