//! More services than connections.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::fake::Fake;
use super::*;
use crate::discovery::consul::agent::SHORT_CALLS;
use crate::discovery::consul::core::OWN_QUERIES;

fn name(n: usize) -> String {
    format!("pkg.Service{n}")
}

/// Serves and watches so many.
async fn many(count: usize) -> (Fake, Arc<Core>, Vec<Watch>) {
    let fake = Fake::start().await;
    for n in 0..count {
        fake.serve(&names::service(&name(n)), &["10.0.0.1:1"]);
    }
    let core = Core::new(config(&fake));
    let mut watches: Vec<Watch> = (0..count).map(|n| follow(&core, &name(n))).collect();
    for watch in &mut watches {
        assert_eq!(next(watch).await, "10.0.0.1:1");
    }
    (fake, core, watches)
}

#[tokio::test(start_paused = true)]
async fn hundreds_of_watches_stay_below_64_connections() {
    let (fake, _core, mut watches) = many(300).await;
    assert!(
        fake.most() <= OWN_QUERIES + 1 + SHORT_CALLS,
        "{}",
        fake.most()
    );
    sleep(Duration::from_secs(5)).await;
    let reads = |fake: &Fake| fake.count("GET /v1/health/service/pkg-Service299");
    let before = reads(&fake);
    for n in [0, 150, 299] {
        let start = Instant::now();
        fake.serve(&names::service(&name(n)), &["10.0.0.2:2", "10.0.0.3:3"]);
        assert_eq!(next(&mut watches[n]).await, "10.0.0.2:2 10.0.0.3:3");
        assert!(
            start.elapsed() <= Duration::from_secs(1),
            "{:?}",
            start.elapsed()
        );
    }
    // Only what has changed was read.
    assert_eq!(reads(&fake), before + 1);
    for (n, watch) in watches.iter_mut().enumerate() {
        assert_eq!(watch.try_next(), None, "{n}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_no_check_tells_is_seen_within_a_minute() {
    let (fake, _core, mut watches) = many(60).await;
    sleep(Duration::from_secs(5)).await;
    // The checks stay: as by new Meta.
    fake.state().index += 1;
    let other = r#"[{"Node":{"Address":"10.0.0.7"},"Service":{"Port":7}}]"#;
    fake.state().instances = Some(other.to_owned());
    let start = Instant::now();
    assert_eq!(next(&mut watches[59]).await, "10.0.0.7:7");
    assert!(
        start.elapsed() <= Duration::from_secs(60),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_query_that_is_free_goes_to_the_next_and_the_shared_one_ends() {
    let (fake, core, mut watches) = many(50).await;
    let shared = "GET /v1/health/state/any";
    assert!(fake.count(shared) >= 1);
    until("all in place", || fake.open() > OWN_QUERIES).await;
    drop(watches.drain(..10));
    sleep(Duration::from_secs(2)).await;
    assert_eq!(core.own_queries.available_permits(), OWN_QUERIES - 40);
    let before = fake.count(shared);
    sleep(Duration::from_secs(300)).await;
    assert_eq!(fake.count(shared), before);
    fake.serve("pkg-Service49", &["10.0.0.2:2"]);
    assert_eq!(next(&mut watches[39]).await, "10.0.0.2:2");
}

#[tokio::test(start_paused = true)]
async fn consul_away_and_back_is_seen_by_all() {
    let (fake, _core, mut watches) = many(60).await;
    let address = fake.at();
    let shared = fake.stop().await;
    sleep(Duration::from_secs(60)).await;
    let fake = Fake::on(address, shared).await;
    for n in 0..60 {
        fake.serve(&names::service(&name(n)), &["10.0.0.2:2"]);
    }
    let start = Instant::now();
    for watch in &mut watches {
        assert_eq!(next(watch).await, "10.0.0.2:2");
    }
    assert!(
        start.elapsed() <= Duration::from_secs(8),
        "{:?}",
        start.elapsed()
    );
}
