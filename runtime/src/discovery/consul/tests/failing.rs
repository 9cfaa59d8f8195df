//! Failures: of one question among many, of many at one time, and what is believed after them.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::fake::Fake;
use super::logs::Logs;
use super::*;
use crate::discovery::consul::members;
use crate::discovery::{Endpoint, Registration};

#[tokio::test(start_paused = true)]
async fn a_failed_read_of_a_service_without_a_query_of_its_own_is_tried_again_soon() {
    let fake = Fake::start().await;
    let core = Core::new(config(&fake));
    let name = |n: usize| format!("pkg-Service{n}");
    (0..60).for_each(|n| fake.serve(&name(n), &["10.0.0.1:1"]));
    let mut watches: Vec<Watch> = (0..60)
        .map(|n| follow(&core, &format!("pkg.Service{n}")))
        .collect();
    assert_eq!(next(&mut watches[59]).await, "10.0.0.1:1");
    sleep(Duration::from_secs(5)).await;
    let at = ("/v1/health/service/pkg-Service59", 500, "rpc error");
    fake.change(|state| state.refuse_at = Some(at));
    fake.serve(&name(59), &["10.0.0.9:9"]);
    until("a problem", || watches[59].problem().is_some()).await;
    fake.change(|state| state.refuse_at = None);
    let start = Instant::now();
    assert_eq!(next(&mut watches[59]).await, "10.0.0.9:9");
    let took = start.elapsed();
    assert!(took <= Duration::from_secs(3), "{took:?}");
    assert_eq!(watches[59].problem(), None);
}

#[tokio::test(start_paused = true)]
async fn services_that_share_a_query_do_not_all_probe_an_agent_that_cannot_answer() {
    let fake = Fake::start().await;
    let core = Core::new(config(&fake));
    let mut watches: Vec<Watch> = (0..200)
        .map(|n| follow(&core, &format!("pkg.Service{n}")))
        .collect();
    for watch in &mut watches {
        assert_eq!(next(watch).await, "");
    }
    sleep(Duration::from_secs(5)).await;
    fake.change(|state| state.refuse = Some((500, "No cluster leader".to_owned())));
    sleep(Duration::from_secs(90)).await;
    let reads = || fake.count("GET /v1/health/service/pkg-Service199");
    let before = reads();
    sleep(Duration::from_secs(300)).await;
    assert!(reads() - before <= 6, "{}", reads() - before);
    fake.change(|state| state.refuse = None);
    let start = Instant::now();
    until("well", || watches.iter().all(|w| w.problem().is_none())).await;
    let took = start.elapsed();
    assert!(took <= Duration::from_secs(16), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn reads_that_hang_do_not_keep_writes_waiting() {
    let fake = Fake::start().await;
    let core = Core::new(config(&fake));
    fake.state().delay = Duration::from_secs(1000);
    let reads: Vec<_> = (0..20)
        .map(|_| {
            let core = Arc::clone(&core);
            tokio::spawn(async move { watch::get(&core, SERVICE).await.is_err() })
        })
        .collect();
    sleep(Duration::from_secs(1)).await;
    fake.state().delay = Duration::ZERO;
    let start = Instant::now();
    let registration = Registration::new(SERVICE, Endpoint::new("10.0.0.1:80"));
    members::register(Arc::clone(&core), registration)
        .await
        .unwrap();
    assert_eq!(start.elapsed().as_secs(), 0);
    assert_eq!(fake.count("PUT /v1/agent/service/register"), 1);
    // Nor does one wait longer than a call may take.
    for read in reads {
        assert!(read.await.unwrap());
    }
    assert_eq!(start.elapsed().as_secs(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_agent_restarted_empty_with_a_higher_index_is_given_time() {
    let fake = Fake::start().await;
    fake.serve(NAME, &["10.0.0.1:1"]);
    let core = Core::new(config(&fake));
    let mut watch = follow(&core, SERVICE);
    assert_eq!(next(&mut watch).await, "10.0.0.1:1");
    let address = fake.at();
    let shared = fake.stop().await;
    sleep(Duration::from_secs(2)).await;
    let fake = Fake::on(address, shared).await;
    {
        let mut state = fake.state();
        state.index += 2;
        state.services.clear();
    }
    let start = Instant::now();
    assert_eq!(next(&mut watch).await, "");
    let waited = start.elapsed().as_secs();
    assert!((9..=13).contains(&waited), "{waited}");
    // Without failures before it, an empty list is what it is.
    fake.serve(NAME, &["10.0.0.1:1"]);
    assert_eq!(next(&mut watch).await, "10.0.0.1:1");
    fake.serve(NAME, &[]);
    let start = Instant::now();
    assert_eq!(next(&mut watch).await, "");
    assert_eq!(start.elapsed().as_secs(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_read_hides_no_outage() {
    let logs = Logs::collect();
    let fake = Fake::start().await;
    let core = Core::new(config(&fake));
    let at = ("/v1/health/service/bad-S", 200, "<html>");
    fake.change(|state| state.refuse_at = Some(at));
    let bad = follow(&core, "bad.S");
    until("a problem", || bad.problem().is_some()).await;
    let mut good: Vec<Watch> = (0..5).map(|_| follow(&core, SERVICE)).collect();
    for watch in &mut good {
        assert_eq!(next(watch).await, "");
    }
    let failing = (500, "No cluster leader".to_owned());
    fake.change(|state| state.refuse = Some(failing));
    sleep(Duration::from_secs(60)).await;
    drop(fake.stop().await);
    sleep(Duration::from_secs(60)).await;
    let lines = logs.lines();
    let starts = [
        "the registry refuses",
        "the registry cannot answer",
        "the registry is away",
    ];
    assert_eq!(lines.len(), starts.len(), "{lines:#?}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{lines:#?}");
    }
}

#[tokio::test]
async fn a_snapshot_on_disk_is_tried_once() {
    let folder = std::env::temp_dir().join(format!("ezrpc-broken-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("..shop-v1-Product.json"), "[{\"Node\":").unwrap();
    let logs = Logs::collect();
    let fake = Fake::start().await;
    let mut config = config(&fake);
    config.snapshots = Some(folder.clone());
    drop(fake.stop().await);
    let watch = follow(&Core::new(config), SERVICE);
    sleep(Duration::from_secs(2)).await;
    assert!(watch.problem().is_some());
    let lines = logs.lines();
    let broken = lines.iter().filter(|line| line.contains("is broken"));
    assert_eq!(broken.count(), 1, "{lines:#?}");
    std::fs::remove_dir_all(folder).unwrap();
}
