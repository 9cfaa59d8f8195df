//! What tells a process to end: SIGTERM and Ctrl-C, and either of them once more.

use std::future::{Future, pending};

use tokio::sync::oneshot;

/// Added to a signal's number it is the status of a process that a signal has ended, as shells have it.
const SIGNALLED: i32 = 128;

/// Runs what `start` makes of the future that completes at the first signal; at the second one the process ends.
pub(crate) async fn until_told<T, F: Future<Output = T>>(start: impl FnOnce(Told) -> F) -> T {
    let (tell, told) = oneshot::channel();
    let signals = async {
        let mut signals = Signals::listen();
        signals.next().await;
        // It may have ended by itself just now.
        let _ = tell.send(());
        let signal = signals.next().await;
        tracing::warn!(signal, "told to end a second time: ending at once");
        std::process::exit(SIGNALLED + signal)
    };
    let stop = Box::pin(async {
        if told.await.is_err() {
            // Not reached while the process lives: the sender is with the signals, awaited below.
            pending::<()>().await;
        }
    });
    tokio::select! {
        ended = start(stop) => ended,
        never = signals => never,
    }
}

/// Completes when the process has been told to end.
pub(crate) type Told = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// The signals that end a process.
struct Signals {
    #[cfg(unix)]
    terminate: Option<tokio::signal::unix::Signal>,
    #[cfg(unix)]
    interrupt: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind: SignalKind| match signal(kind) {
            Ok(signal) => Some(signal),
            Err(error) => {
                tracing::warn!(%error, signal = kind.as_raw_value(), "cannot wait for a signal");
                None
            }
        };
        Self {
            terminate: listen(SignalKind::terminate()),
            interrupt: listen(SignalKind::interrupt()),
        }
    }

    /// Waits for one; returns its number.
    async fn next(&mut self) -> i32 {
        use tokio::signal::unix::{Signal, SignalKind};
        async fn received(signal: &mut Option<Signal>) {
            let received = match signal {
                Some(signal) => signal.recv().await,
                None => None,
            };
            if received.is_none() {
                pending::<()>().await;
            }
        }
        tokio::select! {
            () = received(&mut self.terminate) => SignalKind::terminate().as_raw_value(),
            () = received(&mut self.interrupt) => SignalKind::interrupt().as_raw_value(),
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Self {
        Self {}
    }

    async fn next(&mut self) -> i32 {
        /// Ctrl-C's number where there are numbers.
        const INTERRUPT: i32 = 2;
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::warn!(%error, "cannot wait for Ctrl-C");
            pending::<()>().await;
        }
        INTERRUPT
    }
}
