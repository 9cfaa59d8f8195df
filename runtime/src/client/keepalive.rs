//! Pings: who has fallen silent while it owes answers is asked whether it is there.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use h2::{Ping, PingPong};
use tokio::time::{sleep, timeout};

use super::dial::Line;

/// When to ask, and how long to wait for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Keepalive {
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
}

/// By default a frozen server gets no more calls after 15 s.
pub(super) const DEFAULT: Keepalive = Keepalive {
    interval: Duration::from_secs(10),
    timeout: Duration::from_secs(5),
};

/// Servers of other makes take a ping every five minutes, and more of them only when they send something in between.
const PATIENCE: Duration = Duration::from_secs(310);
/// What they ask for between two pings: those of [`PATIENCE`], less a look, are no sooner.
const BORNE: Duration = Duration::from_secs(300);
/// How often more than that they bear (grpc-go closes the connection at the third time).
const EARLY: u32 = 2;
/// How much longer each time it is waited with a server that answers pings and says nothing else.
const GROWTH: u32 = 4;
/// How often in an interval it is looked whether the server has said something.
const LOOKS: u32 = 5;

/// Completes when the server has left a ping unanswered, and says so.
pub(super) async fn silence(keepalive: Keepalive, line: &Line, mut pings: PingPong) -> String {
    let mut rhythm = Rhythm::new(keepalive.interval);
    let mut mark = line.mark();
    // Whether the answer to a ping is still to come.
    let mut owed = false;
    loop {
        sleep(rhythm.look).await;
        let spoke = !line.is_silent_since(mark);
        mark = line.mark();
        let seen = Seen {
            spoke,
            asked: line.take_asked(),
            waiting: line.is_waiting(),
        };
        if !rhythm.look(seen) {
            continue;
        }
        // It may have come late, and until it is taken h2 sends no other ping.
        owed = owed && !poll_fn(|cx| Poll::Ready(pings.poll_pong(cx).is_ready())).await;
        // Fails when the connection ends, which its driver says.
        owed = owed || pings.send_ping(Ping::opaque()).is_ok();
        match timeout(keepalive.timeout, poll_fn(|cx| pings.poll_pong(cx))).await {
            Ok(_) => owed = false,
            // Any word of the server's shows that it lives, and an answer may be behind a long reply.
            Err(_) if line.is_silent_since(mark) => {
                return format!("no answer to a ping within {:?}", keepalive.timeout);
            }
            Err(_) => {}
        }
        mark = line.mark();
    }
}

/// What has happened since the last look.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    /// The server sent something that is no answer to a ping.
    spoke: bool,
    /// A request was sent.
    asked: bool,
    /// Calls are under way.
    waiting: bool,
}

/// Says when a ping is due.
#[derive(Debug)]
struct Rhythm {
    interval: Duration,
    look: Duration,
    /// How long the server may be silent, now.
    gap: Duration,
    silent: Duration,
    /// Whether an answer may be owed: a request was sent and nothing has come since.
    owed: bool,
    /// Since the last ping; `None` if the server has spoken since.
    pinged: Option<Duration>,
    /// Pings sooner after another than some servers like.
    early: u32,
}

impl Rhythm {
    fn new(interval: Duration) -> Self {
        Self {
            interval,
            look: (interval / LOOKS).max(Duration::from_millis(1)),
            gap: interval,
            silent: Duration::ZERO,
            owed: false,
            pinged: None,
            early: 0,
        }
    }

    /// Takes what was seen in the time of one look; says whether to ping now.
    fn look(&mut self, seen: Seen) -> bool {
        self.pinged = self.pinged.map(|since| since.saturating_add(self.look));
        if seen.spoke {
            self.pinged = None;
            self.early = 0;
        }
        if self.gap > self.interval && (seen.spoke || (seen.asked && self.early < EARLY)) {
            self.gap = self.interval;
            // A request just sent has the whole interval to be answered.
            self.silent = Duration::ZERO;
        }
        self.owed = seen.asked || (self.owed && !seen.spoke);
        if seen.spoke || !(self.owed || seen.waiting) {
            self.silent = Duration::ZERO;
            return false;
        }
        self.silent += self.look;
        // The next look would be too late.
        if self.silent + self.look < self.gap {
            return false;
        }
        self.ping();
        true
    }

    fn ping(&mut self) {
        if self.pinged.is_some_and(|since| since < BORNE) {
            self.early += 1;
        }
        // The last early one is kept for a new request.
        self.gap = match self.early + 1 < EARLY {
            true => self
                .gap
                .saturating_mul(GROWTH)
                .min(PATIENCE.max(self.interval)),
            false => PATIENCE.max(self.interval),
        };
        self.pinged = Some(Duration::ZERO);
        self.silent = Duration::ZERO;
        // Its answer says that the server lives, not that it will answer more.
        self.owed = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Seen = Seen {
        spoke: false,
        asked: false,
        waiting: true,
    };

    /// Seconds from the start at which pings are sent, of as many looks.
    fn pings(rhythm: &mut Rhythm, looks: u32, seen: impl Fn(u32) -> Seen) -> Vec<u32> {
        let mut due = |at: &u32| rhythm.look(seen(*at));
        let at: Vec<u32> = (1..=looks).filter(|at| due(at)).collect();
        at.into_iter().map(|look| look * 2).collect()
    }

    #[test]
    fn pings_get_rare_while_nothing_else_comes() {
        let mut rhythm = Rhythm::new(Duration::from_secs(10));
        let at = pings(&mut rhythm, 700, |_| QUIET);
        assert_eq!(at, [8, 46, 354, 662, 970, 1278]);
        // The server speaks: as at the start.
        let spoke = Seen {
            spoke: true,
            ..QUIET
        };
        let at = pings(
            &mut rhythm,
            20,
            |look| if look == 1 { spoke } else { QUIET },
        );
        assert_eq!(at, [10]);
    }

    #[test]
    fn nothing_is_asked_of_a_server_that_owes_nothing() {
        let mut rhythm = Rhythm::new(Duration::from_secs(10));
        let idle = Seen::default();
        assert_eq!(pings(&mut rhythm, 1000, |_| idle), Vec::<u32>::new());
        // One that spoke not long ago is not asked either.
        let busy = Seen {
            spoke: true,
            asked: true,
            waiting: true,
        };
        assert_eq!(pings(&mut rhythm, 1000, |_| busy), Vec::<u32>::new());
    }

    #[test]
    fn a_call_that_was_given_up_is_still_owed() {
        let mut rhythm = Rhythm::new(Duration::from_secs(10));
        let asked = Seen {
            asked: true,
            ..Seen::default()
        };
        let at = pings(&mut rhythm, 100, |look| {
            if look == 1 { asked } else { Seen::default() }
        });
        assert_eq!(at, [8]);
    }

    #[test]
    fn a_request_after_a_long_silence_is_watched_as_the_first_one() {
        let mut rhythm = Rhythm::new(Duration::from_secs(10));
        let asked = Seen {
            asked: true,
            ..QUIET
        };
        // An hour of a quiet stream; then requests every 2 s, which nobody answers any more.
        let quiet = pings(&mut rhythm, 1800, |_| QUIET);
        assert_eq!(quiet.len(), 13);
        assert_eq!(pings(&mut rhythm, 20, |_| asked), [8]);
    }

    #[test]
    fn new_requests_bring_the_interval_back_as_often_as_servers_bear() {
        let mut rhythm = Rhythm::new(Duration::from_secs(10));
        let asked = Seen {
            asked: true,
            ..QUIET
        };
        // A request every 20 s that is never answered, by a server that answers pings.
        let at = pings(
            &mut rhythm,
            500,
            |look| if look % 10 == 0 { asked } else { QUIET },
        );
        assert_eq!(at, [8, 26, 46, 354, 662, 970]);
    }
}
