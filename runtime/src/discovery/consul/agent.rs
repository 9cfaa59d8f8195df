//! The agent's HTTP API: short calls over a few connections that are kept, blocking queries over one each.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, USER_AGENT};
use http::{HeaderValue, Method, Request, Response};
use http_body_util::Full;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::config::Access;
use super::connection::Connection;
use crate::error::{Code, Error, Result};
use crate::protocol::consul;

/// How many short calls are under way at a time; others wait.
pub(super) const SHORT_CALLS: usize = 8;
/// How many of them are not for reads of the catalog, of which there may be hundreds at a time: a heartbeat has to come in time.
const RESERVED: usize = 2;
/// How long a short call may take.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a connection without calls is kept; Consul closes it after two minutes.
const IDLE: Duration = Duration::from_secs(30);

const PRODUCT: HeaderValue = HeaderValue::from_static(concat!("ezrpc/", env!("CARGO_PKG_VERSION")));

/// Who is asked.
pub(super) struct Agent {
    access: Access,
    idle: Mutex<Vec<(Connection, Instant)>>,
    calls: Semaphore,
    /// Those of the calls that do not go before others.
    reads: Semaphore,
}

/// Why a call that was not refused has failed, as the cause of its error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outage {
    /// There was no HTTP answer.
    Silent,
    /// The agent answers that it cannot, most often for want of a leader.
    Failing,
}

impl Outage {
    /// What an error says of this; `None` for a refusal, or an answer that cannot be read.
    pub(super) fn of(error: &Error) -> Option<Self> {
        error.cause()?.downcast_ref().copied()
    }
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silent => "no answer",
            Self::Failing => "the agent cannot answer",
        })
    }
}

impl std::error::Error for Outage {}

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    /// With the query: `/v1/agent/self`.
    pub(super) path: String,
    pub(super) body: Bytes,
    pub(super) timeout: Duration,
    /// Whether it goes before reads of the catalog.
    first: bool,
}

impl Call {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            body: Bytes::new(),
            timeout: CALL_TIMEOUT,
            first: false,
        }
    }

    pub(super) fn put(path: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            method: Method::PUT,
            body: body.into(),
            first: true,
            ..Self::get(path)
        }
    }

    /// Lets it go before reads of the catalog, as writes do.
    pub(super) fn first(mut self) -> Self {
        self.first = true;
        self
    }

    pub(super) fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// What Consul says.
#[derive(Debug)]
pub(super) struct Answer {
    /// What a blocking query waits to see exceeded; 0 if there is none.
    pub(super) index: u64,
    pub(super) body: Bytes,
}

impl Agent {
    pub(super) fn new(access: Access) -> Self {
        Self {
            access,
            idle: Mutex::new(Vec::new()),
            calls: Semaphore::new(SHORT_CALLS),
            reads: Semaphore::new(SHORT_CALLS - RESERVED),
        }
    }

    pub(super) fn access(&self) -> &Access {
        &self.access
    }

    /// Makes a short call, over a connection that is kept. Its time includes that of waiting for other calls.
    ///
    /// # Errors
    /// [`Code::Unavailable`] if there is no answer, else as [`consul::refusal`].
    pub(super) async fn call(&self, call: Call) -> Result<Answer> {
        let exchange = async {
            // Neither fails: the semaphores are not closed.
            let _read = match call.first {
                true => None,
                false => self.reads.acquire().await.ok(),
            };
            let _call = self.calls.acquire().await;
            self.exchange(&call).await
        };
        let answer = timeout(call.timeout, exchange).await;
        let answer = answer.unwrap_or_else(|_| Err(no_answer(&call)));
        self.judge(&call, answer)
    }

    async fn exchange(&self, call: &Call) -> Result<Response<Bytes>, String> {
        // One that was kept may have been closed meanwhile, which shows only now. All calls may be made twice.
        while let Some(mut connection) = self.take() {
            if let Ok((answer, more)) = connection.send(self.request(call)?).await {
                self.keep(connection, more);
                return Ok(answer);
            }
        }
        let mut connection = self.connect().await?;
        let (answer, more) = connection.send(self.request(call)?).await?;
        self.keep(connection, more);
        Ok(answer)
    }

    /// Makes a call over a connection of its own, which is opened if there is none yet and closed if it fails.
    ///
    /// # Errors
    /// As [`Agent::call`].
    pub(super) async fn query(&self, line: &mut Option<Connection>, call: Call) -> Result<Answer> {
        let exchange = async {
            if let Some(mut connection) = line.take()
                && let Ok((answer, more)) = connection.send(self.request(&call)?).await
            {
                *line = more.then_some(connection);
                return Ok(answer);
            }
            let mut connection = self.connect().await?;
            let (answer, more) = connection.send(self.request(&call)?).await?;
            *line = more.then_some(connection);
            Ok(answer)
        };
        let answer = timeout(call.timeout, exchange).await;
        let answer = answer.unwrap_or_else(|_| Err(no_answer(&call)));
        self.judge(&call, answer)
    }

    async fn connect(&self) -> Result<Connection, String> {
        let opened = timeout(CONNECT_TIMEOUT, Connection::open(&self.access)).await;
        opened.unwrap_or_else(|_| Err(format!("cannot connect within {CONNECT_TIMEOUT:?}")))
    }

    fn request(&self, call: &Call) -> Result<Request<Full<Bytes>>, String> {
        let uri = format!("{}{}", self.access.address.prefix, call.path);
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(uri)
            .header(HOST, self.access.address.host())
            .header(USER_AGENT, PRODUCT);
        if let Some(token) = &self.access.token {
            request = request.header(consul::TOKEN, token.reveal());
        }
        if let Some(basic) = &self.access.basic {
            request = request.header(AUTHORIZATION, basic.reveal());
        }
        let request = request.body(Full::new(call.body.clone()));
        request.map_err(|error| format!("the request cannot be written: {error}"))
    }

    fn judge(&self, call: &Call, answer: Result<Response<Bytes>, String>) -> Result<Answer> {
        let answer = answer.map_err(|text| {
            let address = &self.access.address;
            let text = format!("Consul at {address}: {text}");
            Error::bare(Code::Unavailable, text)
                .inside()
                .with_cause(Outage::Silent)
        })?;
        let status = answer.status();
        if !status.is_success() {
            let error = consul::refusal(status, &call.method, &call.path, answer.body());
            return Err(match error.code() {
                Code::Unavailable => error.with_cause(Outage::Failing),
                _ => error,
            });
        }
        Ok(Answer {
            index: consul::index(answer.headers()),
            body: answer.into_body(),
        })
    }

    fn take(&self) -> Option<Connection> {
        let mut idle = self.lock();
        idle.retain(|(_, since)| since.elapsed() < IDLE);
        idle.pop().map(|(connection, _)| connection)
    }

    fn keep(&self, connection: Connection, more: bool) {
        if more {
            self.lock().push((connection, Instant::now()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Connection, Instant)>> {
        // A list of connections is whole after each change, so a panic elsewhere leaves it usable.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_answer(call: &Call) -> String {
    let path = call.path.split('?').next().unwrap_or_default();
    format!(
        "no answer to {} {path} within {:?}",
        call.method, call.timeout
    )
}
