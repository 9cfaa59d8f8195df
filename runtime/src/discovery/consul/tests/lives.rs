//! The lives of a server at one address, and rounds in which something goes wrong with one instance of several.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::fake::Fake;
use super::logs::Logs;
use super::registering::{ADDRESS, ID, deregister, own, register, ttl};
use super::*;
use crate::error::Code;

/// How often something holds in the next seconds, of a hundred looks in each.
async fn seen(seconds: u32, holds: impl Fn() -> bool) -> u32 {
    let mut count = 0;
    for _ in 0..seconds * 100 {
        sleep(Duration::from_millis(10)).await;
        count += u32::from(holds());
    }
    count
}

#[tokio::test(start_paused = true)]
async fn an_old_life_does_not_take_the_new_one_back() {
    let fake = Fake::start().await;
    let (old, new) = (Core::new(config(&fake)), Core::new(config(&fake)));
    register(&old, SERVICE, ADDRESS).await.unwrap();
    sleep(Duration::from_secs(5)).await;
    // The old one ends before the new one begins.
    deregister(&old, SERVICE, ADDRESS).await.unwrap();
    register(&new, SERVICE, ADDRESS).await.unwrap();
    assert_eq!(seen(20, || own(&fake).is_empty()).await, 0);

    // And while it is there.
    let third = Core::new(config(&fake));
    register(&third, SERVICE, ADDRESS).await.unwrap();
    let start = Instant::now();
    deregister(&new, SERVICE, ADDRESS).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 0);
    assert_eq!(seen(20, || own(&fake).is_empty()).await, 0);
    assert_eq!(fake.count("PUT /v1/catalog/deregister"), 0);

    // One that has registered nothing removes what it is told to: it is a tool.
    let tool = Core::new(config(&fake));
    drop(third);
    deregister(&tool, SERVICE, ADDRESS).await.unwrap();
    assert_eq!(own(&fake), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_life_that_begins_while_the_catalog_is_looked_at_stays_there() {
    for two in [false, true] {
        for wait in [100, 350, 700, 1500] {
            let fake = Fake::start().await;
            let old = Core::new(config(&fake));
            let new = match two {
                true => Core::new(config(&fake)),
                false => Arc::clone(&old),
            };
            register(&old, SERVICE, ADDRESS).await.unwrap();
            sleep(Duration::from_secs(5)).await;
            fake.change(|state| state.stuck.insert(ID.to_owned()));
            fake.state().delay = Duration::from_millis(300);
            let ends = tokio::spawn({
                let old = Arc::clone(&old);
                async move { deregister(&old, SERVICE, ADDRESS).await }
            });
            sleep(Duration::from_millis(wait)).await;
            register(&new, SERVICE, ADDRESS).await.unwrap();
            ends.await.unwrap().unwrap();
            // Who registers between a look and a removal finds out.
            sleep(Duration::from_secs(5)).await;
            assert_eq!(own(&fake), [ID], "{two} {wait}");
            let forgotten = fake.count("PUT /v1/catalog/deregister");
            assert_eq!(forgotten, 0, "{two} {wait}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_not_know_its_node_removes_no_entry_of_another() {
    let fake = Fake::start().await;
    fake.change(|state| state.refuse_at = Some(("/v1/agent/self", 403, "Permission denied")));
    let other = ["there", "10.0.0.9", NAME, ID].map(str::to_owned);
    fake.change(|state| state.others.push(other));
    let core = Core::new(config(&fake));
    register(&core, SERVICE, ADDRESS).await.unwrap();
    sleep(Duration::from_secs(5)).await;
    deregister(&core, SERVICE, ADDRESS).await.unwrap();
    assert_eq!(fake.state().others.len(), 1);
    assert_eq!(fake.count("PUT /v1/catalog/deregister"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_is_lost_or_refused_keeps_no_other_heartbeat() {
    let logs = Logs::collect();
    let fake = Fake::start().await;
    let core = Core::new(ttl(&fake));
    for service in ["a.A", "b.B"] {
        register(&core, service, ADDRESS).await.unwrap();
    }
    sleep(Duration::from_secs(20)).await;
    let at = ("/v1/agent/check/pass/service:a-A", 500, "rpc error");
    fake.change(|state| state.refuse_at = Some(at));
    let beats = || fake.count("PUT /v1/agent/check/pass/service:b-B");
    let before = beats();
    sleep(Duration::from_secs(60)).await;
    assert!(beats() - before >= 12, "{}", beats() - before);
    // The words of 1.8 for a check that it does not have.
    let lost = r#"CheckID "service:a-A:10.0.0.1:80" does not have associated TTL"#;
    let at = ("/v1/agent/check/pass/service:a-A", 500, lost);
    let writes = || fake.count("PUT /v1/agent/service/register");
    assert_eq!(writes(), 2);
    fake.change(|state| state.refuse_at = Some(at));
    until("registered again", || writes() > 2).await;
    fake.change(|state| state.refuse_at = None);
    sleep(Duration::from_secs(10)).await;
    let lines = logs.lines();
    assert!(lines[0].starts_with("the registry cannot answer"));
    assert!(
        lines[1].starts_with("the agent had lost the check"),
        "{lines:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn another_nodes_agent_that_hangs_keeps_no_heartbeat() {
    let (fake, other) = (Fake::start().await, Fake::start().await);
    other.state().delay = Duration::from_secs(1000);
    let mut config = Config {
        check: Check::Ttl(Duration::from_secs(10)),
        ..config(&fake)
    };
    let there = Address::parse(&other.address()).unwrap();
    config.agents.insert("there".to_owned(), there);
    let core = Core::new(config);
    for n in 0..4 {
        let (name, id) = (format!("a-S{n}"), format!("a-S{n}:10.0.0.1:80"));
        let stray = ["there", "127.0.0.2", &name, &id].map(str::to_owned);
        fake.change(|state| state.others.push(stray));
        register(&core, &format!("a.S{n}"), ADDRESS).await.unwrap();
    }
    let (mut last, mut longest) = ([Instant::now(); 4], Duration::ZERO);
    let mut beats = [0; 4];
    for _ in 0..1200 {
        sleep(Duration::from_millis(50)).await;
        for n in 0..4 {
            let now = fake.count(&format!("PUT /v1/agent/check/pass/service:a-S{n}:"));
            if now > beats[n] {
                (beats[n], last[n]) = (now, Instant::now());
            }
            longest = longest.max(last[n].elapsed());
        }
    }
    assert!(longest < Duration::from_secs(6), "{longest:?}");
    assert_eq!(fake.state().others.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_consul_removed_for_its_check_comes_back_as_one_that_does_not_pass() {
    let logs = Logs::collect();
    let fake = Fake::start().await;
    let core = Core::new(config(&fake));
    register(&core, SERVICE, ADDRESS).await.unwrap();
    let status = |fake: &Fake| {
        let body: serde_json::Value = serde_json::from_str(&fake.state().own[ID]).unwrap();
        body["Check"]["Status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(&fake), "passing");
    fake.change(|state| state.statuses.insert(ID.to_owned(), "critical"));
    sleep(Duration::from_secs(10)).await;
    fake.change(|state| {
        state.own.clear();
        state.statuses.clear();
    });
    until("registered again", || own(&fake) == [ID]).await;
    assert_eq!(status(&fake), "critical");
    let lines = logs.lines();
    assert!(
        lines[0].starts_with("the agent has no more the instance, which did not pass its check"),
        "{lines:#?}"
    );
    // To register it anew makes it no better.
    register(&core, SERVICE, ADDRESS).await.unwrap();
    assert_eq!(status(&fake), "critical");
    // Once it is well, an agent that is restarted empty gets it as such.
    fake.change(|state| state.statuses.insert(ID.to_owned(), "passing"));
    sleep(Duration::from_secs(10)).await;
    fake.change(|state| state.own.clear());
    until("registered again", || own(&fake) == [ID]).await;
    assert_eq!(status(&fake), "passing");
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_leaves_what_was_registered_before() {
    let fake = Fake::start().await;
    let core = Core::new(config(&fake));
    register(&core, SERVICE, ADDRESS).await.unwrap();
    let at = ("/v1/agent/service/register", 403, "Permission denied");
    fake.change(|state| state.refuse_at = Some(at));
    register(&core, SERVICE, ADDRESS).await.unwrap_err();
    fake.change(|state| {
        state.refuse_at = None;
        state.own.clear();
    });
    until("registered again", || own(&fake) == [ID]).await;
}

#[tokio::test(start_paused = true)]
async fn registrations_while_the_agent_is_asked_are_not_taken_for_lost() {
    let logs = Logs::collect();
    let fake = Fake::start().await;
    let core = Core::new(config(&fake));
    fake.state().delay = Duration::from_millis(2);
    for n in 0..40 {
        register(&core, &format!("a.S{n}"), ADDRESS).await.unwrap();
    }
    sleep(Duration::from_secs(20)).await;
    assert_eq!(logs.lines(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn times_of_nothing_are_no_hot_loop() {
    let fake = Fake::start().await;
    let core = Core::new(Config {
        check: Check::Ttl(Duration::from_millis(3)),
        ..config(&fake)
    });
    register(&core, SERVICE, ADDRESS).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    let asked = fake.count("GET /v1/agent/services");
    assert!((5..=25).contains(&asked), "{asked}");
}

#[tokio::test]
async fn an_address_of_https_without_tls_is_a_mistake() {
    let address = Address::parse("https://127.0.0.1:1").unwrap();
    let core = Core::new(Config::new(address));
    let error = register(&core, SERVICE, ADDRESS).await.unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
    assert_eq!(
        error.message(),
        "Consul at https://127.0.0.1:1: no TLS was set up; call `Consul::tls`, of the feature `tls`"
    );
}
