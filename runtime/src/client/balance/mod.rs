//! Picks the endpoint of a call: of two taken at random the one with less under way.

use std::sync::Arc;

use tokio::runtime;

use super::endpoint::Node;
use crate::random;

/// Picks among `nodes`; `avoid` is taken only if there is no other that can be used now.
pub(super) fn pick<'a>(
    nodes: &'a [Arc<Node>],
    runtime: runtime::Id,
    avoid: Option<&Arc<Node>>,
) -> Option<&'a Arc<Node>> {
    if let [] | [_] = nodes {
        return nodes.first();
    }
    let first = random::below(nodes.len());
    // A second one that is not the first, all others alike.
    let second = (first + 1 + random::below(nodes.len() - 1)) % nodes.len();
    let cost = |node: &Arc<Node>| {
        let avoided = avoid.is_some_and(|avoid| Arc::ptr_eq(avoid, node));
        (node.down_until(runtime).is_some(), avoided, node.load())
    };
    let better = if cost(&nodes[second]) < cost(&nodes[first]) {
        &nodes[second]
    } else {
        &nodes[first]
    };
    if !matches!(cost(better), (true, ..) | (_, true, _)) {
        return Some(better);
    }
    // Both are bad: any other that is not will do.
    nodes.iter().min_by_key(|node| cost(node))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::super::endpoint::InFlight;
    use super::super::transport::Transport;
    use super::*;
    use crate::discovery::Endpoint;

    fn nodes(count: usize) -> Vec<Arc<Node>> {
        let endpoint = |port| Endpoint::new(format!("127.0.0.1:{port}"));
        let node = |port| Arc::new(Node::new(endpoint(port), Transport::default()));
        (1..=count).map(node).collect()
    }

    #[tokio::test]
    async fn the_busier_of_two_is_left_alone() {
        let runtime = runtime::Handle::current().id();
        let two = nodes(2);
        let _busy = InFlight::new(&two[0]);
        for _ in 0..50 {
            let picked = pick(&two, runtime, None).unwrap();
            assert!(Arc::ptr_eq(picked, &two[1]));
        }
    }

    #[tokio::test]
    async fn load_spreads_over_all() {
        let runtime = runtime::Handle::current().id();
        let ten = nodes(10);
        let mut calls = Vec::new();
        for _ in 0..1000 {
            calls.push(InFlight::new(pick(&ten, runtime, None).unwrap()));
        }
        let loads: Vec<usize> = ten.iter().map(|node| node.load()).collect();
        // Two choices keep the spread within a few calls; one choice would not.
        assert!(
            loads.iter().all(|load| (90..=110).contains(load)),
            "{loads:?}"
        );
    }

    #[tokio::test]
    async fn what_has_failed_is_avoided_unless_it_is_alone() {
        let runtime = runtime::Handle::current().id();
        let three = nodes(3);
        for _ in 0..50 {
            let picked = pick(&three, runtime, Some(&three[1])).unwrap();
            assert!(!Arc::ptr_eq(picked, &three[1]));
        }
        let one = nodes(1);
        assert!(pick(&one, runtime, Some(&one[0])).is_some());
        assert!(pick(&[], runtime, None).is_none());
    }
}
