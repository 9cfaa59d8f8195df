//! Picks by each policy, of endpoints that only look as if they were connected to.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::advance;

use super::*;
use crate::client::clock;
use crate::client::connection::{Phase, STAGGER};
use crate::client::endpoint::Common;
use crate::discovery::{Endpoint, Snapshot};

/// Endpoints 10.0.0.1:1 and so on, by their weights.
struct Bench {
    common: Arc<Common>,
    nodes: Nodes,
    balance: Balance,
    slow_start: Duration,
}

const POLICIES: [Balance; 3] = [
    Balance::LeastLoaded,
    Balance::WeightedRoundRobin,
    Balance::RoundRobin,
];

fn snapshot(weights: &[u32]) -> Snapshot {
    let endpoint =
        |(at, weight): (usize, &u32)| Endpoint::new(format!("10.0.0.{}:1", at + 1)).weight(*weight);
    weights.iter().enumerate().map(endpoint).collect()
}

impl Bench {
    fn new(weights: &[u32], balance: Balance) -> Self {
        let common = Arc::default();
        let nodes = Nodes::first(snapshot(weights), &common);
        let bench = Self {
            common,
            nodes,
            balance,
            slow_start: Duration::ZERO,
        };
        bench.all(Phase::Open);
        bench
    }

    /// As the registry says next.
    fn next(&mut self, snapshot: Snapshot) {
        self.nodes = self.nodes.next(snapshot, &self.common);
        self.all(Phase::Open);
    }

    fn all(&self, phase: Phase) {
        (0..self.nodes.list().len()).for_each(|at| self.set(at, phase));
    }

    fn set(&self, at: usize, phase: Phase) {
        let runtime = Handle::current().id();
        self.nodes.list()[at].slot(runtime).pretend(phase);
    }

    fn ask<'a>(&self, key: Option<&str>, avoid: &'a [Arc<Node>]) -> Ask<'a> {
        Ask {
            balance: self.balance,
            key: key.map(|key| hash(key.as_bytes())),
            runtime: Handle::current().id(),
            now: clock::now(),
            slow_start: clock::micros(self.slow_start),
            avoid,
        }
    }

    fn index(&self, node: &Arc<Node>) -> usize {
        let same = |other: &Arc<Node>| Arc::ptr_eq(other, node);
        self.nodes.list().iter().position(same).unwrap()
    }

    fn pick(&self) -> usize {
        self.pick_with(None, &[])
    }

    fn pick_with(&self, key: Option<&str>, avoid: &[Arc<Node>]) -> usize {
        self.index(pick(&self.nodes, &self.ask(key, avoid)).unwrap().node)
    }

    /// How often each is picked.
    fn counts(&self, picks: usize) -> Vec<usize> {
        let mut counts = vec![0; self.nodes.list().len()];
        (0..picks).for_each(|_| counts[self.pick()] += 1);
        counts
    }
}

#[tokio::test]
async fn the_busier_of_two_is_left_alone() {
    let two = Bench::new(&[1, 1], Balance::LeastLoaded);
    two.nodes.list()[0].begin();
    for _ in 0..50 {
        assert_eq!(two.pick(), 1);
    }
}

#[tokio::test]
async fn load_spreads_over_all() {
    let ten = Bench::new(&[1; 10], Balance::LeastLoaded);
    for _ in 0..1000 {
        ten.nodes.list()[ten.pick()].begin();
    }
    let loads: Vec<u32> = ten.nodes.list().iter().map(|node| node.load()).collect();
    // Two choices keep the spread within a few calls; one choice would not.
    assert!(
        loads.iter().all(|load| (90..=110).contains(load)),
        "{loads:?}"
    );
}

#[tokio::test]
async fn what_has_failed_is_avoided_unless_it_is_alone() {
    for balance in POLICIES.into_iter().chain([Balance::ConsistentHash]) {
        let three = Bench::new(&[1; 3], balance);
        let avoid = [Arc::clone(&three.nodes.list()[1])];
        for key in 0..50 {
            assert_ne!(three.pick_with(Some(&key.to_string()), &avoid), 1);
        }
        let one = Bench::new(&[1], balance);
        let avoid = [Arc::clone(&one.nodes.list()[0])];
        assert_eq!(one.pick_with(None, &avoid), 0);
        let none = Bench::new(&[], balance);
        assert!(pick(&none.nodes, &none.ask(None, &[])).is_none());
    }
}

#[tokio::test]
async fn weights_are_honoured_by_all() {
    for balance in POLICIES {
        let two = Bench::new(&[1, 3], balance);
        let counts = two.counts(4000);
        assert!((850..1150).contains(&counts[0]), "{balance:?}: {counts:?}");

        let some = Bench::new(&[0, 2, 0, 1], balance);
        let counts = some.counts(3000);
        assert!((800..1200).contains(&counts[3]), "{balance:?}: {counts:?}");
        assert_eq!((counts[0], counts[2]), (0, 0), "{balance:?}");

        let none = Bench::new(&[0, 0], balance);
        let counts = none.counts(1000);
        assert!((400..600).contains(&counts[0]), "{balance:?}: {counts:?}");
    }
    let two = Bench::new(&[1, 3], Balance::ConsistentHash);
    let first = (0..4000).filter(|key| two.pick_with(Some(&key.to_string()), &[]) == 0);
    let first = first.count();
    assert!((800..1200).contains(&first), "{first}");
}

#[tokio::test]
async fn weights_are_honoured_under_load() {
    let two = Bench::new(&[1, 3], Balance::LeastLoaded);
    for _ in 0..1000 {
        two.nodes.list()[two.pick()].begin();
    }
    let light = two.nodes.list()[0].load();
    assert!((240..=260).contains(&light), "{light}");
}

#[tokio::test]
async fn nobody_gets_anything_while_weight_zero_stands_beside_it() {
    let two = Bench::new(&[0, 1], Balance::LeastLoaded);
    two.set(
        1,
        Phase::Down {
            until: u64::MAX >> 2,
        },
    );
    assert_eq!(two.pick(), 1);
}

#[tokio::test]
async fn turns_are_taken_in_order_of_address() {
    let three = Bench::new(&[7; 3], Balance::RoundRobin);
    let first = three.pick();
    let turns: Vec<usize> = (1..10).map(|_| three.pick()).collect();
    let expected: Vec<usize> = (1..10).map(|turn| (first + turn) % 3).collect();
    assert_eq!(turns, expected);
    // As many in a row as the weight says.
    let two = Bench::new(&[10, 30], Balance::RoundRobin);
    let turns: Vec<usize> = (0..12).map(|_| two.pick()).collect();
    let changes = turns.windows(2).filter(|two| two[0] != two[1]).count();
    assert!((5..=6).contains(&changes), "{turns:?}");
    assert_eq!(turns.iter().filter(|turn| **turn == 0).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_slow_one_gets_less_and_is_asked_again_later() {
    let three = Bench::new(&[1; 3], Balance::LeastLoaded);
    let take = |at: usize| if at == 1 { 200_000 } else { 2_000 };
    let mut counts = [0; 3];
    for _ in 0..1000 {
        let at = three.pick();
        counts[at] += 1;
        advance(Duration::from_micros(take(at))).await;
        three.nodes.list()[at]
            .health
            .observe(clock::now(), take(at));
    }
    assert!(counts[1] < 30, "{counts:?}");
    // It is forgotten with time, not at once.
    let before = three.counts(300)[1];
    advance(Duration::from_secs(20)).await;
    let after = three.counts(300)[1];
    assert!(before < 10 && after > 60, "{before} {after}");
}

#[tokio::test(start_paused = true)]
async fn who_takes_no_more_streams_gets_calls_only_if_there_is_no_other() {
    for balance in POLICIES {
        let bench = Bench::new(&[1, 1, 1], balance);
        let list = bench.nodes.list();
        let runtime = Handle::current().id();
        list[0].slot(runtime).pretend_streams(1);
        assert!(bench.counts(100)[0] > 0, "{balance:?}");
        list[0].begin();
        assert_eq!(bench.counts(100)[0], 0, "{balance:?}");
        // One that has no connection yet is no other.
        (1..3).for_each(|at| bench.set(at, Phase::Idle));
        assert_eq!(bench.counts(100)[0], 100, "{balance:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_there_from_the_start_has_its_full_share() {
    let mut bench = Bench::new(&[1, 1], Balance::RoundRobin);
    let shares = |bench: &Bench| {
        let (nodes, now) = (&bench.nodes, clock::now());
        let eased = |node: &Arc<Node>| nodes.eased(node, now, u64::MAX);
        nodes.list().iter().map(eased).collect::<Vec<_>>()
    };
    assert_eq!(shares(&bench), [1 << 16, 1 << 16]);
    bench.next(snapshot(&[1, 1, 1]));
    assert_eq!(shares(&bench), [1 << 16, 1 << 16, (1 << 16) / 10]);
}

#[tokio::test(start_paused = true)]
async fn a_new_one_is_eased_in() {
    for balance in POLICIES {
        let mut bench = Bench::new(&[1; 3], balance);
        bench.slow_start = Duration::from_secs(10);
        // Those that are there from the start need no easing.
        let counts = bench.counts(3000);
        assert!(
            counts.iter().all(|count| (800..1200).contains(count)),
            "{counts:?}"
        );

        bench.next(snapshot(&[1; 4]));
        let mut shares = Vec::new();
        for _ in 0..11 {
            shares.push(bench.counts(4000)[3]);
            advance(Duration::from_secs(1)).await;
        }
        // It gets some from the start, and more and more.
        assert!((40..260).contains(&shares[0]), "{balance:?}: {shares:?}");
        assert!(
            shares[0] < shares[5] && shares[5] < shares[10],
            "{balance:?}: {shares:?}"
        );
        assert!((850..1150).contains(&shares[10]), "{balance:?}: {shares:?}");

        bench.next(snapshot(&[1; 5]));
        bench.slow_start = Duration::ZERO;
        assert!(bench.counts(5000)[4] > 850);
    }
}

#[tokio::test(start_paused = true)]
async fn state_outlives_snapshots() {
    let mut bench = Bench::new(&[1; 3], Balance::LeastLoaded);
    let now = clock::now();
    let old: Vec<Arc<Node>> = bench.nodes.list().to_vec();
    old[1].begin();
    old[1].health.observe(now, 50_000);
    let latency = old[1].health.latency(now);
    assert_ne!(latency, 0);
    for node in &old {
        node.health.failed();
    }
    old[0].health.eject(now);
    old[2].health.eject(now);
    bench.set(
        2,
        Phase::Down {
            until: now + 9_000_000,
        },
    );
    // Another weight, another version, the same.
    let changed = Snapshot::from([
        Endpoint::new("10.0.0.1:1").weight(5).metadata("zone", "x"),
        Endpoint::new("10.0.0.2:1"),
        Endpoint::new("10.0.0.3:1").version("v2"),
        Endpoint::new("10.0.0.4:1"),
    ]);
    bench.nodes = bench.nodes.next(changed, &bench.common);
    let new = bench.nodes.list();
    for at in 0..3 {
        assert!(Arc::ptr_eq(&old[at], &new[at]), "{at}");
    }
    assert_eq!((new[1].load(), new[1].health.latency(now)), (1, latency));
    assert!(new[0].health.is_ejected(now));
    // Another version is another program.
    assert!(!new[2].health.is_ejected(now));
    assert_eq!(new[2].phase(Handle::current().id()), Phase::Idle);
}

#[tokio::test]
async fn item_06_who_is_left_alone_is_used_when_the_others_have_gone() {
    let mut bench = Bench::new(&[1; 4], Balance::LeastLoaded);
    let now = clock::now();
    for at in [0, 1] {
        assert!(bench.nodes.can_spare_one(now));
        bench.nodes.list()[at].health.eject(now);
    }
    // At most half.
    assert!(!bench.nodes.can_spare_one(now));
    let counts = bench.counts(1000);
    assert_eq!((counts[0], counts[1]), (0, 0));
    // The other two go.
    bench.next(snapshot(&[1, 1]));
    let counts = bench.counts(1000);
    assert!(counts[0] > 400 && counts[1] > 400, "{counts:?}");
    // The last one is never left alone.
    assert!(
        !Bench::new(&[1], Balance::LeastLoaded)
            .nodes
            .can_spare_one(now)
    );
}

#[tokio::test]
async fn who_has_a_connection_goes_first_and_the_other_is_connected_to() {
    for balance in POLICIES {
        let bench = Bench::new(&[1; 3], balance);
        bench.set(0, Phase::Idle);
        let mut wanted = 0;
        for _ in 0..100 {
            let ask = bench.ask(None, &[]);
            let pick = pick(&bench.nodes, &ask).unwrap();
            assert_ne!(bench.index(pick.node), 0);
            wanted += usize::from(pick.unconnected.is_some());
        }
        assert!(wanted > 20, "{balance:?}: {wanted}");
    }
}

#[tokio::test]
async fn a_key_stays_with_its_instance_as_long_as_it_can() {
    let bench = Bench::new(&[1; 5], Balance::ConsistentHash);
    let keys: Vec<String> = (0..500).map(|key| format!("key {key}")).collect();
    let owners = || keys.iter().map(|key| bench.pick_with(Some(key), &[]));
    let before: Vec<usize> = owners().collect();
    // One without a connection is waited for, not for long.
    bench.set(2, Phase::Idle);
    assert!(owners().eq(before.iter().copied()));
    let now = clock::now();
    bench.set(2, Phase::Opening { since: now });
    assert!(owners().eq(before.iter().copied()));
    for phase in [
        Phase::Opening {
            since: now - STAGGER,
        },
        Phase::Down {
            until: now + 60_000_000,
        },
    ] {
        bench.set(2, phase);
        let mut others = [0; 5];
        for (owner, old) in owners().zip(&before) {
            assert!(owner == *old || *old == 2);
            others[owner] += usize::from(*old == 2);
        }
        // Its keys go to all the others.
        assert_eq!(others[2], 0);
        assert!(
            others.iter().filter(|count| **count > 0).count() == 4,
            "{others:?}"
        );
    }
    // Without a key load decides.
    let counts = Bench::new(&[1; 2], Balance::ConsistentHash).counts(1000);
    assert!((400..600).contains(&counts[0]), "{counts:?}");
}
