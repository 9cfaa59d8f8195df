//! The metadata of a handler's reply.

use super::{Context, lock};
use crate::error::{Error, Result};
use crate::metadata::Metadata;

/// Metadata of a reply: headers go before the first message, trailers after the last.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReplyMetadata {
    pub(crate) headers: Option<Metadata>,
    pub(crate) trailers: Option<Metadata>,
    /// The HTTP status of a reply that is no error, if not 200.
    pub(crate) status: Option<http::StatusCode>,
}

impl Context {
    /// Returns the metadata of this handler's reply, to be filled; of a context derived for a call ([`Context::call`]),
    /// that of the reply to the call.
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
    pub fn header(&self, name: &str, value: impl AsRef<str>) -> Result<()> {
        let mut reply = lock(&self.context.inner.reply);
        reply.headers.get_or_insert_default().append(name, value)
    }

    /// Adds a trailer, sent after the last message.
    ///
    /// # Errors
    /// As [`Metadata::append`].
    pub fn trailer(&self, name: &str, value: impl AsRef<str>) -> Result<()> {
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
    pub fn status(&self, status: u16) -> Result<()> {
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
