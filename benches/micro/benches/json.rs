//! One product to JSON and back: ezrpc beside `serde_json` on structs written by hand, and pbjson.

use bench_micro::json;
use criterion::{Criterion, criterion_group, criterion_main};

fn run(criterion: &mut Criterion) {
    for (what, libraries) in json::CASES {
        let mut group = criterion.benchmark_group(format!("json {what}"));
        for library in *libraries {
            let case = json::case(what, library).expect("CASES names it");
            group.bench_function(*library, |bencher| bencher.iter(&case));
        }
        group.finish();
    }
}

criterion_group!(benches, run);
criterion_main!(benches);
