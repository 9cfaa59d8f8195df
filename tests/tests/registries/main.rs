//! Registries: the suite for all of them, and Consul's own with real agents.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agents;
mod many;
mod nodes;

use std::sync::Arc;
use std::time::Duration;

use ezrpc::discovery::{Consul, Endpoint, Fixed, Memory, Registration, Registry};
use ezrpc_tests::consul::Agent;
use ezrpc_tests::registry_suite::{SERVICE, conforms, takes_registrations};

/// A registry whose instances need not be there.
fn consul(agent: &Agent) -> Consul {
    let consul = Consul::new(&agent.url()).unwrap();
    consul.ttl_check(Duration::from_secs(60))
}

/// What an agent answers.
async fn get(agent: &Agent, path: &str) -> String {
    let answer = agent.get(path).await;
    String::from_utf8(answer.body.to_vec()).unwrap()
}

/// Tells an agent something that it takes.
async fn put(agent: &Agent, path: &str, body: &str) {
    let answer = agent.put(path, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

async fn register(registry: &impl Registry, service: &str, address: &str) {
    let registration = Registration::new(service, Endpoint::new(address));
    registry.register(registration).await.unwrap();
}

/// Waits until something holds.
async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    for _ in 0..500 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not within ten seconds: {what}");
}

#[tokio::test]
async fn memory_conforms() {
    let memory = Memory::new();
    for address in ["b:2", "a:1"] {
        register(&memory, SERVICE, address).await;
    }
    conforms(Arc::new(memory.clone())).await;
    takes_registrations(Arc::new(memory)).await;
}

#[tokio::test]
async fn fixed_conforms() {
    let fixed = Fixed::new().service(SERVICE, "b:2").service(SERVICE, "a:1");
    conforms(Arc::new(fixed)).await;
}

#[tokio::test]
async fn consul_conforms() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let consul = Arc::new(consul(&agent));
    for address in ["b:2", "a:1"] {
        register(&consul, SERVICE, address).await;
    }
    conforms(Arc::clone(&consul) as _).await;
    takes_registrations(consul).await;
}
