//! The Uploads service: tells what it was sent.

use std::sync::Arc;

use bytes::Bytes;
use ezrpc::google::api::HttpBody;
use ezrpc::{Context, Error, Result, Streaming, json};
use tokio::sync::{Semaphore, mpsc};

use crate::http::Request;
use crate::proto::e2e::upload::import_request::Part;
use crate::proto::e2e::upload::{self, FlatRequest, Form, ImportRequest, KeepRequest, Stored};

/// The title at which a handler of a stream answers without reading on.
pub const EARLY: &str = "early";
/// The title at which it refuses the file.
pub const REFUSE: &str = "refuse";

/// A piece of a generated file, in which 251 bytes repeat: a prime, so that no chunk begins like the one before.
pub fn patterned(from: u64, length: usize) -> Bytes {
    let period: Vec<u8> = (0..251).collect();
    let from = usize::try_from(from % 251).unwrap_or_default();
    let whole = Bytes::from(period.repeat((from + length).div_ceil(251)));
    whole.slice(from..from + length)
}

/// What a handler of a stream tells a test.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// A file begins; its first message in JSON.
    First(String),
    /// A chunk of this length has come.
    Chunk(usize),
    /// The stream has ended, with this code if it failed.
    End(Option<ezrpc::Code>),
}

/// The service. Clones share what they tell.
#[derive(Debug, Clone, Default)]
pub struct Uploads {
    events: Option<mpsc::UnboundedSender<Event>>,
    /// A permit for each message that a handler may take; all it wants without.
    gate: Option<Arc<Semaphore>>,
}

impl Uploads {
    /// Makes a service that tells what comes.
    pub fn watched() -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (events, receiver) = mpsc::unbounded_channel();
        let service = Self {
            events: Some(events),
            gate: None,
        };
        (service, receiver)
    }

    /// Makes the service take a message of a stream for each permit only.
    #[must_use]
    pub fn gated(mut self, gate: Arc<Semaphore>) -> Self {
        self.gate = Some(gate);
        self
    }

    fn tell(&self, event: Event) {
        if let Some(events) = &self.events {
            // The test may have stopped to listen.
            let _ = events.send(event);
        }
    }

    /// Reads a stream to its end; `split` makes a first message or a chunk of each.
    async fn store<M: json::Message + Send + 'static>(
        &self,
        mut messages: Streaming<M>,
        split: fn(&mut M) -> Option<Bytes>,
    ) -> Result<Stored> {
        let mut stored = Stored {
            pattern: true,
            ..Stored::default()
        };
        loop {
            if let Some(gate) = &self.gate {
                gate.acquire().await?.forget();
            }
            let message = messages.message().await;
            let code = message.as_ref().err().map(Error::code);
            let Some(mut message) = message.inspect_err(|_| self.tell(Event::End(code)))? else {
                self.tell(Event::End(None));
                return Ok(stored);
            };
            match split(&mut message) {
                Some(chunk) => self.chunk(&mut stored, &chunk),
                None => {
                    let first = json::Options::new().to_string(&message)?;
                    self.tell(Event::First(first.clone()));
                    if first.contains(REFUSE) {
                        return Err(Error::permission_denied("not this one"));
                    }
                    let early = first.contains(EARLY);
                    stored.first.push(first);
                    stored.content.push(Bytes::new());
                    stored.size.push(0);
                    if early {
                        return Ok(stored);
                    }
                }
            }
        }
    }

    fn chunk(&self, stored: &mut Stored, chunk: &Bytes) {
        self.tell(Event::Chunk(chunk.len()));
        stored.chunks += 1;
        stored.longest = stored
            .longest
            .max(i32::try_from(chunk.len()).unwrap_or(i32::MAX));
        let (Some(content), Some(size)) = (stored.content.last_mut(), stored.size.last_mut())
        else {
            return;
        };
        let room = 1000_usize.saturating_sub(content.len()).min(chunk.len());
        *content = Bytes::from([&content[..], &chunk[..room]].concat());
        let at = size.unsigned_abs();
        stored.pattern &= *chunk == patterned(at, chunk.len());
        let at = at + chunk.len() as u64;
        *size = i64::try_from(at).unwrap_or(i64::MAX);
    }
}

impl upload::Uploads for Uploads {
    async fn put(&self, _: &Context, form: Form) -> Result<Form> {
        Ok(form)
    }

    async fn plain(&self, _: &Context, form: Form) -> Result<Form> {
        Ok(form)
    }

    async fn import(&self, _: &Context, messages: Streaming<ImportRequest>) -> Result<Stored> {
        let split = |message: &mut ImportRequest| match &mut message.part {
            Some(Part::Chunk(chunk)) => Some(std::mem::take(chunk)),
            _ => None,
        };
        self.store(messages, split).await
    }

    async fn append(&self, _: &Context, messages: Streaming<FlatRequest>) -> Result<Stored> {
        let split = |message: &mut FlatRequest| chunk_of(&mut message.data);
        self.store(messages, split).await
    }

    async fn store(&self, _: &Context, messages: Streaming<HttpBody>) -> Result<Stored> {
        let split = |message: &mut HttpBody| chunk_of(&mut message.data);
        self.store(messages, split).await
    }

    async fn keep(&self, _: &Context, messages: Streaming<KeepRequest>) -> Result<Stored> {
        let split = |message: &mut KeepRequest| {
            let file = message.file.as_mut()?;
            chunk_of(&mut file.data)
        };
        self.store(messages, split).await
    }
}

fn chunk_of(data: &mut Bytes) -> Option<Bytes> {
    (!data.is_empty()).then(|| std::mem::take(data))
}

/// The boundary of forms made here.
pub const BOUNDARY: &str = "----ezrpc-7f3a";

/// A form, written as browsers do.
#[derive(Debug, Clone, Default)]
pub struct FormBody {
    body: Vec<u8>,
}

impl FormBody {
    /// A form without parts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a part with header lines of the test's choice.
    #[must_use]
    pub fn part(mut self, headers: &str, data: impl AsRef<[u8]>) -> Self {
        let head = format!("--{BOUNDARY}\r\n{headers}\r\n\r\n");
        self.body.extend_from_slice(head.as_bytes());
        self.body.extend_from_slice(data.as_ref());
        self.body.extend_from_slice(b"\r\n");
        self
    }

    /// Adds a field.
    #[must_use]
    pub fn field(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let head = format!("Content-Disposition: form-data; name=\"{name}\"");
        self.part(&head, value)
    }

    /// Adds a field of JSON.
    #[must_use]
    pub fn json(self, name: &str, value: &str) -> Self {
        let head = format!(
            "Content-Disposition: form-data; name=\"{name}\"\r\nContent-Type: application/json"
        );
        self.part(&head, value)
    }

    /// Adds a file.
    #[must_use]
    pub fn file(self, name: &str, filename: &str, media: &str, data: impl AsRef<[u8]>) -> Self {
        let head = format!(
            "Content-Disposition: form-data; name=\"{name}\"; filename=\"{filename}\"\r\n\
             Content-Type: {media}"
        );
        self.part(&head, data)
    }

    /// The whole body.
    pub fn build(mut self) -> Bytes {
        let end = format!("--{BOUNDARY}--\r\n");
        self.body.extend_from_slice(end.as_bytes());
        self.body.into()
    }

    /// What has been written so far: a body that is not over.
    pub fn so_far(self) -> Bytes {
        self.body.into()
    }

    /// A POST of the form.
    pub fn post(self, path: &str) -> Request {
        form_post(path).body(self.build())
    }
}

/// A POST of a form, without its body.
pub fn form_post(path: &str) -> Request {
    form("POST", path)
}

/// A PUT of a form, without its body.
pub fn form_put(path: &str) -> Request {
    form("PUT", path)
}

fn form(method: &str, path: &str) -> Request {
    let media = format!("multipart/form-data; boundary={BOUNDARY}");
    Request::new(method, path).header("content-type", &media)
}
