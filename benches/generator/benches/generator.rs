//! Descriptors to files, ours beside tonic-prost-build, on the descriptor set that `EZRPC_BENCH_DESCRIPTORS` names.
//!
//! scripts/generator-speed.sh makes that of google/cloud/compute/v1 and runs this.

use std::time::Duration;

use bench_generator as generators;
use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};

fn generator(criterion: &mut Criterion) {
    let Some(set) = std::env::var_os("EZRPC_BENCH_DESCRIPTORS") else {
        println!("skipped: EZRPC_BENCH_DESCRIPTORS names no descriptor set");
        return;
    };
    let descriptors = std::fs::read(set).expect("a descriptor set");
    let targets = generators::targets(&descriptors).expect("a descriptor set");
    let folder = tempfile::tempdir().expect("a folder to write to");
    let mut group = criterion.benchmark_group("generator");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(30));
    group.bench_function("tonic-prost-build", |bencher| {
        bencher.iter(|| generators::tonic(&descriptors, folder.path()).expect("tonic generates"));
    });
    group.bench_function("ezrpc", |bencher| {
        bencher.iter(|| {
            generators::ezrpc(&descriptors, &targets, folder.path()).expect("ezrpc generates");
        });
    });
    group.finish();
}

criterion_group!(benches, generator);
criterion_main!(benches);
