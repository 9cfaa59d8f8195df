//! The response of a request, while its call runs.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use http::{HeaderValue, Method, Request, Response};
use tokio::time::Sleep;

use crate::body::Body;
use crate::call::CallFuture;
use crate::context::Context;
use crate::error::Result;
use crate::observe::Watch;
use crate::panics::{self, Shielded};
use crate::protocol::reply::{Responder, Underway, deadline_exceeded};
use crate::protocol::webapi::cors::CorsPolicy;
use crate::protocol::webapi::routes;
use crate::reply::Reply;

/// The response of one request, under way.
pub struct ServeFuture {
    state: State,
    /// What is still done to the response; boxed, as most need nothing.
    finish: Option<Box<Finish>>,
}

enum State {
    /// Boxed, as it is rare: what is not there need not be moved about.
    Ready(Option<Box<Response<Body>>>),
    Running(Running),
    Foreign(Pin<Box<dyn Future<Output = Response<Body>> + Send>>),
}

pub(super) struct Running {
    pub(super) call: Shielded<CallFuture>,
    pub(super) context: Context,
    /// Taken when the response is written.
    pub(super) responder: Option<Responder>,
    pub(super) deadline: Option<Pin<Box<Sleep>>>,
    /// `None` if nobody is told of the call.
    pub(super) watch: Option<Box<Watch>>,
}

impl ServeFuture {
    pub(crate) fn ready(response: Response<Body>) -> Self {
        Self {
            state: State::Ready(Some(Box::new(response))),
            finish: None,
        }
    }

    pub(super) fn running(running: Running) -> Self {
        Self {
            state: State::Running(running),
            finish: None,
        }
    }

    pub(crate) fn foreign(response: impl Future<Output = Response<Body>> + Send + 'static) -> Self {
        Self {
            state: State::Foreign(Box::pin(response)),
            finish: None,
        }
    }

    /// Sets what is done to the response, unless another make's service gives it.
    pub(super) fn finished(mut self, finish: Option<Box<Finish>>) -> Self {
        if !matches!(self.state, State::Foreign(_)) {
            self.finish = finish;
        }
        self
    }
}

/// What the kind of the request asks of any response to it.
pub(super) struct Finish {
    /// It is a HEAD.
    head: bool,
    cors: Option<(Arc<CorsPolicy>, Option<HeaderValue>)>,
}

impl Finish {
    /// `None` for nearly all requests.
    pub(super) fn of<B>(request: &Request<B>, cors: Option<&Arc<CorsPolicy>>) -> Option<Box<Self>> {
        let head = request.method() == Method::HEAD;
        if !head && cors.is_none() {
            return None;
        }
        let cors = cors.map(|cors| (Arc::clone(cors), cors.origin(request.headers())));
        Some(Box::new(Self { head, cors }))
    }

    fn apply(self, mut response: Response<Body>) -> Response<Body> {
        if let Some((cors, origin)) = self.cors {
            cors.decorate(origin, &mut response);
        }
        match self.head {
            true => routes::without_body(response),
            false => response,
        }
    }
}

impl Running {
    /// What the call came to, its deadline included.
    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<Reply>> {
        let Some(call) = self.call.get() else {
            return Poll::Pending;
        };
        let polled = panics::catching(Some(&self.context), || call.as_mut().poll(cx));
        let polled = polled.unwrap_or_else(|error| Poll::Ready(Err(error)));
        match polled {
            Poll::Ready(outcome) => Poll::Ready(outcome),
            Poll::Pending => {
                let Some(deadline) = &mut self.deadline else {
                    return Poll::Pending;
                };
                ready!(deadline.as_mut().poll(cx));
                self.context.cancel();
                self.call.end(Some(&self.context));
                Poll::Ready(Err(deadline_exceeded()))
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Dropped before it answered: the caller is gone.
        if self.responder.is_some() {
            self.context.cancel();
            self.call.end(Some(&self.context));
        }
    }
}

impl Future for ServeFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let response = match &mut self.state {
            State::Running(running) => {
                let outcome = ready!(running.poll(cx));
                let Some(responder) = running.responder.take() else {
                    // Polled again after it was ready.
                    return Poll::Pending;
                };
                let call = Underway {
                    context: running.context.clone(),
                    deadline: running.deadline.take(),
                    watch: running.watch.take(),
                };
                responder.outcome(outcome, call)
            }
            State::Ready(response) => match response.take() {
                Some(response) => *response,
                None => return Poll::Pending,
            },
            State::Foreign(response) => ready!(response.as_mut().poll(cx)),
        };
        Poll::Ready(Ok(match self.finish.take() {
            None => response,
            Some(finish) => finish.apply(response),
        }))
    }
}

impl fmt::Debug for ServeFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServeFuture").finish_non_exhaustive()
    }
}
