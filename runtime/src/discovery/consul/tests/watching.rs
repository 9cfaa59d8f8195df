//! Watches: the rules for blocking queries, failures, empties.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::fake::Fake;
use super::logs::Logs;
use super::*;
use crate::discovery::consul::secret::Secret;
use crate::discovery::{Consul, Registry};

#[tokio::test(start_paused = true)]
async fn item_01_the_last_instance_goes_and_one_comes_back() {
    let fake = Fake::start().await;
    fake.serve(NAME, &["10.0.0.2:2", "10.0.0.1:1"]);
    let core = Core::new(config(&fake));
    let mut watch = follow(&core, SERVICE);
    assert_eq!(next(&mut watch).await, "10.0.0.1:1 10.0.0.2:2");
    fake.serve(NAME, &[]);
    assert_eq!(next(&mut watch).await, "");
    fake.serve(NAME, &["10.0.0.3:3"]);
    assert_eq!(next(&mut watch).await, "10.0.0.3:3");
}

#[tokio::test(start_paused = true)]
async fn item_02_a_first_query_that_fails_poisons_nothing() {
    let fake = Fake::start().await;
    fake.change(|state| state.refuse = Some((500, "No cluster leader".to_owned())));
    let core = Core::new(config(&fake));
    let mut watch = follow(&core, SERVICE);
    let mut second = follow(&core, SERVICE);
    until("a problem", || watch.problem().is_some()).await;
    assert_eq!(
        watch.problem().as_deref(),
        Some(
            "Consul answers GET /v1/health/service/shop-v1-Product with 500 Internal Server Error: No cluster leader"
        )
    );
    assert_eq!(watch.try_next(), None);
    fake.change(|state| state.refuse = None);
    fake.serve(NAME, &["10.0.0.1:1"]);
    assert_eq!(next(&mut watch).await, "10.0.0.1:1");
    assert_eq!(next(&mut second).await, "10.0.0.1:1");
    assert_eq!(watch.problem(), None);
}

#[tokio::test(start_paused = true)]
async fn item_03_an_index_that_goes_back_starts_over() {
    let fake = Fake::start().await;
    fake.serve(NAME, &["10.0.0.1:1"]);
    fake.change(|state| state.index = 500);
    let core = Core::new(config(&fake));
    let mut watch = follow(&core, SERVICE);
    assert_eq!(next(&mut watch).await, "10.0.0.1:1");
    until("a blocking query", || fake.count("GET") == 2).await;
    // A server with a lower index answers at the end of the wait only.
    fake.state().index = 3;
    fake.state()
        .services
        .insert(NAME.to_owned(), vec![("10.0.0.2:2".to_owned(), "passing")]);
    assert_eq!(next(&mut watch).await, "10.0.0.2:2");
    sleep(Duration::from_secs(1)).await;
    let path = "GET /v1/health/service/shop-v1-Product";
    let expected = ["", "?index=500&wait=60000ms", "", "?index=3&wait=60000ms"];
    assert_eq!(
        fake.state().seen,
        expected.map(|query| format!("{path}{query}"))
    );
}

#[tokio::test(start_paused = true)]
async fn item_03_an_index_of_zero_does_not_make_a_hot_loop() {
    let fake = Fake::start().await;
    fake.state().index = 0;
    fake.state().restless = true;
    let core = Core::new(config(&fake));
    let mut watch = follow(&core, SERVICE);
    assert_eq!(next(&mut watch).await, "");
    sleep(Duration::from_secs(10)).await;
    // Five at once, then five a second.
    let count = fake.count("GET");
    assert!((50..=56).contains(&count), "{count}");
    assert!(fake.state().seen[1].ends_with("?index=1&wait=60000ms"));
    // Nothing of it is published again.
    assert_eq!(watch.try_next(), None);
}

#[tokio::test(start_paused = true)]
async fn item_03_the_client_waits_longer_than_the_server() {
    let fake = Fake::start().await;
    let core = Core::new(config(&fake));
    let mut watch = follow(&core, SERVICE);
    assert_eq!(next(&mut watch).await, "");
    let logs = Logs::collect();
    // As late as an answer may be: the wait, a sixteenth more, and a little.
    fake.state().delay = Duration::from_secs(4) + Duration::from_secs(60) / 16;
    sleep(Duration::from_secs(600)).await;
    assert_eq!(
        (logs.lines(), watch.problem()),
        (Vec::<String>::new(), None)
    );
    let count = fake.count("GET");
    assert!((9..=11).contains(&count), "{count}");
}

#[tokio::test(start_paused = true)]
async fn item_04_consul_away_for_an_hour_is_two_lines_of_log() {
    let fake = Fake::start().await;
    fake.serve(NAME, &["10.0.0.1:1"]);
    let core = Core::new(config(&fake));
    let mut watches: Vec<Watch> = (0..5).map(|_| follow(&core, SERVICE)).collect();
    for watch in &mut watches {
        assert_eq!(next(watch).await, "10.0.0.1:1");
    }
    let logs = Logs::collect();
    let (address, before) = (fake.at(), fake.count("GET"));
    let shared = fake.stop().await;
    sleep(Duration::from_secs(3600)).await;
    for watch in &mut watches {
        // What was known stands.
        assert_eq!(watch.try_next(), None);
        assert!(watch.problem().is_some());
    }
    let fake = Fake::on(address, shared).await;
    fake.serve(NAME, &["10.0.0.2:2"]);
    let start = Instant::now();
    for watch in &mut watches {
        assert_eq!(next(watch).await, "10.0.0.2:2");
    }
    assert!(
        start.elapsed() <= Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    assert!(fake.count("GET") - before <= 20);
    let lines = logs.lines();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].starts_with("the registry is away"), "{lines:#?}");
    assert!(lines[0].contains("what=\"shop.v1.Product\""), "{lines:#?}");
    assert!(lines[1].starts_with("the registry answers again"));
}

#[tokio::test(start_paused = true)]
async fn who_leaves_while_consul_is_away_does_not_say_it_is_back() {
    let logs = Logs::collect();
    let fake = Fake::start().await;
    let config = config(&fake);
    drop(fake.stop().await);
    let core = Core::new(config);
    let watch = follow(&core, SERVICE);
    until("a problem", || watch.problem().is_some()).await;
    drop(watch);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(logs.lines().len(), 1, "{:#?}", logs.lines());
}

#[tokio::test(start_paused = true)]
async fn item_04_an_unknown_service_waits_for_news() {
    let fake = Fake::start().await;
    let core = Core::new(config(&fake));
    let mut watch = follow(&core, "no.Such");
    assert_eq!(next(&mut watch).await, "");
    sleep(Duration::from_secs(300)).await;
    assert!(fake.count("GET") <= 7, "{}", fake.count("GET"));
}

#[tokio::test(start_paused = true)]
async fn item_05_a_watch_may_begin_before_consul_does() {
    let fake = Fake::start().await;
    let (address, config) = (fake.at(), config(&fake));
    let shared = fake.stop().await;
    let core = Core::new(config);
    let mut watch = follow(&core, SERVICE);
    until("a problem", || watch.problem().is_some()).await;
    let problem = watch.problem().unwrap();
    assert!(
        problem.starts_with(&format!("Consul at {address}: cannot connect: ")),
        "{problem}"
    );
    let fake = Fake::on(address, shared).await;
    assert_eq!(next(&mut watch).await, "");
    fake.serve(NAME, &["10.0.0.1:1"]);
    assert_eq!(next(&mut watch).await, "10.0.0.1:1");
}

#[tokio::test(start_paused = true)]
async fn item_07_unhealthy_instances_count_only_if_asked_for() {
    let fake = Fake::start().await;
    let all = [("10.0.0.1:1", "critical"), ("10.0.0.2:2", "warning")];
    let all = all
        .map(|(address, status)| (address.to_owned(), status))
        .to_vec();
    fake.change(|state| state.services.insert(NAME.to_owned(), all));
    let snapshot = watch::get(&Core::new(config(&fake)), SERVICE)
        .await
        .unwrap();
    assert_eq!(
        (snapshot.len(), snapshot.known(), snapshot.passing()),
        (0, 2, 0)
    );
    let mut fallback = config(&fake);
    fallback.fallback_to_unhealthy = true;
    let core = Core::new(fallback);
    let mut watch = follow(&core, SERVICE);
    assert_eq!(next(&mut watch).await, "10.0.0.1:1 10.0.0.2:2");
    // One that passes is enough.
    fake.serve(NAME, &["10.0.0.3:3"]);
    assert_eq!(next(&mut watch).await, "10.0.0.3:3");
}

#[tokio::test(start_paused = true)]
async fn servers_that_have_lost_all_they_knew_are_given_time() {
    let fake = Fake::start().await;
    fake.serve(NAME, &["10.0.0.1:1"]);
    fake.change(|state| state.index = 500);
    let core = Core::new(config(&fake));
    let mut watch = follow(&core, SERVICE);
    assert_eq!(next(&mut watch).await, "10.0.0.1:1");
    let lose = |fake: &Fake| {
        let mut state = fake.state();
        state.index = 3;
        state.services.clear();
    };
    // As a `-dev` agent that is restarted.
    let address = fake.at();
    let shared = fake.stop().await;
    let fake = Fake::on(address, shared).await;
    lose(&fake);
    sleep(Duration::from_secs(9)).await;
    assert_eq!(watch.try_next(), None);
    fake.serve(NAME, &["10.0.0.1:1"]);
    sleep(Duration::from_secs(5)).await;
    // It is the same as before, and said once more for the failure it takes back.
    assert_eq!(watch.try_next().map(|s| s.len()), Some(1));
    assert_eq!(watch.problem(), None);

    fake.change(|state| state.index = 500);
    sleep(Duration::from_secs(1)).await;
    let shared = fake.stop().await;
    let fake = Fake::on(address, shared).await;
    lose(&fake);
    let start = Instant::now();
    assert_eq!(next(&mut watch).await, "");
    let waited = start.elapsed().as_secs();
    assert!((10..=13).contains(&waited), "{waited}");
    drop(fake);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_watch_closes_its_connection() {
    let fake = Fake::start().await;
    let core = Core::new(config(&fake));
    let mut watches = vec![follow(&core, SERVICE), follow(&core, "other.Service")];
    for watch in &mut watches {
        assert_eq!(next(watch).await, "");
    }
    until("two connections", || fake.open() == 2).await;
    watches.pop();
    until("one connection", || fake.open() == 1).await;
    watches.pop();
    until("no connection", || fake.open() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn connections_that_the_agent_has_closed_cost_no_time() {
    let fake = Fake::start().await;
    let core = Core::new(config(&fake));
    for _ in 0..3 {
        let many = [0; 5].map(|_| watch::get(&core, SERVICE));
        for answer in many {
            answer.await.unwrap();
        }
    }
    let address = fake.at();
    let fake = Fake::on(address, fake.stop().await).await;
    let start = Instant::now();
    watch::get(&core, SERVICE).await.unwrap();
    assert!(
        start.elapsed() < Duration::from_millis(100),
        "{:?}",
        start.elapsed()
    );
    // So do those that are closed in the middle of a question.
    fake.state().delay = Duration::from_secs(1);
    let asked = tokio::spawn({
        let core = Arc::clone(&core);
        async move { watch::get(&core, SERVICE).await.map(|found| found.len()) }
    });
    sleep(Duration::from_millis(500)).await;
    let start = Instant::now();
    drop(fake.stop().await);
    let error = asked.await.unwrap().unwrap_err();
    assert!(
        start.elapsed() < Duration::from_millis(100),
        "{:?}",
        start.elapsed()
    );
    assert!(error.message().contains("cannot connect"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_changes_is_seen_at_once() {
    let fake = Fake::start().await;
    let core = Core::new(config(&fake));
    let mut watch = follow(&core, SERVICE);
    assert_eq!(next(&mut watch).await, "");
    sleep(Duration::from_secs(5)).await;
    let start = Instant::now();
    for address in ["10.0.0.1:1", "10.0.0.2:2", "10.0.0.3:3", "10.0.0.4:4"] {
        fake.serve(NAME, &[address]);
        assert_eq!(next(&mut watch).await, address);
    }
    assert!(
        start.elapsed() < Duration::from_millis(50),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_not_consuls_is_a_failure() {
    let fake = Fake::start().await;
    fake.serve(NAME, &["10.0.0.1:1"]);
    let core = Core::new(config(&fake));
    let mut watch = follow(&core, SERVICE);
    assert_eq!(next(&mut watch).await, "10.0.0.1:1");
    fake.change(|state| state.instances = Some("<html>".to_owned()));
    until("a problem", || watch.problem().is_some()).await;
    let problem = watch.problem().unwrap();
    assert!(problem.ends_with("is it Consul's HTTP port?"), "{problem}");
    assert_eq!(watch.try_next(), None);
}

#[tokio::test(start_paused = true)]
async fn the_token_is_sent_and_never_shown() {
    let logs = Logs::collect();
    let fake = Fake::start().await;
    fake.change(|state| state.refuse = Some((403, "Permission denied".to_owned())));
    let mut config = config(&fake);
    config.access.token = Some(Secret::new("token", "s3cret-token").unwrap());
    config.access.basic = Some(super::super::env::basic("user:pass").unwrap());
    let shown = format!("{config:?}");
    let core = Core::new(config);
    let watch = follow(&core, SERVICE);
    until("a problem", || watch.problem().is_some()).await;
    assert_eq!(
        fake.state().tokens.iter().collect::<Vec<_>>(),
        ["s3cret-token"]
    );
    let said = format!("{:?} {:?} {shown}", watch.problem(), logs.lines());
    assert!(
        said.contains("set CONSUL_HTTP_TOKEN to a token whose policy allows it"),
        "{said}"
    );
    assert!(
        !said.contains("s3cret") && !said.contains("dXNlcjpwYXNz"),
        "{said}"
    );
    assert_eq!(logs.lines().len(), 1, "{said}");
}

#[tokio::test]
async fn a_start_without_consul_uses_the_snapshot_on_disk() {
    let folder = std::env::temp_dir().join(format!("ezrpc-snapshots-{}", std::process::id()));
    let fake = Fake::start().await;
    fake.serve(NAME, &["10.0.0.1:1"]);
    let mut config = config(&fake);
    config.snapshots = Some(folder.clone());
    let mut watch = follow(&Core::new(config.clone()), SERVICE);
    assert_eq!(next(&mut watch).await, "10.0.0.1:1");
    drop(watch);
    _ = fake.stop().await;

    let mut watch = follow(&Core::new(config.clone()), SERVICE);
    assert_eq!(next(&mut watch).await, "10.0.0.1:1");
    until("a problem", || watch.problem().is_some()).await;
    // Another datacenter's are others.
    let elsewhere = Config {
        datacenter: "eu".to_owned(),
        ..config.clone()
    };
    let mut watch = follow(&Core::new(elsewhere), SERVICE);
    until("a problem", || watch.problem().is_some()).await;
    assert_eq!(watch.try_next(), None);

    let logs = Logs::collect();
    std::fs::write(folder.join("..shop-v1-Product.json"), "[{\"Node\":").unwrap();
    let mut watch = follow(&Core::new(config), SERVICE);
    until("a problem", || watch.problem().is_some()).await;
    assert_eq!(watch.try_next(), None);
    let broken = logs
        .lines()
        .into_iter()
        .filter(|line| line.contains("is broken, and ignored"));
    assert_eq!(broken.count(), 1);
    std::fs::remove_dir_all(folder).unwrap();
}

/// Process-wide clients outlive the runtime that called them first.
#[test]
fn the_registry_outlives_a_runtime() {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap()
    };
    let agent = runtime();
    let fake = agent.block_on(Fake::start());
    fake.serve(NAME, &["10.0.0.1:1"]);
    let consul = Consul::new(&fake.address()).unwrap();
    let mut watch = runtime().block_on(async {
        let mut watch = consul.watch(SERVICE);
        assert_eq!(next(&mut watch).await, "10.0.0.1:1");
        watch
    });
    fake.serve(NAME, &["10.0.0.2:2"]);
    runtime().block_on(async {
        assert_eq!(next(&mut watch).await, "10.0.0.2:2");
        assert_eq!(
            addresses(&consul.get(SERVICE).await.unwrap()),
            ["10.0.0.2:2"]
        );
        // It ends all watches when it is dropped.
        drop(consul);
        assert_eq!(watch.next().await, None);
        until("no connection", || fake.open() == 0).await;
    });
}
