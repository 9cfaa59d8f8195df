//! What one call may take and says: deadline, hop budget, metadata, the place it was made at.

use std::future::{Future, pending};
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Instant;

use http::uri::PathAndQuery;
use http::{HeaderMap, Method as HttpMethod, Request, Uri, Version};
use tokio::runtime::Handle;
use tokio::time::{Sleep, sleep_until};

use super::channel::Options;
use super::endpoint::Origin;
use crate::context::{Context, ReplyMetadata};
use crate::error::{Code, Error, Frame, Result};
use crate::metadata::Metadata;
use crate::method::{Method, Timeout};
use crate::protocol::compression::Encoding;
use crate::protocol::outbound;
use crate::protocol::reply::deadline_exceeded;
use crate::protocol::trace::Said;

/// One call, before it is known where it goes.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) ctx: Context,
    pub(super) method: &'static Method,
    pub(super) deadline: Option<Instant>,
    pub(super) max_message: usize,
    pub(super) compress: Option<Encoding>,
    /// Whether the reply's metadata is nobody's business.
    pub(super) quiet: bool,
    /// What the call's span says, if there is one.
    pub(super) trace: Option<Arc<Said>>,
}

impl Plan {
    pub(super) fn new(options: &Options, method: &'static Method, ctx: &Context) -> Self {
        let limit = match method.timeout() {
            Timeout::Limit(limit) => Some(limit),
            Timeout::None => None,
            Timeout::Unset => options.timeout,
        };
        // A limit too long for the clock is none.
        let own = limit.and_then(|limit| now().checked_add(limit));
        Self {
            ctx: ctx.clone(),
            method,
            deadline: match (ctx.deadline(), own) {
                (Some(outer), Some(own)) => Some(outer.min(own)),
                (outer, own) => outer.or(own),
            },
            max_message: options.max_message,
            compress: options.compress,
            quiet: false,
            trace: None,
        }
    }

    /// Writes the request's head for an endpoint.
    ///
    /// # Errors
    /// As [`outbound::common`].
    pub(super) fn request(&self, origin: &Origin) -> Result<Request<()>> {
        let mut headers = self.headers()?;
        let left = self.deadline.map(|at| at.saturating_duration_since(now()));
        outbound::grpc(&mut headers, left, self.compress);
        let mut request = Request::new(());
        *request.method_mut() = HttpMethod::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = uri(origin, PathAndQuery::from_static(self.method.path()));
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// What goes along, over whatever transport.
    pub(super) fn headers(&self) -> Result<HeaderMap> {
        let mut headers = outbound::common(&self.ctx, self.method)?;
        if let Some(said) = &self.trace {
            said.write(&mut headers);
        }
        Ok(headers)
    }

    /// Runs until the deadline, or until the caller is gone.
    pub(super) async fn limit<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.check()?;
        let cancellable = self.is_cancellable();
        if self.deadline.is_none() && !cancellable {
            return work.await;
        }
        if Handle::try_current().is_err() {
            return Err(no_runtime());
        }
        let expired = async {
            match self.deadline {
                Some(deadline) => sleep_until(deadline.into()).await,
                None => pending().await,
            }
        };
        let cancelled = async {
            match cancellable {
                true => self.ctx.caller_gone().await,
                false => pending().await,
            }
        };
        tokio::select! {
            biased;
            result = work => result,
            () = expired => Err(deadline_exceeded()),
            () = cancelled => Err(caller_gone()),
        }
    }

    fn check(&self) -> Result<()> {
        if self.ctx.is_caller_gone() {
            return Err(caller_gone());
        }
        match self.deadline {
            Some(deadline) if deadline <= now() => Err(deadline_exceeded()),
            _ => Ok(()),
        }
    }

    /// Only a request being served has a caller who can go.
    fn is_cancellable(&self) -> bool {
        self.ctx.origin().method().is_some()
    }

    /// Gives the reply's metadata to the caller, if the context was made for this call.
    pub(super) fn set_reply(&self, headers: HeaderMap, trailers: Option<HeaderMap>) {
        if self.ctx.is_call() && !self.quiet {
            self.ctx.set_reply(ReplyMetadata {
                headers: Some(Metadata::from_headers(headers)),
                trailers: trailers.map(Metadata::from_headers),
                status: None,
            });
        }
    }

    /// The limits of the stream of replies that the call has become.
    pub(super) fn watchdog(&self) -> Watchdog {
        let ctx = self.ctx.clone();
        Watchdog {
            deadline: self.deadline.map(|at| Box::pin(sleep_until(at.into()))),
            cancelled: match self.is_cancellable() {
                true => Some(Box::pin(async move { ctx.caller_gone().await })),
                false => None,
            },
        }
    }
}

/// Puts a request's address together without parsing it.
pub(super) fn uri(origin: &Origin, path: PathAndQuery) -> Uri {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(origin.scheme.clone());
    parts.authority = Some(origin.authority.clone());
    parts.path_and_query = Some(path);
    // All three parts are there, which is all that is asked.
    Uri::from_parts(parts).unwrap_or_default()
}

/// The time by the runtime's clock, which a test may have paused.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The error of a call that needs timers or sockets where there are none.
pub(super) fn no_runtime() -> Error {
    Error::bare(Code::Internal, "a call needs a tokio runtime to run in")
}

fn caller_gone() -> Error {
    Error::bare(Code::Canceled, "the caller is gone")
}

/// Ends a stream at its deadline, or when the caller is gone.
pub(super) struct Watchdog {
    deadline: Option<Pin<Box<Sleep>>>,
    cancelled: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Watchdog {
    /// Says why the stream must end now.
    pub(super) fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Error> {
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(deadline_exceeded());
        }
        match &mut self.cancelled {
            Some(cancelled) => cancelled.as_mut().poll(cx).map(|()| caller_gone()),
            None => Poll::Pending,
        }
    }
}

/// Where in the code a call was made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site {
    pub(super) method: &'static Method,
    pub(super) at: &'static Location<'static>,
}

impl Site {
    /// Records the place in an error that passes it.
    pub(super) fn passed(self, mut error: Error) -> Error {
        let rpc = self.method.path().trim_start_matches('/');
        error.push_frame(Frame::at(rpc, self.at));
        error
    }
}
