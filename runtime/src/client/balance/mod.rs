//! Picks the endpoint of a call.

mod least_loaded;
mod ring;
mod shares;

use std::sync::Arc;

use tokio::runtime;

pub(super) use ring::{Ring, hash};
pub(super) use shares::Shares;

use super::endpoint::{Node, Standing};
use super::nodes::Nodes;
use crate::random;

/// How the calls of a channel are spread over the instances of a service.
///
/// Each honours the instances' weights: of weights 1 and 3 the second gets three times as many calls, and an instance of
/// weight 0 gets none unless all have weight 0. Each leaves out, as long as there are others, instances that cannot be
/// reached, that have failed calls five times in a row, or (but [`Balance::ConsistentHash`], which waits for it) that
/// have no connection yet, or as many calls as they take at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Balance {
    /// Of two instances picked at random by weight the one with less to do: by calls under way, and by how long it
    /// took to answer of late: a moving average in which a latency counts half after 0.7 s, and that halves in 1.5 s
    /// without calls, so that who was slow is tried again; differences of 0.3 ms, or of a 16th, count for nothing. The
    /// default.
    #[default]
    LeastLoaded,
    /// Each in turn as often as its weight says, the turns of one far from each other: `a a b a a c a` rather than
    /// `a a a a a b c`.
    WeightedRoundRobin,
    /// Each in turn, in order of address, one call each. With different weights as many calls in a row as the weight
    /// says, divided by what divides all weights.
    RoundRobin,
    /// The calls with one key ([`Context::key`](crate::Context::key)) to one instance. When an instance comes or goes
    /// only its share of the keys moves; which instance a key goes to depends on addresses and weights alone and is
    /// the same in all clients. Other keys move as well, up to one in a hundred, now and then when there are more than
    /// about 400 instances (with very different weights fewer), and more of them when an instance comes whose weight is
    /// less than half of the least before. Calls without a key go as by [`Balance::LeastLoaded`].
    ConsistentHash,
    /// Each unary call to every instance, of whatever weight. All must succeed; the reply is that of the first one by
    /// address. An error says how many failed, and where. Other calls than unary ones are refused.
    Broadcast,
}

/// What a pick goes by.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) balance: Balance,
    /// The hash of the key, if there is one.
    pub(super) key: Option<u64>,
    pub(super) runtime: runtime::Id,
    /// The time in microseconds.
    pub(super) now: u64,
    /// How long a new endpoint is eased in, in microseconds.
    pub(super) slow_start: u64,
    /// Where the call has failed: only if there is no other.
    pub(super) avoid: &'a [Arc<Node>],
}

/// The picked endpoint.
pub(super) struct Pick<'a> {
    pub(super) node: &'a Arc<Node>,
    /// Would have been picked, if it had a connection.
    pub(super) unconnected: Option<&'a Arc<Node>>,
}

/// How well an endpoint can be used, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank(Standing, bool);

impl Rank {
    const BEST: Self = Self(Standing::Ready, false);
}

impl Ask<'_> {
    fn rank(&self, node: &Arc<Node>) -> Rank {
        let avoided = self.avoid.iter().any(|avoid| Arc::ptr_eq(avoid, node));
        match (node.standing(self.runtime, self.now), avoided) {
            // One without a connection that has not failed goes before one that has.
            (Standing::Ready | Standing::Full | Standing::Unconnected | Standing::Stuck, true) => {
                Rank(Standing::Stuck, true)
            }
            (standing, avoided) => Rank(standing, avoided),
        }
    }
}

/// How often another one is drawn before all are looked at.
const DRAWS: usize = 4;

/// Picks one of the endpoints; `None` if there are none.
pub(super) fn pick<'a>(nodes: &'a Nodes, ask: &Ask<'_>) -> Option<Pick<'a>> {
    let list = nodes.list();
    match (list, ask.balance, ask.key) {
        ([], ..) => return None,
        ([node], ..) => {
            return Some(Pick {
                node,
                unconnected: None,
            });
        }
        (_, Balance::ConsistentHash, Some(key)) => {
            let mut walk = nodes.ring().walk(key).map(|index| &list[index]);
            // Worth waiting for, as it is the one that knows the key.
            let good = Rank(Standing::Unconnected, false);
            let node = walk.find(|node| ask.rank(node) <= good);
            let node = node.or_else(|| least(nodes, ask));
            return node.map(|node| Pick {
                node,
                unconnected: None,
            });
        }
        _ => {}
    }
    let mut unconnected = None;
    for _ in 0..DRAWS {
        let (node, rank) = draw(nodes, ask, &mut unconnected);
        if rank == Rank::BEST {
            return Some(Pick { node, unconnected });
        }
    }
    least(nodes, ask).map(|node| Pick { node, unconnected })
}

/// Draws one as the policy says, and notes one that has lost for want of a connection.
fn draw<'a>(
    nodes: &'a Nodes,
    ask: &Ask<'_>,
    unconnected: &mut Option<&'a Arc<Node>>,
) -> (&'a Arc<Node>, Rank) {
    let list = nodes.list();
    let index = match (ask.balance, &nodes.shares) {
        (Balance::RoundRobin, Some(shares)) => eased(nodes, ask, || shares.in_turn(nodes.turn())),
        (Balance::WeightedRoundRobin, Some(shares)) => {
            eased(nodes, ask, || shares.smoothly(nodes.turn()))
        }
        (Balance::RoundRobin | Balance::WeightedRoundRobin, None) => {
            eased(nodes, ask, || nodes.turn() % list.len())
        }
        _ => return least_loaded::draw(nodes, ask, unconnected),
    };
    let rank = ask.rank(&list[index]);
    note(unconnected, &list[index], rank);
    (&list[index], rank)
}

fn note<'a>(unconnected: &mut Option<&'a Arc<Node>>, node: &'a Arc<Node>, rank: Rank) {
    if rank == Rank(Standing::Unconnected, false) && unconnected.is_none() {
        *unconnected = Some(node);
    }
}

/// Draws until it is one that may have its full share, or has luck. It has not long to go on without.
fn eased(nodes: &Nodes, ask: &Ask<'_>, mut draw: impl FnMut() -> usize) -> usize {
    for _ in 0..DRAWS {
        let index = draw();
        let share = nodes.eased(&nodes.list()[index], ask.now, ask.slow_start);
        if share >> 16 == 1 || (random::next() as u32 >> 16) < share {
            return index;
        }
    }
    draw()
}

/// Of all endpoints a good one with a connection, if there is any, or the one that is least bad.
fn least<'a>(nodes: &'a Nodes, ask: &Ask<'_>) -> Option<&'a Arc<Node>> {
    let list = nodes.list();
    // Not always the first one.
    let start = random::below(list.len().max(1));
    let (mut best, mut least) = (None, None);
    for index in (start..list.len()).chain(0..start) {
        let node = &list[index];
        let rank = ask.rank(node);
        let weightless = nodes
            .shares
            .as_ref()
            .is_some_and(|shares| shares.is_empty(index));
        if rank == Rank::BEST && !weightless {
            return Some(node);
        }
        let cost = Some((weightless, rank, node.load()));
        if best.is_none() || cost < least {
            (best, least) = (Some(node), cost);
        }
    }
    best
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests;
