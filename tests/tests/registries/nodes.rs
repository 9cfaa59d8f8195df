//! Several agents: two nodes of a datacenter, and two datacenters.

use ezrpc::discovery::{Consul, Endpoint, Registry};
use ezrpc_tests::consul::{Agent, Settings};
use ezrpc_tests::registry_suite::{SERVICE, settles};

use super::{consul, get, put, register, until};

const ID: &str = "shop-v1-Product:127.0.0.1:80";
const ENTRIES: &str = "/v1/catalog/service/shop-v1-Product";

/// Two nodes whose agents listen at the same ports of two addresses.
async fn two_nodes() -> Option<(Agent, Agent)> {
    let one = Agent::start().await?;
    let join = one.gossip().0.to_string();
    let two = Agent::start_with(Settings {
        ip: "127.0.0.2",
        node: "n2",
        ports: Some(one.ports()),
        arguments: ["-server=false", "-retry-join", &join]
            .map(str::to_owned)
            .to_vec(),
        ..Settings::default()
    });
    Some((one, two.await?))
}

/// What an earlier life has left with an agent.
async fn leave_behind(agent: &Agent) {
    let body =
        format!(r#"{{"ID":"{ID}","Name":"shop-v1-Product","Address":"127.0.0.1","Port":80}}"#);
    put(agent, "/v1/agent/service/register", &body).await;
}

/// Which nodes have an instance.
async fn nodes(agent: &Agent) -> Vec<String> {
    let found: serde_json::Value = serde_json::from_str(&get(agent, ENTRIES).await).unwrap();
    let all = found.as_array().cloned().unwrap_or_default();
    let node = |entry: &serde_json::Value| entry["Node"].as_str().unwrap_or_default().to_owned();
    let mut nodes: Vec<String> = all.iter().map(node).collect();
    nodes.sort();
    nodes
}

#[tokio::test]
async fn item_09_consul_the_same_id_on_two_nodes_is_removed_at_its_agent() {
    let Some((one, mut two)) = two_nodes().await else {
        return;
    };
    leave_behind(&two).await;
    until("in the catalog", async || nodes(&one).await == ["n2"]).await;
    let registry = consul(&one);
    register(&registry, SERVICE, "127.0.0.1:80").await;
    until("only ours", async || nodes(&one).await == ["n1"]).await;
    assert_eq!(get(&two, "/v1/agent/services").await.trim(), "{}");

    // Deregistering removes both, too: one that has come since.
    leave_behind(&two).await;
    until("both", async || nodes(&one).await == ["n1", "n2"]).await;
    registry
        .deregister(SERVICE, &Endpoint::new("127.0.0.1:80"))
        .await
        .unwrap();
    assert_eq!(nodes(&one).await, Vec::<String>::new());
    assert_eq!(get(&two, "/v1/agent/services").await.trim(), "{}");

    // An agent that does not answer: the catalog forgets it.
    leave_behind(&two).await;
    until("in the catalog", async || nodes(&one).await == ["n2"]).await;
    two.kill();
    register(&registry, SERVICE, "127.0.0.1:80").await;
    until("only ours", async || nodes(&one).await == ["n1"]).await;
}

#[tokio::test]
async fn consul_of_another_datacenter_is_watched() {
    let Some(one) = Agent::start().await else {
        return;
    };
    let join = one.gossip().1.to_string();
    let two = Agent::start_with(Settings {
        datacenter: "dc2",
        arguments: ["-retry-join-wan", &join].map(str::to_owned).to_vec(),
        ..Settings::default()
    });
    let two = two.await.unwrap();
    register(&consul(&two), SERVICE, "10.2.0.1:80").await;
    let path = "/v1/catalog/datacenters";
    until("two datacenters", async || {
        get(&one, path).await.contains("dc2")
    })
    .await;
    let far = Consul::new(&one.url()).unwrap().datacenter("dc2");
    assert_eq!(far.describe(), format!("consul://{}?dc=dc2", one.http()));
    let (mut watch, mut here) = (far.watch(SERVICE), consul(&one).watch(SERVICE));
    settles(&mut watch, &[Endpoint::new("10.2.0.1:80")]).await;
    assert_eq!(far.list().await.unwrap(), [SERVICE]);
    // The registry made for it ends with the statement, and the watch with that.
    assert_eq!(here.next().await, None);
    let near = consul(&one);
    assert_eq!(near.get(SERVICE).await.unwrap().len(), 0);
}

/// A name that somebody else has registered, with tags to choose by.
#[tokio::test]
async fn consul_services_of_others_and_tags() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    for (port, tag) in [(1, "blue"), (2, "green")] {
        let body = format!(
            r#"{{"ID":"x{port}","Name":"shop-v1-Product","Port":{port},"Tags":["{tag}"],"Weights":{{"Passing":{},"Warning":1}}}}"#,
            port * 10
        );
        put(&agent, "/v1/agent/service/register", &body).await;
    }
    let both = [
        Endpoint::new("127.0.0.1:1").weight(10),
        Endpoint::new("127.0.0.1:2").weight(20),
    ];
    let all = consul(&agent);
    let mut watch = all.watch(SERVICE);
    settles(&mut watch, &both).await;
    assert_eq!(all.list().await.unwrap(), Vec::<String>::new());
    let green = Consul::new(&agent.url()).unwrap().tag("green");
    let left = green.get(SERVICE).await.unwrap();
    assert_eq!(
        (&left[..], left.known(), left.passing()),
        (&both[1..], 2, 2)
    );
}
