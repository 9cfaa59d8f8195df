//! One product to JSON and back: ezrpc beside `serde_json` on a struct written by hand, and pbjson.

use std::hint::black_box;

use bench_micro as micro;
use criterion::{Criterion, criterion_group, criterion_main};

fn encode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("json encode");
    let (ours, plain, pbjson) = (
        micro::our_product(),
        micro::serde_product(),
        micro::pbjson_product(),
    );
    group.bench_function("ezrpc", |bencher| {
        bencher.iter(|| ezrpc::json::to_vec(black_box(&ours)).expect("JSON"));
    });
    group.bench_function("serde_json", |bencher| {
        bencher.iter(|| serde_json::to_vec(black_box(&plain)).expect("JSON"));
    });
    group.bench_function("pbjson", |bencher| {
        bencher.iter(|| serde_json::to_vec(black_box(&pbjson)).expect("JSON"));
    });
    group.finish();
}

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("json decode");
    let text = ezrpc::json::to_vec(&micro::our_product()).expect("JSON");
    let plain = serde_json::to_vec(&micro::serde_product()).expect("JSON");
    group.bench_function("ezrpc", |bencher| {
        bencher.iter(|| {
            let product: micro::ours::common::ProductInfo =
                ezrpc::json::from_slice(black_box(&text)).expect("a product");
            product
        });
    });
    group.bench_function("serde_json", |bencher| {
        bencher.iter(|| {
            let product: micro::SerdeProduct =
                serde_json::from_slice(black_box(&plain)).expect("a product");
            product
        });
    });
    group.bench_function("pbjson", |bencher| {
        bencher.iter(|| {
            let product: micro::pbjson_peer::ProductInfo =
                serde_json::from_slice(black_box(&text)).expect("a product");
            product
        });
    });
    group.finish();
}

criterion_group!(benches, encode, decode);
criterion_main!(benches);
