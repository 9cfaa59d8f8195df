//! One envelope to the ingest endpoint, within a time limit.

use std::time::Duration;

use ::sentry::client_report::Reason;
use ::sentry::transports::{RateLimiter, RateLimitingCategory};
use ::sentry::types::{Dsn, Scheme};
use ::sentry::{Envelope, TransportOptions};
use http::header::RETRY_AFTER;
use http::{HeaderName, StatusCode, Uri};
use ureq::http::Response;
use ureq::tls::{TlsConfig, TlsProvider};
use ureq::{Agent, Body, Proxy};

use super::transport::Lost;
use crate::error::Code;
use crate::protocol::headers::{SENTRY_AUTH, SENTRY_RATE_LIMITS};

/// How long a request may take, from the name of the host to the last byte of the answer.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// The way to an ingest endpoint, and how much it takes.
pub(super) struct Post {
    agent: Agent,
    url: String,
    auth: String,
    limits: RateLimiter,
}

impl Post {
    pub(super) fn new(options: &TransportOptions) -> Self {
        let (dsn, agent) = (&options.dsn, Some(options.user_agent.as_ref()));
        Self {
            agent: self::agent(options),
            url: dsn.envelope_api_url().to_string(),
            auth: dsn.to_auth(agent).to_string(),
            limits: RateLimiter::new(),
        }
    }

    /// Sends one, or tells why not.
    pub(super) fn send(&mut self, envelope: &Envelope, lost: &Lost) {
        if let Some(wait) = self.limits.is_disabled(RateLimitingCategory::Error) {
            let why = format_args!("Sentry takes none for {} s", wait.as_secs());
            return lost.tell(envelope, Reason::RatelimitBackoff, why);
        }
        let mut body = Vec::new();
        if let Err(error) = envelope.to_writer(&mut body) {
            return lost.tell(envelope, Reason::InternalError, format_args!("{error}"));
        }
        let request = self.agent.post(&self.url).header(SENTRY_AUTH, &self.auth);
        match request.send(&body) {
            Ok(answer) => self.heed(answer, envelope, lost),
            // Of the connection: it has no part of the request.
            Err(error) => lost.tell(envelope, Reason::NetworkError, format_args!("{error}")),
        }
    }

    fn heed(&mut self, mut answer: Response<Body>, envelope: &Envelope, lost: &Lost) {
        let status = answer.status();
        let said = |name: HeaderName| answer.headers().get(name)?.to_str().ok();
        if let Some(limits) = said(SENTRY_RATE_LIMITS) {
            self.limits.update_from_sentry_header(limits);
        } else if let Some(after) = said(RETRY_AFTER) {
            self.limits.update_from_retry_after(after);
        } else if is_too_many(status) {
            self.limits.update_from_429();
        }
        // Read to its end, so that the connection serves again; what it says is of no use.
        let _ = answer.body_mut().read_to_vec();
        if is_too_many(status) {
            // Sentry has counted it itself.
            lost.warn(format_args!("Sentry answered {status}"));
        } else if !status.is_success() {
            let why = format_args!("Sentry answered {status}");
            lost.tell(envelope, Reason::SendError, why);
        }
    }
}

fn is_too_many(status: StatusCode) -> bool {
    status.as_u16() == Code::ResourceExhausted.http_status()
}

fn agent(options: &TransportOptions) -> Agent {
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .disable_verification(options.accept_invalid_certs);
    let proxy = match options.dsn.scheme() {
        Scheme::Https => options.https_proxy.as_ref().or(options.http_proxy.as_ref()),
        Scheme::Http => options.http_proxy.as_ref(),
    };
    // Which is from the environment. There `NO_PROXY` counts too, which `Proxy::new` does not read.
    let proxy = proxy.filter(|_| !goes_direct(&options.dsn));
    let config = Agent::config_builder()
        .tls_config(tls.build())
        .proxy(proxy.and_then(|proxy| Proxy::new(proxy).ok()))
        .http_status_as_error(false)
        .timeout_global(Some(LIMIT));
    config.build().new_agent()
}

/// Whether `NO_PROXY` names the host.
fn goes_direct(dsn: &Dsn) -> bool {
    let uri = dsn.envelope_api_url().as_str().parse::<Uri>();
    let proxy = Proxy::try_from_env();
    proxy.is_some_and(|proxy| uri.is_ok_and(|uri| proxy.is_no_proxy(&uri)))
}
