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
    let balance = Command::new(env!("CARGO_BIN_EXE_shop"))
        .args(["balance", "--registry", &registry, "200"])
        .output();
    let seen = text(balance.expect("the shop runs"));
    for shop in &shops {
        let line = seen
            .lines()
            .find(|line| line.starts_with(&shop.product))
            .expect(&seen);
        let count = line
            .split(' ')
            .nth(2)
            .and_then(|count| count.parse::<u32>().ok());
        // A fair half would be 100, if both are as fast.
        assert!(count.is_some_and(|count| count >= 20), "{seen}");
    }
    let catalog = agent.get("/v1/catalog/services").await.text();
    assert!(
        catalog.contains("common-Product") && catalog.contains("trade-Order"),
        "{catalog}"
    );
}
