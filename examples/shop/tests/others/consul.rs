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
    let balance = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shop"));
        text(
            command
                .args(["balance", "--registry", &registry, "200"])
                .output()
                .expect("the shop runs"),
        )
    };
    // A shop prints its addresses before it has registered.
    let seen = loop {
        let seen = balance();
        if seen.lines().count() == 2 {
            break seen;
        }
    };
    for shop in &shops {
        let line = seen
            .lines()
            .find(|line| line.starts_with(&shop.product))
            .expect(&seen);
        let count = line
            .split(' ')
            .nth(2)
            .and_then(|count| count.parse::<u32>().ok());
        // A fair half would be 100.
        assert!(count.is_some_and(|count| count >= 50), "{seen}");
    }
    let catalog = agent.get("/v1/catalog/services").await.text();
    assert!(
        catalog.contains("common-Product") && catalog.contains("trade-Order"),
        "{catalog}"
    );
}
