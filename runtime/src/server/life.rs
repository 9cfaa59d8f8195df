//! How long a connection lives: until the server stops, it is too old, or nothing moves on it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::connection::ConnectionOptions;
use crate::io::Moved;
use crate::random;

/// How long a peer may take to acknowledge that a quiet connection winds down.
const PROBE: Duration = Duration::from_secs(20);

/// What is to be done with a connection now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It takes no new requests; those under way finish.
    WindDown,
    /// It is dropped with what is under way.
    Cut,
}

/// The life of one connection.
pub(super) struct Life {
    stopped: watch::Receiver<()>,
    stopping: bool,
    winding: bool,
    moved: Arc<Moved>,
    old: Option<Instant>,
    grace: Option<Duration>,
    /// When it is looked at whether bytes have moved.
    look: Option<Instant>,
    max_idle: Duration,
    /// The peer must answer to the GOAWAY of a quiet connection, or it is gone.
    probes: bool,
    probing: bool,
    cut: Option<Instant>,
}

impl Life {
    pub(super) fn new(
        options: &ConnectionOptions,
        http2: bool,
        moved: Arc<Moved>,
        stopped: watch::Receiver<()>,
    ) -> Self {
        let now = Instant::now();
        Self {
            stopped,
            stopping: false,
            winding: false,
            moved,
            // A limit too long for the clock is none.
            old: options.max_age.and_then(|age| now.checked_add(spread(age))),
            grace: options.age_grace,
            look: options.max_idle.and_then(|idle| now.checked_add(idle)),
            max_idle: options.max_idle.unwrap_or_default(),
            probes: http2,
            probing: false,
            cut: None,
        }
    }

    /// Waits until something is to be done.
    pub(super) async fn step(&mut self) -> Step {
        loop {
            let due = [self.cut, self.old, self.look].into_iter().flatten().min();
            let wake = async {
                match due {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let step = tokio::select! {
                _ = self.stopped.changed(), if !self.stopping => {
                    self.stopping = true;
                    self.wind_down()
                }
                () = wake => self.due(Instant::now()),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    fn wind_down(&mut self) -> Option<Step> {
        let first = !std::mem::replace(&mut self.winding, true);
        first.then_some(Step::WindDown)
    }

    fn due(&mut self, now: Instant) -> Option<Step> {
        if self.cut.is_some_and(|at| at <= now) {
            return Some(Step::Cut);
        }
        if self.old.is_some_and(|at| at <= now) {
            self.old = None;
            self.cut = self.grace.and_then(|grace| now.checked_add(grace));
            return self.wind_down();
        }
        if self.look.is_some_and(|at| at <= now) {
            return self.look(now);
        }
        None
    }

    /// Closes a connection on which nothing has moved, as far as nobody can be waiting on it.
    fn look(&mut self, now: Instant) -> Option<Step> {
        let moved = self.moved.take();
        let answered = self.moved.take_inwards();
        match (self.winding, moved) {
            (false, true) => {
                self.look = now.checked_add(self.max_idle);
                None
            }
            (false, false) => {
                // HTTP/2's GOAWAY comes with a ping. With HTTP/1.1 a long call looks the same as a dead peer.
                self.probing = self.probes;
                self.look = self.probes.then(|| now + PROBE);
                self.wind_down()
            }
            // It winds down for another reason, or has been asked.
            (true, _) => {
                self.look = None;
                (self.probing && !answered && !self.stopping).then_some(Step::Cut)
            }
        }
    }
}

/// A tenth more or less, so that connections opened together do not end together.
fn spread(age: Duration) -> Duration {
    let thousandths = 900 + random::below(201) as u32;
    age.saturating_mul(thousandths) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A life, what tells it to stop, and its connection's bytes.
    fn life(options: &ConnectionOptions, http2: bool) -> (Life, watch::Sender<()>, Arc<Moved>) {
        let (stop, stopped) = watch::channel(());
        let moved = Arc::new(Moved::default());
        let life = Life::new(options, http2, Arc::clone(&moved), stopped);
        (life, stop, moved)
    }

    fn options(idle: u64, age: u64, grace: u64) -> ConnectionOptions {
        let seconds = |n| (n > 0).then(|| Duration::from_secs(n));
        ConnectionOptions {
            max_idle: seconds(idle),
            max_age: seconds(age),
            age_grace: seconds(grace),
            ..ConnectionOptions::default()
        }
    }

    /// The next step, and the whole seconds until then.
    async fn next(life: &mut Life) -> Option<(Step, u64)> {
        let start = Instant::now();
        let step = tokio::time::timeout(Duration::from_secs(1 << 20), life.step()).await;
        step.ok().map(|step| (step, start.elapsed().as_secs()))
    }

    #[tokio::test(start_paused = true)]
    async fn an_old_connection_winds_down_and_is_cut_after_its_grace() {
        for _ in 0..50 {
            let (mut life, _stop, _) = life(&options(0, 1000, 10), true);
            let (step, after) = next(&mut life).await.expect("it ages");
            assert!(
                step == Step::WindDown && (900..=1100).contains(&after),
                "{after}"
            );
            assert_eq!(next(&mut life).await, Some((Step::Cut, 10)));
        }
        let (mut life, _stop, _) = life(&options(0, 1000, 0), true);
        assert!(next(&mut life).await.is_some());
        assert_eq!(next(&mut life).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_connection_winds_down_and_one_that_is_dead_is_cut() {
        let (mut life, _stop, moved) = life(&options(100, 0, 0), true);
        moved.read();
        assert_eq!(next(&mut life).await, Some((Step::WindDown, 200)));
        assert_eq!(next(&mut life).await, Some((Step::Cut, 20)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_answers_keeps_its_calls() {
        let (mut life, _stop, moved) = life(&options(100, 0, 0), true);
        assert_eq!(next(&mut life).await, Some((Step::WindDown, 100)));
        moved.read();
        assert_eq!(next(&mut life).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_call_of_http1_is_not_cut() {
        let (mut life, _stop, _) = life(&options(100, 0, 0), false);
        assert_eq!(next(&mut life).await, Some((Step::WindDown, 100)));
        assert_eq!(next(&mut life).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_call_outlives_the_age_of_its_connection() {
        let (mut life, _stop, _) = life(&options(100, 50, 0), true);
        assert!(matches!(next(&mut life).await, Some((Step::WindDown, _))));
        assert_eq!(next(&mut life).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_winds_down_once() {
        let (mut life, stop, _) = life(&options(0, 50, 0), true);
        drop(stop);
        assert_eq!(next(&mut life).await, Some((Step::WindDown, 0)));
        assert_eq!(next(&mut life).await, None);
    }
}
