//! One pick of 100 endpoints by each policy, weights alike and different; a snapshot of 10,000 endpoints applied.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ezrpc::Balance;
use ezrpc::discovery::{Endpoint, Snapshot};
use ezrpc::fuzzing::Picks;

fn snapshot(count: usize, weight: impl Fn(usize) -> u32) -> Snapshot {
    let address = |at: usize| format!("10.{}.{}.{}:8080", at >> 16, (at >> 8) & 255, at & 255);
    let endpoint = |at| Endpoint::new(address(at)).weight(weight(at));
    (0..count).map(endpoint).collect()
}

fn picks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pick of 100");
    let alike = Picks::new(snapshot(100, |_| 100));
    let different = Picks::new(snapshot(100, |at| 1 + (at as u32 * 37) % 100));
    for (weights, picks) in [("alike", &alike), ("different", &different)] {
        for balance in [
            Balance::LeastLoaded,
            Balance::WeightedRoundRobin,
            Balance::RoundRobin,
            Balance::ConsistentHash,
        ] {
            let keys: Vec<String> = (0..1024).map(|key| format!("user {key}")).collect();
            let mut keys = keys.iter().cycle();
            group.bench_function(format!("{balance:?}, weights {weights}"), |bencher| {
                bencher.iter(|| {
                    let key = keys.next().map(String::as_str);
                    let key = key.filter(|_| balance == Balance::ConsistentHash);
                    black_box(picks.pick(balance, black_box(key)))
                });
            });
        }
    }
}

fn snapshots(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("snapshot of 10,000");
    let old = || Picks::new(snapshot(10_000, |_| 100));
    let cases = [
        ("unchanged", snapshot(10_000, |_| 100)),
        ("one less", snapshot(9_999, |_| 100)),
        ("other weights", snapshot(10_000, |at| 1 + at as u32 % 7)),
        ("all new", {
            let endpoint = |at| Endpoint::new(format!("11.0.0.{at}:80"));
            (0..10_000).map(endpoint).collect()
        }),
    ];
    for (name, next) in cases {
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || (old(), next.clone()),
                |(mut picks, next)| {
                    picks.apply(next);
                    picks
                },
                BatchSize::LargeInput,
            );
        });
    }
}

fn within_a_runtime(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime");
    let _entered = runtime.enter();
    picks(criterion);
    snapshots(criterion);
}

criterion_group!(benches, within_a_runtime);
criterion_main!(benches);
