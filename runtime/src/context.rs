//! The context of one call: deadline, hop budget, peer, metadata, fields, cancellation.

mod call;
mod cancel;
mod fields;
mod principal;
mod reply;
mod scope;

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

pub(crate) use call::Outgoing;
use cancel::Cancel;
#[cfg(feature = "log")]
pub(crate) use fields::is_plain;
pub(crate) use fields::write as write_fields;
pub use principal::Principal;
pub use reply::Reply;
pub(crate) use reply::ReplyMetadata;
pub(crate) use scope::Scope;
#[cfg(feature = "otel")]
pub(crate) use scope::Traced;

use crate::discovery::Clients;
use crate::error::Error;
use crate::metadata::Metadata;
use crate::method::{Method, Route, RouteInfo};
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
    by_caller: ByCaller,
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
    /// What is current while the code of the call runs; `None` if nobody records it.
    scope: OnceLock<scope::Kept>,
}

/// Which limits of a call are the caller's choice and not the server's.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ByCaller {
    pub(crate) deadline: bool,
    pub(crate) hops: bool,
}

/// What the protocol read from a request's head.
pub(crate) struct Inbound {
    pub(crate) method: &'static Method,
    /// The binding whose path the request has; `None` on the RPC path.
    pub(crate) route: Option<&'static Route>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) by_caller: ByCaller,
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
        inner.by_caller = request.by_caller;
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

    /// What of the call's limits the caller has set.
    pub(crate) fn by_caller(&self) -> ByCaller {
        self.origin().inner.by_caller
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

    /// Returns the address of the caller's socket; `None` outside a handler. In a local call it is that of the call that
    /// came from outside.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.origin().inner.peer
    }

    /// Returns the certificates the caller has proved to have: with `ServerTls::client_ca`, over TLS.
    pub fn peer_certificates(&self) -> Option<&PeerCertificates> {
        self.origin().inner.certificates.as_ref()
    }

    /// Returns when the request arrived, or the context was made.
    pub fn start(&self) -> Instant {
        self.inner.start
    }

    /// Returns the caller's metadata; of a context derived for a call, that of the handler's caller.
    pub fn metadata(&self) -> &Metadata {
        &self.origin().inner.metadata
    }

    /// Returns the id of the trace the call belongs to: the caller's, or a new one.
    ///
    /// Calls made with this context go out under it, logs and errors tell it.
    ///
    /// Where spans are recorded (feature `otel`), that of a job is the trace of the span that is current, if there is one;
    /// otherwise that of its first call, which those after it join. A job that asks before its first call is told a trace
    /// that its recorded calls are not of, as only a span can begin one that a sampler decides on: begin one for the job.
    pub fn trace_id(&self) -> TraceId {
        self.trace_context().id
    }

    /// The trace that calls made with this context belong to.
    pub(crate) fn trace_context(&self) -> Cow<'_, Trace> {
        let origin = self.origin();
        #[cfg(feature = "otel")]
        if origin.method().is_none()
            && let Some(current) = crate::observe::current_trace()
        {
            return Cow::Owned(current);
        }
        Cow::Borrowed(origin.settle_trace(|| None))
    }

    /// The trace as it is, or as it is settled now: as somebody says, or as the request does.
    pub(crate) fn settle_trace(&self, new: impl FnOnce() -> Option<Trace>) -> &Trace {
        let inner = &self.origin().inner;
        inner.trace.get_or_init(|| {
            let trace = new().unwrap_or_else(|| Trace::read(inner.metadata.headers()));
            Box::new(trace)
        })
    }

    /// The trace the request says it belongs to.
    #[cfg(feature = "otel")]
    pub(crate) fn inbound_trace(&self) -> Option<Trace> {
        Some(Trace::read(self.metadata().headers())).filter(|trace| trace.parent.is_some())
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

    /// Completes when the caller is gone or the deadline has passed. Never without a caller and a deadline.
    ///
    /// A handler that is waited for need not look at it, as it is dropped then; what it has spawned does.
    pub async fn cancelled(&self) {
        match self.inner.deadline {
            // Timers need a runtime.
            Some(deadline) if tokio::runtime::Handle::try_current().is_ok() => {
                tokio::select! {
                    () = self.caller_gone() => {}
                    () = tokio::time::sleep_until(deadline.into()) => {}
                }
            }
            _ => self.caller_gone().await,
        }
    }

    /// Returns whether the caller is gone or the deadline has passed.
    pub fn is_cancelled(&self) -> bool {
        self.is_caller_gone() || self.remaining() == Some(Duration::ZERO)
    }

    /// Completes when the caller is gone.
    pub(crate) async fn caller_gone(&self) {
        self.origin().inner.cancel.wait().await;
    }

    pub(crate) fn is_caller_gone(&self) -> bool {
        self.origin().inner.cancel.is_set()
    }

    pub(crate) fn cancel(&self) {
        self.inner.cancel.set();
    }

    pub(crate) fn clients(&self) -> Option<&Clients> {
        self.line()
            .find_map(|context| context.inner.clients.as_ref())
    }
}

impl Inner {
    fn new(start: Instant) -> Self {
        Self {
            parent: None,
            method: None,
            route: None,
            deadline: None,
            by_caller: ByCaller::default(),
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
            scope: OnceLock::new(),
        }
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
