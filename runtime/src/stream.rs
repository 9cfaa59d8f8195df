//! Streams of messages, in and out.

use std::fmt;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use futures_core::Stream;
use tokio::sync::mpsc;

use crate::error::Result;

/// A stream of messages: what streaming methods take and return.
///
/// It is `'static`: a handler clones what it needs into it. Dropping it ends the call.
///
/// ```
/// # async fn example() -> ezrpc::Result<()> {
/// use ezrpc::Streaming;
/// let mut numbers = Streaming::from_iter([1, 2]);
/// while let Some(n) = numbers.message().await? {
///     println!("{n}");
/// }
/// # Ok(()) }
/// ```
pub struct Streaming<T> {
    inner: Pin<Box<dyn Stream<Item = Result<T>> + Send>>,
}

impl<T: Send + 'static> Streaming<T> {
    /// Makes a stream of a [`Stream`] of results; it ends at the first error.
    pub fn new(stream: impl Stream<Item = Result<T>> + Send + 'static) -> Self {
        Self {
            inner: Box::pin(stream),
        }
    }

    /// Makes a stream of the items of an iterator.
    #[expect(
        clippy::should_implement_trait,
        reason = "FromIterator could not take a lazy iterator"
    )]
    pub fn from_iter<I>(items: I) -> Self
    where
        I: IntoIterator<Item = T>,
        I::IntoIter: Send + 'static,
    {
        Self::new(Iter(items.into_iter()))
    }

    /// Makes a stream that yields nothing.
    pub fn empty() -> Self {
        Self::from_iter(std::iter::empty())
    }

    /// Makes a stream and the sender that feeds it; `buffer` messages (at least 1) wait in between.
    ///
    /// The stream ends when every sender is dropped; sending fails once the stream is dropped.
    pub fn channel(buffer: usize) -> (mpsc::Sender<Result<T>>, Self) {
        let (sender, receiver) = mpsc::channel(buffer.max(1));
        (sender, Self::new(Channel(receiver)))
    }

    /// Returns the next message, or `None` at the end.
    ///
    /// # Errors
    /// What the other side reports, or what happened to the connection; the stream has then ended.
    pub async fn message(&mut self) -> Result<Option<T>> {
        std::future::poll_fn(|cx| self.inner.as_mut().poll_next(cx))
            .await
            .transpose()
    }

    /// Reads the stream to its end.
    ///
    /// # Errors
    /// The error that ended the stream.
    pub async fn collect(mut self) -> Result<Vec<T>> {
        let mut items = Vec::new();
        while let Some(item) = self.message().await? {
            items.push(item);
        }
        Ok(items)
    }
}

impl<T> Stream for Streaming<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.inner.as_mut().poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

impl<T> fmt::Debug for Streaming<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streaming").finish_non_exhaustive()
    }
}

struct Iter<I>(I);

// The iterator is never pinned: `next` takes `&mut`.
impl<I> Unpin for Iter<I> {}

impl<I: Iterator> Stream for Iter<I> {
    type Item = Result<I::Item>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}

struct Channel<T>(mpsc::Receiver<Result<T>>);

impl<T> Stream for Channel<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx)
    }
}
