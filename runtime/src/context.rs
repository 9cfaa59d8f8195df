//! The context of one call: deadline, hop budget, peer, metadata, fields, cancellation.

mod call;
mod cancel;

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

pub(crate) use call::Outgoing;
use cancel::Cancel;

use crate::discovery::Clients;
use crate::error::Error;
use crate::metadata::Metadata;
use crate::method::{Method, Route, RouteInfo};
use crate::protocol::headers::TRACEPARENT;
use crate::protocol::trace::{Trace, TraceId};
use crate::tls::PeerCertificates;

/// The hop budget of a call that says nothing of it.
pub(crate) const DEFAULT_HOPS: u32 = 16;

/// The context of one call, the first argument of every method. Cloning is cheap.
///
/// A handler gets one per request; jobs and tests start with [`Context::background`]. A call made with
/// `&ctx` derives a child: what is left of the deadline, one hop less, the call path and the trace go
/// along. Inbound metadata (authorization, cookies) is never forwarded by itself.
#[derive(Clone)]
pub struct Context {
    inner: Arc<Inner>,
}

struct Inner {
    parent: Option<Context>,
    method: Option<&'static Method>,
    route: Option<&'static Route>,
    deadline: Option<Instant>,
    hops: u32,
    peer: Option<SocketAddr>,
    certificates: Option<PeerCertificates>,
    start: Instant,
    metadata: Metadata,
    outgoing: Option<Box<Outgoing>>,
    principal: OnceLock<Principal>,
    /// Read or made when somebody asks for it; of the outermost context only. Boxed, as most calls need none.
    trace: OnceLock<Box<Trace>>,
    /// Bytes of the request's body, if somebody counts them.
    received: AtomicU64,
    fields: Mutex<Vec<(Cow<'static, str>, String)>>,
    reply: Mutex<ReplyMetadata>,
    cancel: Cancel,
    clients: Option<Clients>,
}

/// Who calls, as the authenticator found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    name: Arc<str>,
}

impl Principal {
    /// Names the caller: a user or a service.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into() }
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Metadata of a reply: headers go before the first message, trailers after the last.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReplyMetadata {
    pub(crate) headers: Option<Metadata>,
    pub(crate) trailers: Option<Metadata>,
    /// The HTTP status of a reply that is no error, if not 200.
    pub(crate) status: Option<http::StatusCode>,
}

/// What the protocol read from a request's head.
pub(crate) struct Inbound {
    pub(crate) method: &'static Method,
    /// The binding whose path the request has; `None` on the RPC path.
    pub(crate) route: Option<&'static Route>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) hops: u32,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) certificates: Option<PeerCertificates>,
    pub(crate) start: Instant,
    pub(crate) metadata: Metadata,
}

impl Context {
    /// Starts from nothing: no deadline, the full hop budget, never cancelled. For jobs and tests.
    pub fn background() -> Self {
        Self::from_inner(Inner::new(Instant::now()))
    }

    pub(crate) fn inbound(request: Inbound) -> Self {
        let mut inner = Inner::new(request.start);
        inner.method = Some(request.method);
        inner.route = request.route;
        inner.deadline = request.deadline;
        inner.hops = request.hops;
        inner.peer = request.peer;
        inner.certificates = request.certificates;
        inner.metadata = request.metadata;
        Self::from_inner(inner)
    }

    fn from_inner(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Returns the facts of the method being served; `None` outside a handler.
    pub fn method(&self) -> Option<&'static Method> {
        self.inner.method
    }

    /// Returns which path of the method was called; `None` outside a handler.
    ///
    /// For labels of metrics and logs: its values are those of the schema, never what a caller made up.
    pub fn route(&self) -> Option<RouteInfo> {
        let (method, route) = (self.inner.method?, self.inner.route);
        Some(RouteInfo::new(method, route))
    }

    /// Returns when the call must be over; `None` if nobody set a limit.
    pub fn deadline(&self) -> Option<Instant> {
        self.inner.deadline
    }

    /// Returns how long the call may still take: zero once the deadline has passed, `None` without one.
    pub fn remaining(&self) -> Option<Duration> {
        let deadline = self.inner.deadline?;
        // By the runtime's clock, which a test may have paused.
        let now = tokio::time::Instant::now().into_std();
        Some(deadline.saturating_duration_since(now))
    }

    /// Returns how many further hops a call made from here may take.
    pub fn hops(&self) -> u32 {
        self.inner.hops
    }

    /// Returns the address of the caller's socket; `None` for local calls and outside a handler.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.inner.peer
    }

    /// Returns the certificates the caller has proved to have: with `ServerTls::client_ca`, over TLS.
    pub fn peer_certificates(&self) -> Option<&PeerCertificates> {
        self.inner.certificates.as_ref()
    }

    /// Returns when the request arrived, or the context was made.
    pub fn start(&self) -> Instant {
        self.inner.start
    }

    /// Returns the caller's metadata.
    pub fn metadata(&self) -> &Metadata {
        &self.inner.metadata
    }

    /// Returns who calls, if the authenticator found somebody.
    pub fn principal(&self) -> Option<&Principal> {
        self.inner.principal.get()
    }

    /// Sets who calls; the first one to say so wins.
    pub fn set_principal(&self, principal: Principal) {
        // A second principal is ignored on purpose: an inner layer must not change who was let in.
        let _ = self.inner.principal.set(principal);
    }

    /// Adds a field to the logs and errors of this call; the last value of a key wins.
    pub fn set_field(&self, key: impl Into<Cow<'static, str>>, value: impl fmt::Display) {
        let (key, value) = (key.into(), value.to_string());
        let mut fields = lock(&self.inner.fields);
        match fields.iter_mut().find(|(k, _)| *k == key) {
            Some(field) => field.1 = value,
            None => fields.push((key, value)),
        }
    }

    /// Returns the fields of this call and of those it derives from, outermost first.
    pub fn fields(&self) -> Vec<(Cow<'static, str>, String)> {
        let mut all = match &self.inner.parent {
            Some(parent) => parent.fields(),
            None => Vec::new(),
        };
        all.extend(lock(&self.inner.fields).iter().cloned());
        all
    }

    /// Returns the id of the trace the call belongs to: the caller's, or a new one.
    ///
    /// Calls made with this context go out under it, logs and errors tell it.
    pub fn trace_id(&self) -> TraceId {
        self.trace_context().id
    }

    pub(crate) fn trace_context(&self) -> &Trace {
        let origin = self.origin();
        origin.inner.trace.get_or_init(|| {
            let inbound = origin.inner.metadata.headers().get(TRACEPARENT);
            Box::new(Trace::read(inbound))
        })
    }

    /// The trace the request says it belongs to.
    #[cfg(feature = "otel")]
    pub(crate) fn inbound_trace(&self) -> Option<Trace> {
        let inbound = self.inner.metadata.headers().get(TRACEPARENT)?;
        Some(Trace::read(Some(inbound))).filter(|trace| trace.parent.is_some())
    }

    /// Makes calls from here on those of a span, unless somebody has asked for the trace before.
    #[cfg(feature = "otel")]
    pub(crate) fn set_trace(&self, trace: Trace) {
        // Whoever asked first was told another; that must stay true.
        let _ = self.inner.trace.set(Box::new(trace));
    }

    /// Counts bytes of the request's body.
    pub(crate) fn count_received(&self, bytes: usize) {
        let bytes = bytes as u64;
        self.inner.received.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The bytes counted so far.
    pub(crate) fn received(&self) -> u64 {
        self.inner.received.load(Ordering::Relaxed)
    }

    /// Records this line in the error, and adds the fields of this context, for `map_err(|e| ctx.trace(e))`.
    #[track_caller]
    pub fn trace(&self, error: impl Into<Error>) -> Error {
        let mut error = error.into().trace();
        error.push_fields(self.fields());
        error
    }

    /// Returns the metadata of this handler's reply, to be filled.
    pub fn reply(&self) -> Reply<'_> {
        Reply { context: self }
    }

    pub(crate) fn take_reply(&self) -> ReplyMetadata {
        std::mem::take(&mut *lock(&self.inner.reply))
    }

    /// Gives back trailers taken with headers that had to go first.
    pub(crate) fn restore_trailers(&self, trailers: Option<Metadata>) {
        if trailers.is_some() {
            lock(&self.inner.reply).trailers = trailers;
        }
    }

    pub(crate) fn set_reply(&self, reply: ReplyMetadata) {
        *lock(&self.inner.reply) = reply;
    }

    /// Completes when the caller is gone, gave up, or the deadline's work was dropped. Never without a caller.
    pub async fn cancelled(&self) {
        match &self.inner.parent {
            None => self.inner.cancel.wait().await,
            Some(parent) => {
                tokio::select! {
                    () = self.inner.cancel.wait() => {}
                    () = Box::pin(parent.cancelled()) => {}
                }
            }
        }
    }

    /// Returns whether the caller is gone.
    pub fn is_cancelled(&self) -> bool {
        self.inner.cancel.is_set()
            || self
                .inner
                .parent
                .as_ref()
                .is_some_and(Context::is_cancelled)
    }

    pub(crate) fn cancel(&self) {
        self.inner.cancel.set();
    }

    pub(crate) fn clients(&self) -> Option<&Clients> {
        match (&self.inner.clients, &self.inner.parent) {
            (Some(clients), _) => Some(clients),
            (None, Some(parent)) => parent.clients(),
            (None, None) => None,
        }
    }
}

impl Inner {
    fn new(start: Instant) -> Self {
        Self {
            parent: None,
            method: None,
            route: None,
            deadline: None,
            hops: DEFAULT_HOPS,
            peer: None,
            certificates: None,
            start,
            metadata: Metadata::new(),
            outgoing: None,
            principal: OnceLock::new(),
            trace: OnceLock::new(),
            received: AtomicU64::new(0),
            fields: Mutex::new(Vec::new()),
            reply: Mutex::new(ReplyMetadata::default()),
            cancel: Cancel::new(),
            clients: None,
        }
    }
}

/// The metadata of a handler's reply.
#[derive(Debug)]
pub struct Reply<'a> {
    context: &'a Context,
}

impl Reply<'_> {
    /// Adds a header, sent before the first message.
    ///
    /// # Errors
    /// As [`Metadata::append`].
    pub fn header(&self, name: &str, value: impl AsRef<str>) -> crate::Result<()> {
        let mut reply = lock(&self.context.inner.reply);
        reply.headers.get_or_insert_default().append(name, value)
    }

    /// Adds a trailer, sent after the last message.
    ///
    /// # Errors
    /// As [`Metadata::append`].
    pub fn trailer(&self, name: &str, value: impl AsRef<str>) -> crate::Result<()> {
        let mut reply = lock(&self.context.inner.reply);
        reply.trailers.get_or_insert_default().append(name, value)
    }

    /// Sets the HTTP status of a reply that goes well, in place of 200: 201 beside a `location` header, say.
    ///
    /// After 204, 205 and 304 comes no body. Callers of gRPC, gRPC-Web and Connect see nothing of it. The status of an
    /// error is [`Error::with_http_status`].
    ///
    /// ```
    /// # use ezrpc::{Context, Result};
    /// fn created(ctx: &Context, id: u64) -> Result<()> {
    ///     ctx.reply().status(201)?;
    ///     ctx.reply().header("location", format!("/v1/books/{id}"))
    /// }
    /// # created(&Context::background(), 7).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) for anything but 200 to 399.
    pub fn status(&self, status: u16) -> crate::Result<()> {
        let fits = (200..400).contains(&status);
        let status = http::StatusCode::from_u16(status).ok().filter(|_| fits);
        if status.is_none() {
            return Err(Error::invalid_argument(
                "the HTTP status of a reply is 200 to 399: return an error for the others",
            ));
        }
        lock(&self.context.inner.reply).status = status;
        Ok(())
    }

    /// Changes the headers as a whole, binary values among them.
    pub fn with_headers<T>(&self, change: impl FnOnce(&mut Metadata) -> T) -> T {
        let mut reply = lock(&self.context.inner.reply);
        change(reply.headers.get_or_insert_default())
    }

    /// Changes the trailers as a whole.
    pub fn with_trailers<T>(&self, change: impl FnOnce(&mut Metadata) -> T) -> T {
        let mut reply = lock(&self.context.inner.reply);
        change(reply.trailers.get_or_insert_default())
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("method", &self.inner.method.map(Method::path))
            .field("deadline", &self.inner.deadline)
            .field("hops", &self.inner.hops)
            .field("peer", &self.inner.peer)
            .finish_non_exhaustive()
    }
}

/// Locks, also after a panic elsewhere: the data is replaced whole or appended to, never left half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
