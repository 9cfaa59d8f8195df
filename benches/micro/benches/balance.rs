//! One pick of 100 endpoints by each policy, weights alike and different, and a snapshot of 10,000 endpoints applied.
//!
//! Prints the fastest and the median of many short runs: a busy machine only ever makes them longer.

use std::hint::black_box;
use std::time::{Duration, Instant};

use ezrpc::Balance;
use ezrpc::discovery::{Endpoint, Snapshot};
use ezrpc::fuzzing::Picks;

const PICKS: u32 = 2_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime");
    let _entered = runtime.enter();
    println!("| what | fastest | median |\n|---|---|---|");
    picks();
    snapshots();
}

/// Runs it so often and prints a row; each run is of so many.
fn row(what: &str, runs: usize, each: u32, mut run: impl FnMut() -> Duration) {
    let mut times: Vec<Duration> = (0..runs).map(|_| run() / each).collect();
    times.sort();
    println!("| {what} | {:?} | {:?} |", times[0], times[runs / 2]);
}

fn snapshot(count: usize, weight: impl Fn(usize) -> u32) -> Snapshot {
    let address = |at: usize| format!("10.{}.{}.{}:8080", at >> 16, (at >> 8) & 255, at & 255);
    let endpoint = |at| Endpoint::new(address(at)).weight(weight(at));
    (0..count).map(endpoint).collect()
}

fn picks() {
    let alike = Picks::new(snapshot(100, |_| 100));
    let different = Picks::new(snapshot(100, |at| 1 + (at as u32 * 37) % 100));
    let keys: Vec<String> = (0..1024).map(|key| format!("user {key}")).collect();
    for (weights, picks) in [("alike", &alike), ("different", &different)] {
        for balance in [
            Balance::LeastLoaded,
            Balance::WeightedRoundRobin,
            Balance::RoundRobin,
            Balance::ConsistentHash,
        ] {
            let mut keys = keys.iter().cycle();
            let what = format!("pick of 100, {balance:?}, weights {weights}");
            row(&what, 500, PICKS, || {
                // A call reads the clock once, with or without a balancer.
                let now = Picks::now();
                let start = Instant::now();
                for _ in 0..PICKS {
                    let key = keys.next().map(String::as_str);
                    let key = key.filter(|_| balance == Balance::ConsistentHash);
                    black_box(picks.pick(balance, black_box(key), now));
                }
                start.elapsed()
            });
        }
    }
}

fn snapshots() {
    let alike = || snapshot(10_000, |_| 100);
    let new = |at| Endpoint::new(format!("11.0.0.{at}:80"));
    let cases: [(&str, &dyn Fn() -> Snapshot); 4] = [
        ("unchanged", &alike),
        ("one less", &|| snapshot(9_999, |_| 100)),
        ("other weights", &|| {
            snapshot(10_000, |at| 1 + at as u32 % 7)
        }),
        ("all new", &|| (0..10_000).map(new).collect()),
    ];
    for (what, next) in cases {
        row(&format!("snapshot of 10,000, {what}"), 50, 1, || {
            let (mut picks, next) = (Picks::new(alike()), next());
            let start = Instant::now();
            picks.apply(next);
            start.elapsed()
        });
    }
}
