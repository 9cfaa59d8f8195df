//! The Echo service: does what its requests say.

use std::sync::{Arc, OnceLock};

use ezrpc::{Code, Context, Error, Result, Streaming};
use tokio::sync::mpsc;

use crate::proto::e2e::{self, EchoClient, EchoReply, EchoRequest};

/// The request text at which a handler never answers.
pub const HANG: &str = "hang";
/// The request text that is answered with what is left of the deadline, in milliseconds.
pub const REMAINING: &str = "remaining";
/// The request text at which a handler panics.
pub const PANIC: &str = "panic";
/// The request text at which a handler fails as `?` on a std error does.
pub const CAUSE: &str = "cause";

/// Something a test waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A handler that does not answer has begun to wait.
    Hanging,
    /// Such a handler was dropped; `true` if its context was cancelled by then.
    Dropped(bool),
}

/// The service. Clones share what they tell.
#[derive(Debug, Clone, Default)]
pub struct Echo {
    events: Option<mpsc::UnboundedSender<Event>>,
    next: Arc<OnceLock<EchoClient>>,
    name: &'static str,
}

impl Echo {
    /// Makes a service that tells of handlers that hang.
    pub fn watched() -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (events, receiver) = mpsc::unbounded_channel();
        (
            Self {
                events: Some(events),
                ..Self::default()
            },
            receiver,
        )
    }

    /// Makes a service whose replies start with a name.
    pub fn named(name: &'static str) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }

    /// Sets whom `Loop` calls; without it, it is the process-wide client.
    pub fn call_next(&self, client: EchoClient) {
        self.next.set(client).expect("set once");
    }

    async fn answer(&self, ctx: &Context, req: EchoRequest) -> Result<EchoReply> {
        copy_metadata(ctx)?;
        fail(&req)?;
        let number = match req.text.as_str() {
            HANG => self.hang(ctx).await,
            PANIC => panic!("the handler panics"),
            REMAINING => ctx.remaining().map_or(-1, |left| left.as_millis() as i64),
            _ => req.number,
        };
        Ok(EchoReply {
            text: format!("{}{}", self.name, req.text),
            number,
            blob: req.blob,
            detail: req.detail,
        })
    }

    async fn hang(&self, ctx: &Context) -> ! {
        let _guard = Guard {
            events: self.events.clone(),
            context: ctx.clone(),
        };
        self.tell(Event::Hanging);
        std::future::pending().await
    }

    fn tell(&self, event: Event) {
        if let Some(events) = &self.events {
            // The test may have stopped to listen.
            let _ = events.send(event);
        }
    }
}

/// Sends back what a test sends in `x-echo` and `x-echo-bin`, and who was let in.
fn copy_metadata(ctx: &Context) -> Result<()> {
    for value in ctx.metadata().get_all("x-echo") {
        ctx.reply().header("x-header", value)?;
        ctx.reply().trailer("x-trailer", value)?;
    }
    for value in ctx.metadata().get_all_bin("x-echo-bin") {
        ctx.reply()
            .with_headers(|headers| headers.append_bin("x-header-bin", &value))?;
        ctx.reply()
            .with_trailers(|trailers| trailers.append_bin("x-trailer-bin", &value))?;
    }
    if let Some(principal) = ctx.principal() {
        ctx.reply().header("x-principal", principal.name())?;
    }
    Ok(())
}

fn fail(req: &EchoRequest) -> Result<()> {
    if req.text == CAUSE {
        cause()?;
    }
    let Some(code) = Code::from_number(req.fail_with.into()) else {
        return Ok(());
    };
    let error = failure(code, &req.text).with_metadata("number", req.number.to_string());
    Err(req.detail.iter().cloned().fold(error, Error::with_detail))
}

/// The line on which requested errors are made.
pub const FAIL_LINE: u32 = line!() + 2;
fn failure(code: Code, text: &str) -> Error {
    Error::new(code, text.to_owned()).with_reason("e2e", "ASKED_FOR")
}

/// The line on which `?` meets a std error.
pub const CAUSE_LINE: u32 = line!() + 2;
fn cause() -> Result<()> {
    Err(std::io::Error::other("the password is hunter2"))?;
    Ok(())
}

/// Tells that a handler is gone.
struct Guard {
    events: Option<mpsc::UnboundedSender<Event>>,
    context: Context,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(events) = &self.events {
            let _ = events.send(Event::Dropped(self.context.is_cancelled()));
        }
    }
}

impl e2e::Echo for Echo {
    async fn say(&self, ctx: &Context, req: EchoRequest) -> Result<EchoReply> {
        self.answer(ctx, req).await
    }

    async fn closed(&self, ctx: &Context, req: EchoRequest) -> Result<EchoReply> {
        self.answer(ctx, req).await
    }

    async fn hidden(&self, ctx: &Context, req: EchoRequest) -> Result<EchoReply> {
        self.answer(ctx, req).await
    }

    async fn slow(&self, ctx: &Context, req: EchoRequest) -> Result<EchoReply> {
        self.answer(ctx, req).await
    }

    async fn nothing(&self, _: &Context, (): ()) -> Result<()> {
        Ok(())
    }

    /// Answers a word at a time; `hang` among them is where it stops, and `fail_with` is the end.
    async fn split(&self, ctx: &Context, req: EchoRequest) -> Result<Streaming<EchoReply>> {
        copy_metadata(ctx)?;
        let (sender, replies) = Streaming::channel(1);
        let (service, ctx) = (self.clone(), ctx.clone());
        tokio::spawn(async move {
            for (number, word) in (0..).zip(req.text.split_whitespace()) {
                if word == HANG {
                    let _guard = Guard {
                        events: service.events.clone(),
                        context: ctx.clone(),
                    };
                    service.tell(Event::Hanging);
                    return sender.closed().await;
                }
                let reply = EchoReply {
                    text: word.to_owned(),
                    number,
                    ..EchoReply::default()
                };
                if sender.send(Ok(reply)).await.is_err() {
                    return;
                }
            }
            if let Err(error) = fail(&req) {
                // The caller may be gone.
                let _ = sender.send(Err(error)).await;
            }
        });
        Ok(replies)
    }

    /// Answers all words at once, and how many they were.
    async fn join(&self, ctx: &Context, mut reqs: Streaming<EchoRequest>) -> Result<EchoReply> {
        copy_metadata(ctx)?;
        let (mut words, mut number) = (Vec::new(), 0);
        while let Some(req) = reqs.message().await? {
            if req.text == HANG {
                self.hang(ctx).await;
            }
            fail(&req)?;
            words.push(req.text);
            number += 1;
        }
        Ok(EchoReply {
            text: words.join(" "),
            number,
            ..EchoReply::default()
        })
    }

    /// Answers each request as it comes.
    async fn chat(
        &self,
        ctx: &Context,
        mut reqs: Streaming<EchoRequest>,
    ) -> Result<Streaming<EchoReply>> {
        copy_metadata(ctx)?;
        let (sender, replies) = Streaming::channel(1);
        let (service, ctx) = (self.clone(), ctx.clone());
        tokio::spawn(async move {
            loop {
                let reply = match reqs.message().await {
                    Ok(Some(req)) => service.answer(&ctx, req).await,
                    Ok(None) => return,
                    Err(error) => Err(error),
                };
                let failed = reply.is_err();
                if sender.send(reply).await.is_err() || failed {
                    return;
                }
            }
        });
        Ok(replies)
    }

    async fn r#loop(&self, ctx: &Context, req: EchoRequest) -> Result<EchoReply> {
        match self.next.get() {
            Some(client) => client.r#loop(ctx, req).await,
            None => e2e::echo().r#loop(ctx, req).await,
        }
    }
}
