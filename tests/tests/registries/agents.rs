//! One agent, that is killed, restarted, or denies.

use std::time::{Duration, Instant};

use ezrpc::discovery::{Consul, Endpoint, Registration, Registry};
use ezrpc::{ClientTls, Code, Server};
use ezrpc_tests::consul::{Agent, Settings};
use ezrpc_tests::echo::Echo;
use ezrpc_tests::proto::e2e::EchoServer;
use ezrpc_tests::registry_suite::{SERVICE, next, settles};

use super::{consul, get, put, register, until};

const ADDRESS: &str = "10.0.0.1:80";
const ID: &str = "shop-v1-Product:10.0.0.1:80";

#[tokio::test]
async fn item_08_consul_restarted_without_its_disk_gets_registrations_again() {
    let Some(mut agent) = Agent::start().await else {
        return;
    };
    let registry = consul(&agent);
    register(&registry, SERVICE, ADDRESS).await;
    register(&registry, "other.Service", ADDRESS).await;
    let mut watch = registry.watch(SERVICE);
    settles(&mut watch, &[Endpoint::new(ADDRESS)]).await;
    registry
        .deregister("other.Service", &Endpoint::new(ADDRESS))
        .await
        .unwrap();

    agent.restart_empty().await;
    let start = Instant::now();
    until("registered again", async || {
        get(&agent, "/v1/agent/services").await.contains(ID)
    })
    .await;
    println!(
        "registered again {:?} after the agent was ready",
        start.elapsed()
    );
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    // What was known stood meanwhile, and what was deregistered stays so.
    tokio::time::sleep(Duration::from_secs(2)).await;
    while let Some(snapshot) = watch.try_next() {
        assert_eq!(*snapshot, [Endpoint::new(ADDRESS)]);
    }
    assert_eq!(registry.list().await.unwrap(), [SERVICE]);
    // And the watch has started over.
    register(&registry, SERVICE, "10.0.0.2:80").await;
    settles(
        &mut watch,
        &[Endpoint::new(ADDRESS), Endpoint::new("10.0.0.2:80")],
    )
    .await;
}

#[tokio::test]
async fn item_08_consul_that_has_lost_one_check_gets_it_again_and_the_others_live() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let registry = Consul::new(&agent.url())
        .unwrap()
        .ttl_check(Duration::from_secs(3));
    register(&registry, "a.A", ADDRESS).await;
    register(&registry, "b.B", ADDRESS).await;
    let mut other = registry.watch("b.B");
    settles(&mut other, &[Endpoint::new(ADDRESS)]).await;
    let check = "service:a-A:10.0.0.1:80";
    put(&agent, &format!("/v1/agent/check/deregister/{check}"), "").await;
    until("the check again", async || {
        get(&agent, "/v1/agent/checks").await.contains(check)
    })
    .await;
    // Longer than a heartbeat may be missing.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let checks: serde_json::Value =
        serde_json::from_str(&get(&agent, "/v1/agent/checks").await).unwrap();
    assert_eq!(checks[check]["Status"], "passing");
    assert_eq!(other.try_next(), None);
}

/// As in a restart on the same port, while the old process ends.
#[tokio::test]
async fn consul_keeps_the_new_life_of_a_server_when_the_old_one_deregisters() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let (old, new) = (consul(&agent), consul(&agent));
    register(&old, SERVICE, ADDRESS).await;
    let mut watch = new.watch(SERVICE);
    settles(&mut watch, &[Endpoint::new(ADDRESS)]).await;
    register(&new, SERVICE, ADDRESS).await;
    old.deregister(SERVICE, &Endpoint::new(ADDRESS))
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(get(&agent, "/v1/agent/services").await.contains(ID));
    while let Some(snapshot) = watch.try_next() {
        assert_eq!(*snapshot, [Endpoint::new(ADDRESS)]);
    }
    new.deregister(SERVICE, &Endpoint::new(ADDRESS))
        .await
        .unwrap();
    settles(&mut watch, &[]).await;
}

#[tokio::test]
async fn consul_gets_an_instance_it_removed_for_its_check_as_one_that_does_not_pass() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    // Nobody listens there.
    let address = "127.0.0.1:9";
    let interval = Duration::from_secs(2);
    let registry = Consul::new(&agent.url()).unwrap().check(interval, interval);
    let mut watch = registry.watch(SERVICE);
    register(&registry, SERVICE, address).await;
    settles(&mut watch, &[Endpoint::new(address)]).await;
    settles(&mut watch, &[]).await;
    // Consul does so itself no sooner than after a minute; it is seen to be ill before that.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let id = "shop-v1-Product:127.0.0.1:9";
    let there = async || get(&agent, "/v1/agent/services").await.contains(id);
    put(&agent, &format!("/v1/agent/service/deregister/{id}"), "").await;
    assert!(!there().await);
    until("registered again", there).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    while let Some(snapshot) = watch.try_next() {
        assert_eq!(*snapshot, []);
    }
}

#[tokio::test]
async fn item_03_consul_killed_and_restarted_is_watched_on() {
    let Some(mut agent) = Agent::start().await else {
        return;
    };
    let registry = consul(&agent);
    register(&registry, SERVICE, ADDRESS).await;
    let mut watch = registry.watch(SERVICE);
    settles(&mut watch, &[Endpoint::new(ADDRESS)]).await;
    agent.kill();
    until("a problem", async || watch.problem().is_some()).await;
    assert_eq!(watch.try_next(), None);
    agent.restart().await;
    register(&registry, SERVICE, "10.0.0.2:80").await;
    settles(
        &mut watch,
        &[Endpoint::new(ADDRESS), Endpoint::new("10.0.0.2:80")],
    )
    .await;
    assert_eq!(watch.problem(), None);
}

#[tokio::test]
async fn item_07_consul_maintenance_takes_an_instance_out() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let registry = consul(&agent);
    register(&registry, SERVICE, ADDRESS).await;
    let mut watch = registry.watch(SERVICE);
    settles(&mut watch, &[Endpoint::new(ADDRESS)]).await;
    let path = |enable: bool| format!("/v1/agent/service/maintenance/{ID}?enable={enable}");
    put(&agent, &path(true), "").await;
    let left = next(&mut watch).await;
    assert_eq!((left.len(), left.known(), left.passing()), (0, 1, 0));
    let fallback = Consul::new(&agent.url())
        .unwrap()
        .fallback_to_unhealthy(true);
    assert_eq!(
        *fallback.get(SERVICE).await.unwrap(),
        [Endpoint::new(ADDRESS)]
    );
    put(&agent, &path(false), "").await;
    settles(&mut watch, &[Endpoint::new(ADDRESS)]).await;
    // So does maintenance of the whole node.
    put(&agent, "/v1/agent/maintenance?enable=true", "").await;
    settles(&mut watch, &[]).await;
}

#[tokio::test]
async fn consul_that_denies_says_so_and_takes_a_token() {
    // Who shows no token is let in, for the sake of this test.
    let acl = r#"acl { enabled = true default_policy = "deny" tokens { master = "r00t" default = "r00t" } }"#;
    let settings = Settings {
        arguments: ["-hcl", acl].map(str::to_owned).to_vec(),
        ..Settings::default()
    };
    let Some(agent) = Agent::start_with(settings).await else {
        return;
    };
    let registry = consul(&agent).token("n0ne").unwrap();
    let registration = || Registration::new(SERVICE, Endpoint::new(ADDRESS));
    let error = registry.register(registration()).await.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied, "{error}");
    assert!(
        error
            .message()
            .ends_with("set CONSUL_HTTP_TOKEN to a token whose policy allows it")
    );
    let error = registry.get(SERVICE).await.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied, "{error}");
    assert!(!format!("{error:?}").contains("n0ne"));

    let registry = consul(&agent).token("r00t").unwrap();
    registry.register(registration()).await.unwrap();
    let mut watch = registry.watch(SERVICE);
    settles(&mut watch, &[Endpoint::new(ADDRESS)]).await;
    registry
        .deregister(SERVICE, &Endpoint::new(ADDRESS))
        .await
        .unwrap();
    settles(&mut watch, &[]).await;
}

/// The check is by gRPC, at an IPv6 address too.
#[tokio::test]
async fn item_21_consul_calls_the_health_of_a_server() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let echo = "e2e.Echo";
    for host in ["127.0.0.1", "[::1]"] {
        let Ok(bound) = Server::new("shop")
            .add(EchoServer::new(Echo::default()))
            .bind(format!("{host}:0"))
            .await
        else {
            println!("no {host} here");
            continue;
        };
        let address = bound.local_addr().to_string();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let served = tokio::spawn(bound.serve_until(async { _ = stopped.await }));
        let interval = Duration::from_millis(300);
        let registry = Consul::new(&agent.url()).unwrap().check(interval, interval);
        register(&registry, echo, &address).await;
        let mut watch = registry.watch(echo);
        settles(&mut watch, &[Endpoint::new(&address)]).await;
        let called = async || get(&agent, "/v1/agent/checks").await.contains("success");
        until("called", called).await;
        assert_eq!(watch.try_next(), None);
        // Without a word, as if it were killed.
        stop.send(()).unwrap();
        served.await.unwrap().unwrap();
        settles(&mut watch, &[]).await;
        registry
            .deregister(echo, &Endpoint::new(&address))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn consul_over_tls() {
    let made = rcgen::generate_simple_self_signed(["consul.test".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("cert"), made.cert.pem()).unwrap();
    std::fs::write(path("key"), made.signing_key.serialize_pem()).unwrap();
    // A port beside those that the agent has.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let (cert, key) = (path("cert"), path("key"));
    let tls = format!("ports {{ https = {port} }} cert_file = {cert:?} key_file = {key:?}");
    let settings = Settings {
        arguments: vec!["-hcl".to_owned(), tls],
        ..Settings::default()
    };
    let Some(agent) = Agent::start_with(settings).await else {
        return;
    };
    let authority = made.cert.pem().into_bytes();
    let tls = ClientTls::new().ca(authority).domain("consul.test");
    let registry = Consul::new(&format!("https://127.0.0.1:{port}")).unwrap();
    let registry = registry
        .tls(tls)
        .unwrap()
        .ttl_check(Duration::from_secs(60));
    register(&registry, SERVICE, ADDRESS).await;
    let mut watch = registry.watch(SERVICE);
    settles(&mut watch, &[Endpoint::new(ADDRESS)]).await;
    assert!(get(&agent, "/v1/agent/services").await.contains(ID));

    // One that is not trusted is not spoken to.
    let stranger = rcgen::generate_simple_self_signed(["consul.test".to_owned()]).unwrap();
    let tls = ClientTls::new()
        .ca(stranger.cert.pem().into_bytes())
        .domain("consul.test");
    let registry = Consul::new(&format!("https://127.0.0.1:{port}"))
        .unwrap()
        .tls(tls)
        .unwrap();
    let error = registry.get(SERVICE).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error}");
}
