//! Registrations: kept, taken back, and never brought back.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::fake::Fake;
use super::logs::Logs;
use super::*;
use crate::discovery::consul::config::Check;
use crate::discovery::consul::members;
use crate::discovery::consul::register::Key;
use crate::discovery::{Endpoint, Registration};
use crate::error::{Code, Result};

pub(super) const ID: &str = "shop-v1-Product:10.0.0.1:80";
pub(super) const ADDRESS: &str = "10.0.0.1:80";

pub(super) async fn register(core: &Arc<Core>, service: &str, address: &str) -> Result<()> {
    let registration = Registration::new(service, Endpoint::new(address));
    members::register(Arc::clone(core), registration).await
}

pub(super) async fn deregister(core: &Arc<Core>, service: &str, address: &str) -> Result<()> {
    members::deregister(Arc::clone(core), Key::new(service, address).unwrap()).await
}

/// Settings with heartbeats.
pub(super) fn ttl(fake: &Fake) -> Config {
    Config {
        check: Check::Ttl(Duration::from_secs(15)),
        ..config(fake)
    }
}

pub(super) fn own(fake: &Fake) -> Vec<String> {
    fake.state().own.keys().cloned().collect()
}

#[tokio::test(start_paused = true)]
async fn item_08_an_agent_that_has_lost_a_registration_gets_it_again() {
    let logs = Logs::collect();
    let fake = Fake::start().await;
    let core = Core::new(config(&fake));
    register(&core, SERVICE, ADDRESS).await.unwrap();
    assert_eq!(own(&fake), [ID]);
    sleep(Duration::from_secs(30)).await;
    assert_eq!(fake.count("PUT /v1/agent/service/register"), 1);
    fake.change(|state| state.own.clear());
    let start = Instant::now();
    until("registered again", || own(&fake) == [ID]).await;
    assert!(
        start.elapsed() <= Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    sleep(Duration::from_secs(1)).await;
    let lines = logs.lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(
        lines[0].starts_with("the agent had lost the registration"),
        "{lines:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn item_08_heartbeats_come_in_time_and_an_unknown_check_registers_again() {
    let fake = Fake::start().await;
    let core = Core::new(Config {
        // Only the heartbeat can notice.
        keep: Duration::from_secs(1000),
        ..ttl(&fake)
    });
    register(&core, SERVICE, ADDRESS).await.unwrap();
    sleep(Duration::from_secs(60)).await;
    let beats = fake.count("PUT /v1/agent/check/pass/service:shop-v1-Product:10.0.0.1:80");
    assert!((12..=26).contains(&beats), "{beats}");
    fake.change(|state| state.own.clear());
    until("registered again", || own(&fake) == [ID]).await;
}

#[tokio::test(start_paused = true)]
async fn item_08_one_that_deregisters_leaves_the_others_heartbeats_alone() {
    let fake = Fake::start().await;
    let core = Core::new(ttl(&fake));
    register(&core, SERVICE, ADDRESS).await.unwrap();
    register(&core, "other.Service", ADDRESS).await.unwrap();
    sleep(Duration::from_secs(10)).await;
    deregister(&core, SERVICE, ADDRESS).await.unwrap();
    let (ours, others) = (
        format!("PUT /v1/agent/check/pass/service:{ID}"),
        "PUT /v1/agent/check/pass/service:other-Service:10.0.0.1:80",
    );
    let before = (fake.count(&ours), fake.count(others));
    sleep(Duration::from_secs(60)).await;
    assert_eq!(fake.count(&ours), before.0);
    assert!(fake.count(others) > before.1 + 10);
    assert_eq!(own(&fake), ["other-Service:10.0.0.1:80"]);
    // Once there is nothing to keep, nothing is asked.
    deregister(&core, "other.Service", ADDRESS).await.unwrap();
    sleep(Duration::from_secs(20)).await;
    let before = fake.state().seen.len();
    sleep(Duration::from_secs(60)).await;
    assert_eq!(fake.state().seen.len(), before);
}

#[tokio::test(start_paused = true)]
async fn item_08_nothing_comes_back_after_deregistering() {
    let fake = Fake::start().await;
    // A registration is under way all the time: the agent forgets it again and again, and is slow.
    fake.state().delay = Duration::from_millis(700);
    for _ in 0..20 {
        let core = Core::new(Config {
            keep: Duration::from_millis(10),
            ..config(&fake)
        });
        register(&core, SERVICE, ADDRESS).await.unwrap();
        fake.change(|state| state.own.clear());
        sleep(Duration::from_millis(u64::from(rand()))).await;
        deregister(&core, SERVICE, ADDRESS).await.unwrap();
        assert_eq!(own(&fake), Vec::<String>::new());
        sleep(Duration::from_secs(10)).await;
        assert_eq!(own(&fake), Vec::<String>::new());
    }
}

/// Up to about two and a half seconds.
fn rand() -> u16 {
    u16::try_from(crate::random::below(2500)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_arrives_late_is_taken_back() {
    let fake = Fake::start().await;
    let core = Core::new(config(&fake));
    register(&core, SERVICE, ADDRESS).await.unwrap();
    let body = fake.state().own[ID].clone();
    deregister(&core, SERVICE, ADDRESS).await.unwrap();
    // As by a request that was on its way when its sender gave up.
    fake.change(|state| state.own.insert(ID.to_owned(), body.clone()));
    until("taken back", || own(&fake).is_empty()).await;
    // However late it is done, once an agent that was away is back.
    register(&core, SERVICE, ADDRESS).await.unwrap();
    fake.change(|state| state.refuse = Some((500, "frozen".to_owned())));
    deregister(&core, SERVICE, ADDRESS).await.unwrap_err();
    sleep(Duration::from_secs(60)).await;
    fake.change(|state| {
        state.refuse = None;
        state.own.clear();
    });
    sleep(Duration::from_secs(6)).await;
    fake.change(|state| state.own.insert(ID.to_owned(), body));
    until("taken back", || own(&fake).is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_away_does_not_keep_a_server_from_serving() {
    let logs = Logs::collect();
    let fake = Fake::start().await;
    let (address, config) = (fake.at(), config(&fake));
    let shared = fake.stop().await;
    let core = Core::new(config);
    register(&core, SERVICE, ADDRESS).await.unwrap();
    sleep(Duration::from_secs(60)).await;
    let fake = Fake::on(address, shared).await;
    until("registered", || own(&fake) == [ID]).await;
    let lines = logs.lines();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].starts_with("the registry is away"), "{lines:#?}");
    assert!(lines[0].contains("what=\"registrations\""), "{lines:#?}");
    // To take back what cannot be reached is an error; it is taken back later all the same.
    let shared = fake.stop().await;
    let error = deregister(&core, SERVICE, ADDRESS).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    let fake = Fake::on(address, shared).await;
    until("deregistered", || own(&fake).is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn what_consul_refuses_is_an_error_and_is_not_tried_again() {
    let fake = Fake::start().await;
    let at = ("/v1/agent/service/register", 403, "Permission denied");
    fake.change(|state| state.refuse_at = Some(at));
    let core = Core::new(config(&fake));
    let error = register(&core, SERVICE, ADDRESS).await.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied);
    fake.change(|state| state.refuse_at = None);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(fake.count("PUT"), 1);
}

#[tokio::test(start_paused = true)]
async fn item_09_the_same_id_on_another_node_is_removed_by_its_agent() {
    let (fake, other) = (Fake::start().await, Fake::start().await);
    let id = "shop-v1-Product:127.0.0.1:80".to_owned();
    let stray = ["there", "127.0.0.2", NAME, &id].map(str::to_owned);
    fake.change(|state| state.others.push(stray));
    other.change(|state| state.own.insert(id.clone(), String::new()));
    let mut config = config(&fake);
    config.agents.insert(
        "there".to_owned(),
        Address::parse(&other.address()).unwrap(),
    );
    // What the other agent forgets, the catalog of both forgets.
    let shared = Arc::clone(&fake.shared);
    let sync = tokio::spawn(async move {
        while !own(&other).is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
        sleep(Duration::from_millis(200)).await;
        shared.others_gone();
        other
    });
    let core = Core::new(config);
    register(&core, SERVICE, "127.0.0.1:80").await.unwrap();
    until("removed there", || fake.state().others.is_empty()).await;
    let other = sync.await.unwrap();
    assert_eq!(
        other.state().seen,
        [format!("PUT /v1/agent/service/deregister/{id}")]
    );
    assert_eq!(fake.count("PUT /v1/catalog/deregister"), 0);
    assert_eq!(own(&fake), [id]);
}

#[tokio::test(start_paused = true)]
async fn item_09_a_stray_whose_agent_is_gone_is_removed_from_the_catalog() {
    let logs = Logs::collect();
    let fake = Fake::start().await;
    let gone = Fake::start().await;
    let address = Address::parse(&gone.address()).unwrap();
    drop(gone.stop().await);
    let stray = ["there", "127.0.0.2", NAME, ID].map(str::to_owned);
    fake.change(|state| state.others.push(stray));
    let mut config = config(&fake);
    config.agents.insert("there".to_owned(), address);
    let core = Core::new(config);
    register(&core, SERVICE, ADDRESS).await.unwrap();
    until("removed", || fake.state().others.is_empty()).await;
    sleep(Duration::from_secs(1)).await;
    let lines = logs.lines();
    assert!(
        lines[0].starts_with("the node's agent does not remove it"),
        "{lines:#?}"
    );
    assert!(
        lines[1].starts_with("the same id was on another node"),
        "{lines:#?}"
    );
    assert_eq!(lines.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn item_09_another_machines_loopback_is_left_alone() {
    let logs = Logs::collect();
    let fake = Fake::start().await;
    let id = "shop-v1-Product:127.0.0.1:80".to_owned();
    let other = ["there", "10.0.0.9", NAME, &id].map(str::to_owned);
    fake.change(|state| state.others.push(other));
    let core = Core::new(config(&fake));
    register(&core, SERVICE, "127.0.0.1:80").await.unwrap();
    sleep(Duration::from_secs(10)).await;
    assert_eq!(fake.state().others.len(), 1);
    assert_eq!(logs.lines().len(), 1, "{:#?}", logs.lines());
    deregister(&core, SERVICE, "127.0.0.1:80").await.unwrap();
    assert_eq!(fake.state().others.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn item_09_a_deregistration_is_verified_in_the_catalog() {
    let fake = Fake::start().await;
    let core = Core::new(config(&fake));
    register(&core, SERVICE, ADDRESS).await.unwrap();
    // The agent forgets it, the catalog does not: so it is removed there.
    fake.change(|state| state.stuck.insert(ID.to_owned()));
    let start = Instant::now();
    deregister(&core, SERVICE, ADDRESS).await.unwrap();
    assert!((1..=2).contains(&start.elapsed().as_secs()));
    assert_eq!(fake.count("PUT /v1/catalog/deregister"), 1);
    // However often the catalog is looked at.
    assert_eq!(fake.count("GET /v1/agent/self"), 1);
    let entries = format!("GET /v1/catalog/service/{NAME}?filter=ServiceID%3D%3D%22{ID}%22");
    assert!(fake.count(&entries) > 20);
    assert_eq!(fake.count("GET /v1/catalog/service/"), fake.count(&entries));

    register(&core, SERVICE, ADDRESS).await.unwrap();
    fake.change(|state| {
        state.stuck.insert(ID.to_owned());
        state.refuse_at = Some(("/v1/catalog/deregister", 500, "not now"));
    });
    let error = deregister(&core, SERVICE, ADDRESS).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn what_is_deregistered_need_not_be_there() {
    let fake = Fake::start().await;
    let core = Core::new(config(&fake));
    deregister(&core, SERVICE, "[::1]:80").await.unwrap();
    assert_eq!(
        fake.state().seen[0],
        "PUT /v1/agent/service/deregister/shop-v1-Product:::1:80"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_that_may_not_ask_for_the_node_registers_all_the_same() {
    let logs = Logs::collect();
    let fake = Fake::start().await;
    fake.change(|state| state.refuse_at = Some(("/v1/agent/self", 403, "Permission denied")));
    let core = Core::new(config(&fake));
    register(&core, SERVICE, ADDRESS).await.unwrap();
    sleep(Duration::from_secs(60)).await;
    deregister(&core, SERVICE, ADDRESS).await.unwrap();
    assert_eq!(own(&fake), Vec::<String>::new());
    assert_eq!(logs.lines(), Vec::<String>::new());
    assert_eq!(fake.count("GET /v1/agent/self"), 1);
}
