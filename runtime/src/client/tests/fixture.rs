//! A service as the generator would write it, and servers of it.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::call::{Call, CallFuture, Service};
use crate::client::Channel;
use crate::codec::json;
use crate::context::Context;
use crate::error::{Code, Error, Result};
use crate::method::{Method, ServiceDesc, Shape};
use crate::server::Server;
use crate::stream::Streaming;

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Text {
    #[prost(string, tag = "1")]
    pub(super) text: String,
    #[prost(int64, tag = "2")]
    pub(super) number: i64,
}

impl json::Message for Text {
    fn fields(&self) -> &'static [json::Field] {
        const {
            &[
                json::Field::new("text", "text"),
                json::Field::new("number", "number"),
            ]
        }
    }

    fn write_fields(&self, w: &mut json::Writer<'_>) -> json::Result {
        w.implicit::<json::Str>(0, &self.text)?;
        w.implicit::<json::Int64>(1, &self.number)
    }

    fn read_field(&mut self, index: usize, r: &mut json::Reader<'_>) -> json::Result {
        match index {
            0 => r.implicit::<json::Str>(&mut self.text),
            1 => r.implicit::<json::Int64>(&mut self.number),
            _ => r.skip(),
        }
    }
}

pub(super) fn text(text: &str) -> Text {
    Text {
        text: text.to_owned(),
        number: 0,
    }
}

pub(super) fn number(number: i64) -> Text {
    Text {
        text: String::new(),
        number,
    }
}

pub(super) static ECHO: ServiceDesc = ServiceDesc::new(
    "test.v1.Echo",
    &[
        Method::new("/test.v1.Echo/Say", Shape::Unary),
        Method::new("/test.v1.Echo/Count", Shape::ServerStreaming),
        Method::new("/test.v1.Echo/Sum", Shape::ClientStreaming),
        Method::new("/test.v1.Echo/Chat", Shape::BidiStreaming),
        Method::new("/test.v1.Echo/Read", Shape::Unary).no_side_effects(),
        Method::new("/test.v1.Echo/Hurry", Shape::Unary).timeout_ms(5),
        Method::new("/test.v1.Echo/Patient", Shape::Unary).no_timeout(),
    ],
);

/// What a handler saw and did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A call that never answers has begun.
    Hanging,
    /// It was dropped.
    Dropped,
    /// Its context said that the caller is gone.
    Cancelled,
}

/// The service under test; what it does, the text says.
#[derive(Clone)]
pub(super) struct Echo {
    name: Arc<str>,
    events: mpsc::UnboundedSender<Event>,
    /// Calls the service again, for loops.
    next: Option<Channel>,
}

struct Dropped(mpsc::UnboundedSender<Event>);

impl Drop for Dropped {
    fn drop(&mut self) {
        // The test may be over.
        let _ = self.0.send(Event::Dropped);
    }
}

impl Echo {
    pub(super) fn new(name: &str) -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (events, seen) = mpsc::unbounded_channel();
        let echo = Self {
            name: name.into(),
            events,
            next: None,
        };
        (echo, seen)
    }

    pub(super) fn calling(mut self, next: Channel) -> Self {
        self.next = Some(next);
        self
    }

    async fn say(&self, ctx: &Context, request: Text) -> Result<Text> {
        match request.text.as_str() {
            "fail" => Err(Error::not_found("no such text")
                .with_reason("test", "NO_TEXT")
                .with_metadata("text", "fail")),
            "hang" => self.hang(ctx).await,
            "name" => Ok(text(&self.name)),
            "hops" => Ok(number(ctx.hops().into())),
            "left" => Ok(number(
                ctx.remaining().map_or(-1, |left| left.as_millis() as i64),
            )),
            "metadata" => self.metadata(ctx),
            "again" => match &self.next {
                Some(next) => say(next, ctx, "again").await,
                None => Ok(text("end")),
            },
            "big" => Ok(text(&"x".repeat(100_000))),
            _ => Ok(request),
        }
    }

    async fn hang(&self, ctx: &Context) -> Result<Text> {
        let _dropped = Dropped(self.events.clone());
        let (events, ctx) = (self.events.clone(), ctx.clone());
        tokio::spawn(async move {
            ctx.cancelled().await;
            let _ = events.send(Event::Cancelled);
        });
        let _ = self.events.send(Event::Hanging);
        std::future::pending().await
    }

    fn metadata(&self, ctx: &Context) -> Result<Text> {
        ctx.reply().header("x-head", "1")?;
        ctx.reply().trailer("x-tail", "2")?;
        let seen = ctx.metadata().iter();
        let lines: Vec<String> = seen
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        Ok(text(&lines.join("\n")))
    }

    async fn count(&self, ctx: &Context, request: Text) -> Result<Streaming<Text>> {
        match request.text.as_str() {
            "fail" => Err(Error::failed_precondition("not now")),
            "late" => {
                let (replies, stream) = Streaming::channel(2);
                let _ = replies.send(Ok(number(1))).await;
                let _ = replies.send(Err(Error::aborted("in the middle"))).await;
                ctx.reply().trailer("x-tail", "late")?;
                Ok(stream)
            }
            "hang" => {
                let (replies, stream) = Streaming::channel(1);
                let events = self.events.clone();
                let _ = replies.send(Ok(number(1))).await;
                tokio::spawn(async move {
                    let _ = events.send(Event::Hanging);
                    replies.closed().await;
                    let _ = events.send(Event::Dropped);
                });
                Ok(stream)
            }
            _ => {
                ctx.reply().header("x-head", "1")?;
                ctx.reply().trailer("x-tail", "2")?;
                Ok(Streaming::from_iter((1..=request.number).map(number)))
            }
        }
    }

    async fn sum(&self, _: &Context, mut requests: Streaming<Text>) -> Result<Text> {
        let mut sum = 0;
        while let Some(request) = requests.message().await? {
            if request.text == "stop" {
                return Err(Error::out_of_range("enough"));
            }
            sum += request.number;
        }
        Ok(number(sum))
    }

    async fn chat(&self, _: &Context, mut requests: Streaming<Text>) -> Result<Streaming<Text>> {
        let (replies, stream) = Streaming::channel(1);
        tokio::spawn(async move {
            while let Ok(Some(request)) = requests.message().await {
                if replies
                    .send(Ok(text(&format!("<{}>", request.text))))
                    .await
                    .is_err()
                {
                    return;
                }
            }
        });
        Ok(stream)
    }
}

impl Service for Echo {
    fn desc(&self) -> &'static ServiceDesc {
        &ECHO
    }

    fn call(&self, method: usize, call: Call) -> CallFuture {
        let echo = self.clone();
        match method {
            0 | 4..=6 => call.unary(move |ctx, req| async move { echo.say(&ctx, req).await }),
            1 => call.server_streaming(move |ctx, req| async move { echo.count(&ctx, req).await }),
            2 => call.client_streaming(move |ctx, reqs| async move { echo.sum(&ctx, reqs).await }),
            3 => call.bidi_streaming(move |ctx, reqs| async move { echo.chat(&ctx, reqs).await }),
            _ => call.unimplemented(),
        }
    }
}

#[track_caller]
pub(super) fn say<'a>(
    channel: &'a Channel,
    ctx: &'a Context,
    what: &str,
) -> impl Future<Output = Result<Text>> + Send + 'a {
    channel.unary(ECHO.method(0), ctx, text(what))
}

pub(super) async fn count(
    channel: &Channel,
    ctx: &Context,
    request: Text,
) -> Result<Streaming<Text>> {
    channel.server_streaming(ECHO.method(1), ctx, request).await
}

/// A server of [`Echo`] on loopback.
pub(super) struct Served {
    pub(super) address: SocketAddr,
    pub(super) events: mpsc::UnboundedReceiver<Event>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<()>>,
}

impl Served {
    pub(super) async fn start() -> Self {
        let (echo, events) = Echo::new("echo");
        Self::serve(echo, events, "127.0.0.1:0".parse().unwrap()).await
    }

    pub(super) async fn named(name: &str) -> Self {
        let (echo, events) = Echo::new(name);
        Self::serve(echo, events, "127.0.0.1:0".parse().unwrap()).await
    }

    pub(super) async fn serve(
        echo: Echo,
        events: mpsc::UnboundedReceiver<Event>,
        address: SocketAddr,
    ) -> Self {
        let bound = Server::new("echo").add(echo).bind(address).await.unwrap();
        let address = bound.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(bound.serve_until(async move {
            // An error means that the test is over.
            let _ = stopped.await;
        }));
        Self {
            address,
            events,
            stop,
            task,
        }
    }

    pub(super) fn channel(&self) -> Channel {
        Channel::to(self.address)
    }

    /// Stops the server without losing a call.
    pub(super) async fn stop(self) -> SocketAddr {
        let _ = self.stop.send(());
        self.task.await.unwrap().unwrap();
        self.address
    }
}

pub(super) fn code<T: std::fmt::Debug>(result: Result<T>) -> Code {
    result.unwrap_err().code()
}
