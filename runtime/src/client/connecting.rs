//! What a call does that finds no open connection: connects, here or there, and waits for the first.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::attempts::{Attempts, Reached};
use super::clock;
use super::connection::{Phase, STAGGER};
use super::endpoint::Node;
use crate::error::Result;

/// How many endpoints a call tries to connect to.
const DIALS: u32 = 16;
/// How often a call waits for endpoints that have just failed, and how long for the first of them.
const WAITS: u32 = 2;
const LONGEST_WAIT: Duration = Duration::from_millis(250);

/// How far a call has come with connecting.
struct Search {
    dials: u32,
    waits: u32,
    /// Where it connects now.
    dialled: Option<Arc<Node>>,
}

/// What to do next.
enum Step {
    Go(Reached),
    /// Wait for an attempt to end, no longer than until then.
    Wait(Instant),
}

impl Attempts {
    /// Returns the first connection there is.
    ///
    /// # Errors
    /// [`Code::Unavailable`](crate::Code::Unavailable) if none can be had;
    /// [`Code::DeadlineExceeded`](crate::Code::DeadlineExceeded) if none has come until the call's deadline.
    pub(super) async fn connected(&mut self) -> Result<Reached> {
        let group = Arc::clone(&self.group);
        let mut search = Search {
            dials: DIALS,
            waits: WAITS,
            dialled: None,
        };
        loop {
            let mut bell = std::pin::pin!(group.common.bell.notified());
            // From here on, so that nothing is missed between the look and the wait.
            bell.as_mut().enable();
            let until = match self.step(&mut search)? {
                Step::Go(reached) => return Ok(reached),
                Step::Wait(until) => until,
            };
            let deadline = self.terms.deadline.map(Instant::from);
            let until = deadline.map_or(until, |deadline| until.min(deadline));
            tokio::select! {
                () = bell => {}
                () = sleep_until(until) => {}
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                let node = search.dialled.as_deref();
                return Err(self.group.not_in_time(node));
            }
            self.look_again();
        }
    }

    fn step(&self, search: &mut Search) -> Result<Step> {
        let now = clock::now();
        let wait = |from: u64| Step::Wait(clock::instant(from + STAGGER + 1));
        let Some(pick) = self.pick(now) else {
            return Err(self.group.nobody(None));
        };
        let slot = pick.node.slot(self.runtime);
        if let Some(lease) = slot.lease() {
            return Ok(Step::Go((Arc::clone(pick.node), slot, lease)));
        }
        // One attempt at a time, as long as it does not take long.
        if let Some(dialled) = &search.dialled
            && let Phase::Opening { since } = dialled.phase(self.runtime)
            && since + STAGGER > now
        {
            return Ok(wait(since));
        }
        match slot.phase() {
            Phase::Down { until } if until > now => {
                return self.all_down(search, pick.node, now).map(Step::Wait);
            }
            Phase::Open | Phase::Opening { .. } => {}
            Phase::Idle | Phase::Down { .. } if search.dials == 0 => {
                return Err(self.group.unreachable(pick.node, &slot.error()));
            }
            Phase::Idle | Phase::Down { .. } => {
                search.dials -= 1;
                slot.start(now);
            }
        }
        search.dialled = Some(Arc::clone(pick.node));
        Ok(wait(now))
    }

    /// None can be tried now. Returns when one can, if that is soon.
    fn all_down(&self, search: &mut Search, node: &Arc<Node>, now: u64) -> Result<Instant> {
        let down = |node: &Arc<Node>| match node.phase(self.runtime) {
            Phase::Down { until } => until,
            Phase::Idle | Phase::Opening { .. } | Phase::Open => now,
        };
        let soonest = match &self.terms.only {
            Some(node) => down(node),
            None => self.nodes.list().iter().map(down).min().unwrap_or(now),
        };
        if search.waits == 0 || soonest > now + clock::micros(LONGEST_WAIT) {
            let error = node.slot(self.runtime).error();
            return Err(self.group.unreachable(node, &error));
        }
        search.waits -= 1;
        Ok(clock::instant(soonest + 1))
    }
}
