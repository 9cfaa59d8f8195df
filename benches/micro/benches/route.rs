//! One lookup among 10,000 google.api.http bindings, beside axum's router (which knows neither verbs nor backtracking,
//! so that its paths have a `/` for the `:`, and only half of the bindings fit in) and beside a hash table of whole paths.

use std::collections::HashMap;
use std::hint::black_box;

use bench_fixture::routes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ezrpc::fuzzing::Routes;

fn lookup(criterion: &mut Criterion) {
    let routes = routes::routes();
    let requests: Vec<(&str, String)> = routes.iter().map(routes::request).collect();
    // Not in the order of the table, which caches would like.
    let shuffled = || (0..requests.len()).map(|index| &requests[index * 7919 % requests.len()]);
    let mut group = criterion.benchmark_group("route lookup");
    group.throughput(Throughput::Elements(requests.len() as u64));

    let borrowed: Vec<(&str, &str)> = routes
        .iter()
        .map(|(method, template)| (*method, template.as_str()))
        .collect();
    let (table, left_out) = Routes::new(&borrowed);
    assert!(left_out.is_empty(), "the bindings differ");
    group.bench_function("ezrpc", |bencher| {
        bencher.iter(|| {
            for (method, path) in shuffled() {
                assert!(table.find(black_box(method), black_box(path)).is_some());
            }
        });
    });
    group.bench_function("ezrpc, 404", |bencher| {
        bencher.iter(|| {
            for _ in 0..requests.len() {
                assert!(
                    table
                        .find(
                            "GET",
                            black_box("/v1/projects/my-name-42/locations/none/nothing/x")
                        )
                        .is_none()
                );
            }
        });
    });

    let (peer, paths) = matchit(&routes);
    group.throughput(Throughput::Elements(paths.len() as u64));
    group.bench_function(format!("matchit, {} paths", paths.len()), |bencher| {
        bencher.iter(|| {
            for index in 0..paths.len() {
                let path = &paths[index * 7919 % paths.len()];
                assert!(peer.at(black_box(path)).is_ok());
            }
        });
    });

    let whole: HashMap<(&str, &str), usize> = requests
        .iter()
        .enumerate()
        .map(|(index, (method, path))| ((*method, path.as_str()), index))
        .collect();
    group.throughput(Throughput::Elements(requests.len() as u64));
    group.bench_function("hash table of whole paths", |bencher| {
        bencher.iter(|| {
            for (method, path) in shuffled() {
                assert!(whole.contains_key(&(black_box(*method), black_box(path.as_str()))));
            }
        });
    });
    group.finish();
}

/// axum's router with the paths it takes, and requests for them.
fn matchit(routes: &[(&'static str, String)]) -> (matchit::Router<usize>, Vec<String>) {
    let (mut router, mut paths) = (matchit::Router::new(), Vec::new());
    for (index, route) in routes.iter().enumerate() {
        let path = routes::request(route).1.replace(':', "/");
        // Named by place, as it takes one name per place.
        let named = path
            .split('/')
            .enumerate()
            .map(|(place, segment)| match segment {
                "my-name-42" => format!("{{p{place}}}"),
                segment => segment.to_owned(),
            });
        let template = named
            .collect::<Vec<_>>()
            .join("/")
            .replace("/a/b", "/{*rest}");
        if router.insert(template, index).is_ok() {
            paths.push(path);
        }
    }
    (router, paths)
}

criterion_group!(benches, lookup);
criterion_main!(benches);
