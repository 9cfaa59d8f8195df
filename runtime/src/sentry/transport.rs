//! Sends envelopes on a thread of its own, and never lets anybody wait for an ingest endpoint that does not answer.
//!
//! The transports of the crate `sentry` have no time limit, block in `flush` while their queue is full, join their thread
//! when they are dropped, and drop what is too much without a word.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, thread};

use ::sentry::client_report::{Reason, Recorder};
use ::sentry::{Envelope, Transport, TransportFactory, TransportOptions};

use super::drops::Drops;
use super::post::Post;

/// The most envelopes that wait; an event is a few KB.
const CAPACITY: usize = 100;

/// Makes transports.
pub(super) struct Factory;

/// Takes envelopes in; another thread sends them.
struct Queue(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Of `state`.
    changed: Condvar,
    lost: Lost,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Envelope>,
    /// One is under way.
    busy: bool,
    /// Nothing is taken in or sent any more, or there is no thread to send it.
    closed: bool,
}

/// Where what is lost is told: in the log, and to Sentry in what is sent next.
pub(super) struct Lost {
    recorder: Recorder,
    drops: Drops,
}

impl Lost {
    /// Tells that an envelope was not sent, and why.
    pub(super) fn tell(&self, envelope: &Envelope, reason: Reason, why: fmt::Arguments<'_>) {
        self.recorder.record_lost_data(envelope, reason);
        self.warn(why);
    }

    /// Tells of an envelope in the log alone.
    pub(super) fn warn(&self, why: fmt::Arguments<'_>) {
        self.drops.tell(why);
    }
}

impl TransportFactory for Factory {
    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        let shared = Arc::new(Shared {
            lost: Lost {
                recorder: options.client_report_recorder.clone(),
                drops: Drops::default(),
            },
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let (post, theirs) = (Post::new(&options), Arc::clone(&shared));
        let thread = thread::Builder::new().name("sentry".to_owned());
        if let Err(error) = thread.spawn(move || theirs.run(post)) {
            shared.lock().closed = true;
            tracing::warn!(target: super::TARGET, %error, "no thread to send events: none are sent");
        }
        Arc::new(Queue(shared))
    }
}

impl Transport for Queue {
    fn send_envelope(&self, envelope: Envelope) {
        let mut state = self.0.lock();
        if state.closed {
            drop(state);
            let why = format_args!("the queue is closed: it is the end, or there is no thread");
            return self.0.lost.tell(&envelope, Reason::InternalError, why);
        }
        if state.waiting.len() >= CAPACITY {
            drop(state);
            let why = format_args!("{CAPACITY} wait already");
            return self.0.lost.tell(&envelope, Reason::QueueOverflow, why);
        }
        state.waiting.push_back(envelope);
        self.0.changed.notify_all();
    }

    fn flush(&self, timeout: Duration) -> bool {
        let waits = |state: &mut State| state.busy || !state.waiting.is_empty();
        let state = self.0.lock();
        let waited = self.0.changed.wait_timeout_while(state, timeout, waits);
        let (_state, end) = waited.unwrap_or_else(PoisonError::into_inner);
        !end.timed_out()
    }

    fn shutdown(&self, timeout: Duration) -> bool {
        let all = self.flush(timeout);
        let mut state = self.0.lock();
        state.closed = true;
        let left = state.waiting.len() + usize::from(state.busy);
        state.waiting.clear();
        drop(state);
        self.0.changed.notify_all();
        self.0.lost.drops.end(left as u64);
        all
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Whole changes alone are made under it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends until the queue is closed. Nobody waits for it: what is under way then ends by its time limit.
    fn run(&self, mut post: Post) {
        while let Some(envelope) = self.next() {
            post.send(&envelope, &self.lost);
        }
    }

    fn next(&self) -> Option<Envelope> {
        let mut state = self.lock();
        state.busy = false;
        self.changed.notify_all();
        let idle = |state: &mut State| !state.closed && state.waiting.is_empty();
        let waited = self.changed.wait_while(state, idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return None;
        }
        state.busy = true;
        state.waiting.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Instant;

    use ::sentry::protocol::Event;

    use super::*;

    /// A transport to an endpoint that accepts and never answers.
    fn silent() -> (TcpListener, Arc<dyn Transport>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let options = ::sentry::ClientOptions::new().dsn(&format!("http://key@{addr}/1"));
        let options = TransportOptions::try_from_client_options(&options).expect("a DSN");
        (listener, Factory.create_transport_with_options(options))
    }

    #[test]
    fn nobody_waits_for_an_endpoint_that_is_silent() {
        let (listener, transport) = silent();
        // More than there is room for.
        for _ in 0..2 * CAPACITY {
            transport.send_envelope(Event::new().into());
        }
        let _connection = listener.accept().expect("a connection");
        let start = Instant::now();
        assert!(!transport.shutdown(Duration::from_millis(50)));
        drop(transport);
        // The time limit of a request, far above, would have ended it otherwise.
        assert!(start.elapsed() < super::super::post::LIMIT);
    }
}
