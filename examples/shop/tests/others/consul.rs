//! Two shops that register with a real Consul, and a client that finds both.

use std::process::Command;

use ezrpc_tests::consul::Agent;

use super::{Shop, text};

#[tokio::test]
async fn consul_two_shops_share_the_calls() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let registry = format!("consul://{}", agent.http());
    let shops = [(); 2].map(|()| Shop::start_with(&["--registry", &registry]));
    // A shop prints its addresses before it has registered.
    let port = |shop: &Shop| {
        shop.product
            .rsplit(':')
            .next()
            .map(str::to_owned)
            .expect("a port")
    };
    loop {
        let known = agent
            .get("/v1/health/service/common-Product?passing")
            .await
            .text();
        if shops.iter().all(|shop| known.contains(&port(shop))) {
            break;
        }
    }
    // An instance that is still busy starting gets less: a fair half, once both are up, is 100.
    let mut seen = String::new();
    let shared = (0..20).any(|_| {
        let balance = Command::new(env!("CARGO_BIN_EXE_shop"))
            .args(["balance", "--registry", &registry, "200"])
            .output();
        seen = text(balance.expect("the shop runs"));
        shops
            .iter()
            .all(|shop| answered(&seen, &shop.product) >= 60)
    });
    assert!(shared, "{seen}");
    let catalog = agent.get("/v1/catalog/services").await.text();
    assert!(
        catalog.contains("common-Product") && catalog.contains("trade-Order"),
        "{catalog}"
    );
}

/// How many calls an instance has answered, by what the client printed.
fn answered(seen: &str, instance: &str) -> u32 {
    let line = seen.lines().find(|line| line.starts_with(instance));
    let count = line.and_then(|line| line.split(' ').nth(2)?.parse().ok());
    count.unwrap_or(0)
}
