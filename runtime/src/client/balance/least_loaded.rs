//! Of two endpoints drawn at random by weight the one with less to do.

use std::sync::Arc;

use super::{Ask, Rank, eased, note};
use crate::client::endpoint::Node;
use crate::client::nodes::Nodes;
use crate::random;

/// Added to latencies, in microseconds: among fast answers differences mean nothing.
const FLOOR: u64 = 5_000;
/// How often a second one is drawn to find another than the first.
const DRAWS: usize = 4;

pub(super) fn draw<'a>(
    nodes: &'a Nodes,
    ask: &Ask<'_>,
    unconnected: &mut Option<&'a Arc<Node>>,
) -> (&'a Arc<Node>, Rank) {
    let list = nodes.list();
    let (first, second) = two(nodes, ask);
    let ranks = (ask.rank(&list[first]), ask.rank(&list[second]));
    let better = match ranks.0.cmp(&ranks.1) {
        std::cmp::Ordering::Less => first,
        std::cmp::Ordering::Greater => second,
        std::cmp::Ordering::Equal if is_less_loaded(nodes, ask.now, second, first) => second,
        std::cmp::Ordering::Equal => first,
    };
    note(unconnected, &list[first], ranks.0);
    note(unconnected, &list[second], ranks.1);
    (
        &list[better],
        if better == first { ranks.0 } else { ranks.1 },
    )
}

/// Draws two, different ones as a rule; there are at least two.
fn two(nodes: &Nodes, ask: &Ask<'_>) -> (usize, usize) {
    let count = nodes.list().len();
    let any = || match &nodes.shares {
        None => random::below(count),
        Some(shares) => shares.at(random::below(shares.total() as usize) as u32),
    };
    let first = eased(nodes, ask, any);
    let other = || match &nodes.shares {
        // All others alike.
        None => (first + 1 + random::below(count - 1)) % count,
        Some(_) => any(),
    };
    for _ in 0..DRAWS {
        let second = eased(nodes, ask, other);
        if second != first {
            return (first, second);
        }
    }
    // One has nearly all of the weight: two draws of it are one.
    (first, first)
}

/// Whether `other` has so much less to do that it goes before `first`. In doubt it does not: who is drawn first is
/// drawn by weight.
fn is_less_loaded(nodes: &Nodes, now: u64, other: usize, first: usize) -> bool {
    let list = nodes.list();
    let latency = |index: usize| list[index].health.latency(now) + FLOOR;
    let load = |index: usize, more: u32| {
        let inverse = nodes
            .shares
            .as_ref()
            .map_or(1.0, |shares| shares.inverse(index));
        (list[index].load().saturating_add(more)) as f32 * inverse
    };
    let (theirs, own) = (latency(other), latency(first));
    if theirs.abs_diff(own) <= theirs.max(own) / 16 {
        // With the call it has no more to do, for its weight, than the first has without.
        return load(other, 1) <= load(first, 0);
    }
    let cost = |latency: u64, load: f32| latency as f32 * (1.0 + load);
    cost(theirs, load(other, 0)) < cost(own, load(first, 0))
}
