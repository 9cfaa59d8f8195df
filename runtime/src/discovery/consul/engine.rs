//! The thread on which all work of one `Consul` is done.
//!
//! Clients of the process outlive the runtime that first called them, and a task dies with its runtime: so a registry has
//! a runtime of its own.

use std::future::Future;
use std::sync::Arc;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::config::Config;
use super::core::Core;
use crate::error::{Code, Error, Result};

/// The thread's name, as debuggers and `top -H` show it.
const THREAD: &str = concat!(env!("CARGO_PKG_NAME"), "-consul");

/// Runs what it is given until it is dropped.
pub(super) struct Engine {
    core: Arc<Core>,
    runtime: Handle,
    /// Dropped with the engine, which ends the thread.
    _running: oneshot::Sender<()>,
}

impl Engine {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`Code::ResourceExhausted`] if the system has none.
    pub(super) fn start(config: Config) -> Result<Self> {
        let no_thread = |error| {
            let text = format!("no thread for the registry Consul: {error}");
            Error::bare(Code::ResourceExhausted, text).inside()
        };
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(no_thread)?;
        let handle = runtime.handle().clone();
        let (running, over) = oneshot::channel::<()>();
        let work = move || {
            // An error is what is waited for: the other end is dropped.
            _ = runtime.block_on(over);
            // Looking up a host's name may take long, and nobody waits for it any more.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name(THREAD.to_owned());
        thread.spawn(work).map_err(no_thread)?;
        Ok(Self {
            core: Core::new(config),
            runtime: handle,
            _running: running,
        })
    }

    /// Starts work that nobody waits for.
    pub(super) fn spawn<F>(&self, work: impl FnOnce(Arc<Core>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.runtime.spawn(work(Arc::clone(&self.core)));
    }

    /// Does work on the thread and waits for it; it goes on if nobody waits any more.
    ///
    /// # Errors
    /// Those of the work.
    pub(super) async fn run<F, T>(&self, work: impl FnOnce(Arc<Core>) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send + 'static,
        T: Send + 'static,
    {
        let done = self.runtime.spawn(work(Arc::clone(&self.core))).await;
        done.unwrap_or_else(|error| {
            let text = format!("the registry Consul has ended: {error}");
            Err(Error::bare(Code::Unavailable, text).inside())
        })
    }
}
