//! Calls to a service in this process: no socket, no encoding, the same limits.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use futures_core::Stream;

use super::call::{Plan, Watchdog, now};
use crate::call::{Call, CallFuture, Service};
use crate::codec::Message;
use crate::context::{ByCaller, Context, Inbound, ReplyMetadata};
use crate::error::{Code, Error, Result};
use crate::interceptor::{Chain, Credentials};
use crate::metadata::Metadata;
use crate::observe::{Caller, Watch};
use crate::panics::{self, Shielded};
use crate::protocol::reply::deadline_exceeded;
use crate::reply::{Reply, ReplyKind};
use crate::stream::Streaming;

/// What stands for a protocol where there is none.
const LOCAL: &str = "local";

/// Runs a piece of a handler: a panic, after which it is never polled again, is the call's end alone.
fn caught<T>(context: &Context, poll: impl FnOnce() -> Poll<T>) -> Poll<Result<T>> {
    match panics::catching(Some(context), poll) {
        Ok(poll) => poll.map(Ok),
        Err(error) => Poll::Ready(Err(error)),
    }
}

/// A call under way; dropped before it has finished it tells the handler that its caller is gone.
struct Running {
    plan: Plan,
    /// The handler's.
    context: Context,
    reply: ReplyMetadata,
    /// `None` if nobody is told of the call here.
    watch: Option<Box<Watch>>,
    finished: bool,
}

impl Running {
    /// Starts counting what a handler or an interceptor sees as its call.
    ///
    /// # Errors
    /// As [`outbound::common`](crate::protocol::outbound::common).
    fn new(plan: &Plan) -> Result<Self> {
        let metadata = Metadata::from_headers(plan.headers()?);
        let context = Context::inbound(Inbound {
            route: None,
            method: plan.method,
            deadline: plan.deadline,
            by_caller: ByCaller::default(),
            // `headers` fails when there is none left.
            hops: plan.ctx.hops().saturating_sub(1),
            peer: None,
            certificates: None,
            start: now(),
            metadata,
        });
        Ok(Self {
            plan: plan.clone(),
            context: context.inherit(&plan.ctx),
            reply: ReplyMetadata::default(),
            watch: None,
            finished: false,
        })
    }

    /// Begins to tell of the call as a server does of one that came over a socket.
    fn watched(mut self) -> Self {
        self.watch = Watch::start(&self.context, || Caller {
            protocol: LOCAL,
            trusted: true,
            probe: false,
        });
        self
    }

    /// Starts the call of a service in this process.
    fn start(&self, service: &dyn Service, request: impl Any + Send) -> CallFuture {
        let method = self.plan.method;
        let call = Call::local(self.context.clone(), method, request);
        let methods = service.desc().methods();
        match methods.iter().position(|m| m.path() == method.path()) {
            Some(index) => service.call(index, call),
            None => call.unimplemented(),
        }
    }

    /// Runs the call within the channel's interceptors.
    async fn run(&self, chain: Option<&Arc<Chain>>, call: CallFuture) -> Result<Reply> {
        let call = match chain {
            Some(chain) => chain.around(&self.context, Credentials::Unasked, call),
            None => call,
        };
        let mut call = Shielded::new(call);
        poll_fn(|cx| match call.get() {
            Some(call) => caught(&self.context, || call.as_mut().poll(cx)),
            None => Poll::Pending,
        })
        .await?
    }

    /// Takes note that nothing more comes, and how the call ended.
    fn finish(&mut self, outcome: Result<(), &Error>) {
        self.hand_over_metadata();
        if let Some(watch) = self.watch.take() {
            watch.end(outcome, 0);
        }
        self.finished = true;
    }

    /// Gives the metadata the handler has set since to the caller.
    fn hand_over_metadata(&mut self) {
        if !self.plan.ctx.is_call() {
            return;
        }
        let more = self.context.take_reply();
        add(&mut self.reply.headers, more.headers);
        add(&mut self.reply.trailers, more.trailers);
        self.plan.ctx.set_reply(self.reply.clone());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        self.context.cancel();
        // Dropped at its deadline by whoever waits for it, it was not left by its caller.
        if self.plan.deadline.is_some_and(|deadline| deadline <= now())
            && let Some(watch) = self.watch.take()
        {
            watch.end(Err(&deadline_exceeded()), 0);
        }
    }
}

fn add(to: &mut Option<Metadata>, more: Option<Metadata>) {
    let Some(more) = more else {
        return;
    };
    let mut headers = to.take().unwrap_or_default().into_headers();
    for (name, value) in more.headers() {
        headers.append(name, value.clone());
    }
    *to = Some(Metadata::from_headers(headers));
}

/// Calls a service of this process that answers with one message.
pub(super) async fn one<M: Message>(
    plan: &Plan,
    chain: Option<&Arc<Chain>>,
    service: &dyn Service,
    request: impl Any + Send,
) -> Result<M> {
    let mut running = Running::new(plan)?.watched();
    let call = running.start(service, request);
    let reply = running.run(chain, call).await;
    running.finish(reply.as_ref().map(|_| ()));
    unbox(reply?)
}

/// Calls a service of this process that answers with a stream.
pub(super) async fn many<M: Message>(
    plan: &Plan,
    chain: Option<&Arc<Chain>>,
    service: &dyn Service,
    request: impl Any + Send,
) -> Result<LocalReplies<M>> {
    let mut running = Running::new(plan)?.watched();
    let call = running.start(service, request);
    let reply = running.run(chain, call).await;
    if let Err(error) = &reply {
        running.finish(Err(error));
    }
    let replies = unbox(reply?)?;
    running.hand_over_metadata();
    Ok(LocalReplies::new(replies, plan.watchdog(), running))
}

/// Runs a remote call within the channel's interceptors, whose `Next` does not see what comes of it.
pub(super) async fn intercepted<T: Send + 'static>(
    plan: &Plan,
    chain: &Arc<Chain>,
    call: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let mut running = Running::new(plan)?;
    let call = Box::pin(async move {
        let reply: Box<dyn Any + Send> = Box::new(call.await?);
        Ok(Reply(ReplyKind::Local(reply)))
    });
    let reply = running.run(Some(chain), call).await;
    running.finished = true;
    unbox(reply?)
}

/// Takes what has come of a call; an interceptor may have put something else in its place.
fn unbox<T: 'static>(reply: Reply) -> Result<T> {
    if let ReplyKind::Local(reply) = reply.0
        && let Ok(reply) = reply.downcast::<T>()
    {
        return Ok(*reply);
    }
    Err(Error::bare(
        Code::Internal,
        "reply of another type: client and server were generated from different protos, or an interceptor \
         has answered with the reply of another call",
    )
    .inside())
}

/// The replies of a service in this process, under the call's limits.
pub(super) struct LocalReplies<M> {
    replies: Shielded<Streaming<M>>,
    watchdog: Watchdog,
    running: Running,
}

impl<M: Message> LocalReplies<M> {
    fn new(replies: Streaming<M>, watchdog: Watchdog, running: Running) -> Self {
        Self {
            replies: Shielded::new(replies),
            watchdog,
            running,
        }
    }

    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<M>>> {
        let Some(replies) = self.replies.get() else {
            return Poll::Ready(None);
        };
        // First, so that a stream that is always ready ends too.
        if let Poll::Ready(error) = self.watchdog.poll(cx) {
            self.running.context.cancel();
            return Poll::Ready(Some(Err(error)));
        }
        match ready!(caught(&self.running.context, || Pin::new(replies).poll_next(cx))) {
            Ok(next) => Poll::Ready(next),
            Err(error) => Poll::Ready(Some(Err(error))),
        }
    }
}

impl<M: Message> Stream for LocalReplies<M> {
    type Item = Result<M>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(self.poll(cx));
        let outcome = match &next {
            Some(Ok(_)) => return Poll::Ready(next),
            Some(Err(error)) => Err(error),
            None => Ok(()),
        };
        let this = &mut *self;
        if this.replies.end(Some(&this.running.context)) {
            this.running.finish(outcome);
        }
        Poll::Ready(next)
    }
}
