//! The Feed service: streams that wait for the test, and replies as the request asks for them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as TaskContext, Poll, ready};

use ezrpc::{Code, Context, Error, Result, Streaming};
use futures_core::Stream;
use tokio::sync::{Semaphore, mpsc};

use crate::proto::e2e::feed::{self, Item, Script, Summary};

/// Items of a flood, and how long the text of each is.
pub const FLOOD: (u64, usize) = (1024, 64 << 10);

/// The service. Clones share what they count.
#[derive(Debug, Clone)]
pub struct Feed {
    /// A permit lets one `wait` go on.
    pub go: Arc<Semaphore>,
    /// Items made by all streams so far.
    pub made: Arc<AtomicU64>,
    /// Items that `Import` has read so far.
    pub read: Arc<AtomicU64>,
    dropped: mpsc::UnboundedSender<bool>,
}

impl Feed {
    /// Makes a service, and what tells of streams that were dropped: whether their context was cancelled by then.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<bool>) {
        let (dropped, receiver) = mpsc::unbounded_channel();
        let feed = Self {
            go: Arc::new(Semaphore::new(0)),
            made: Arc::default(),
            read: Arc::default(),
            dropped,
        };
        (feed, receiver)
    }

    fn item(&self, text: String, number: u64) -> Item {
        self.made.fetch_add(1, Ordering::SeqCst);
        Item {
            text,
            number: number as i64,
            ..Item::default()
        }
    }
}

/// Tells that a stream is gone.
struct Guard {
    dropped: mpsc::UnboundedSender<bool>,
    context: Context,
}

impl Drop for Guard {
    fn drop(&mut self) {
        // The test may have stopped to listen.
        let _ = self.dropped.send(self.context.is_cancelled());
    }
}

/// The replies of one call of Watch.
struct Words {
    feed: Feed,
    words: std::vec::IntoIter<String>,
    /// Items left of a flood.
    flood: u64,
    number: u64,
    _guard: Guard,
}

impl Words {
    async fn next(&mut self) -> Option<Result<Item>> {
        loop {
            if self.flood > 0 {
                self.flood -= 1;
                return Some(Ok(self.item("x".repeat(FLOOD.1))));
            }
            match self.words.next()?.as_str() {
                // Never closed.
                "wait" => drop(self.feed.go.acquire().await.map(|permit| permit.forget())),
                "hang" => std::future::pending().await,
                "panic" => panic!("the stream panics"),
                "fail" => return Some(Err(failure())),
                "flood" => self.flood = FLOOD.0,
                word => return Some(Ok(self.item(word.to_owned()))),
            }
        }
    }

    fn item(&mut self, text: String) -> Item {
        self.number += 1;
        self.feed.item(text, self.number)
    }
}

fn failure() -> Error {
    Error::not_found("no more").with_reason("e2e", "ASKED_FOR")
}

type Step = Pin<Box<dyn Future<Output = (Words, Option<Result<Item>>)> + Send>>;

/// The stream: each item is made when it is asked for.
struct Replies(Option<Step>);

impl Replies {
    fn step(mut words: Words) -> Step {
        Box::pin(async move {
            let item = words.next().await;
            (words, item)
        })
    }
}

impl Stream for Replies {
    type Item = Result<Item>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let Some(step) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let (words, item) = ready!(step.as_mut().poll(cx));
        self.0 = item.is_some().then(|| Self::step(words));
        Poll::Ready(item)
    }
}

impl feed::Feed for Feed {
    async fn watch(&self, ctx: &Context, req: Script) -> Result<Streaming<Item>> {
        let words: Vec<String> = req.script.split_whitespace().map(str::to_owned).collect();
        if words.first().is_some_and(|word| word == "refuse") {
            return Err(failure());
        }
        ctx.reply().header("x-feed", "1")?;
        ctx.reply().trailer("x-end", "1")?;
        let words = Words {
            feed: self.clone(),
            words: words.into_iter(),
            flood: 0,
            number: 0,
            _guard: Guard {
                dropped: self.dropped.clone(),
                context: ctx.clone(),
            },
        };
        Ok(Streaming::new(Replies(Some(Replies::step(words)))))
    }

    async fn import(&self, _: &Context, mut reqs: Streaming<Item>) -> Result<Summary> {
        let mut summary = Summary::default();
        while let Some(item) = reqs.message().await? {
            self.read.fetch_add(1, Ordering::SeqCst);
            summary.count += 1;
            summary.sum += item.number;
            match item.text.as_str() {
                "stop" => break,
                "wait" => drop(self.go.acquire().await.map(|permit| permit.forget())),
                _ => {}
            }
            summary.last = item.text;
        }
        Ok(summary)
    }

    async fn both(&self, _: &Context, reqs: Streaming<Item>) -> Result<Streaming<Item>> {
        Ok(reqs)
    }

    async fn create(&self, ctx: &Context, req: Item) -> Result<Item> {
        for (name, value) in &req.headers {
            ctx.reply().header(name, value)?;
        }
        for (name, value) in &req.trailers {
            ctx.reply().trailer(name, value)?;
        }
        if req.status != 0 {
            ctx.reply().status(req.status as u16)?;
        }
        if let Some(code) = Code::from_number(req.fail_with.into()) {
            let error = Error::new(code, req.text);
            return Err(req.details.into_iter().fold(error, Error::with_detail));
        }
        if req.text == "panic" {
            panic!("the handler panics: hunter2");
        }
        if req.text == "wait" {
            drop(self.go.acquire().await.map(|permit| permit.forget()));
        }
        let seen = req.look_at.iter().map(|name| match name.ends_with("-bin") {
            true => format!("{:?}", ctx.metadata().get_all_bin(name)),
            false => ctx.metadata().get_all(name).collect::<Vec<_>>().join(","),
        });
        let text = match req.look_at.is_empty() {
            true => req.text,
            false => seen.collect::<Vec<_>>().join("|"),
        };
        Ok(Item {
            text,
            number: req.number,
            ..Item::default()
        })
    }
}
