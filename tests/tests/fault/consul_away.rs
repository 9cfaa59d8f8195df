//! Consul dies, forgets, or is gone for long, while calls go on.

use std::time::{Duration, Instant};

use ezrpc_tests::consul::{Agent, Settings};

use crate::fleet::{Caller, Instance};
use crate::load::{Kind, Load, is_long};

/// Three instances that a caller sees, and its load on them.
async fn under_load(agent: &Agent) -> (Vec<Instance>, Caller, Load) {
    let fleet: Vec<Instance> = ["a", "b", "c"]
        .map(|name| Instance::start(agent, name))
        .into();
    let caller = Caller::new(agent);
    caller.sees(&fleet.iter().collect::<Vec<_>>()).await;
    let load = Load::start(caller.client(), &caller.ctx, Kind::Do);
    load.more(200).await;
    (fleet, caller, load)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consul_agent_killed_and_restarted_costs_no_call() {
    let Some(mut agent) = Agent::start().await else {
        return;
    };
    let (mut fleet, caller, load) = under_load(&agent).await;
    for _ in 0..if is_long() { 10 } else { 1 } {
        agent.kill();
        load.more(400).await;
        agent.restart().await;
        load.more(400).await;
    }
    // It is followed again.
    let back = Instant::now();
    fleet.push(Instance::start(&agent, "d"));
    caller.sees(&fleet.iter().collect::<Vec<_>>()).await;
    load.answered_by("d", 1).await;
    let converged = back.elapsed();
    let report = load.stop().await;
    report.print("agent killed and restarted", Some(converged));
    report.all_succeeded();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consul_agent_restarted_with_empty_state_gets_the_registrations_back() {
    let Some(mut agent) = Agent::start().await else {
        return;
    };
    let (fleet, _, load) = under_load(&agent).await;
    let mut converged = Duration::ZERO;
    for _ in 0..if is_long() { 10 } else { 1 } {
        agent.restart_empty().await;
        let back = Instant::now();
        // A caller that has never seen them before.
        let fresh = Caller::new(&agent);
        fresh.sees(&fleet.iter().collect::<Vec<_>>()).await;
        converged = converged.max(back.elapsed());
        load.more(400).await;
    }
    let report = load.stop().await;
    report.print("agent restarted with empty state", Some(converged));
    report.all_succeeded();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consul_gone_for_long_costs_no_call() {
    let Some(mut agent) = Agent::start().await else {
        return;
    };
    let (mut fleet, caller, load) = under_load(&agent).await;
    let away = Duration::from_secs(if is_long() { 60 } else { 5 });
    agent.kill();
    let gone = Instant::now();
    while gone.elapsed() < away {
        load.more(100).await;
    }
    // One that starts meanwhile serves, and is found when Consul is back.
    fleet.push(Instance::start(&agent, "d"));
    agent.restart().await;
    let back = Instant::now();
    caller.sees(&fleet.iter().collect::<Vec<_>>()).await;
    load.answered_by("d", 1).await;
    let converged = back.elapsed();
    let report = load.stop().await;
    report.print(&format!("Consul gone for {away:?}"), Some(converged));
    report.all_succeeded();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consul_of_another_datacenter_is_asked_through_ones_own() {
    let Some(own) = Agent::start().await else {
        return;
    };
    let join = own.gossip().1.to_string();
    let far = Settings {
        node: "n2",
        datacenter: "dc2",
        ip: "127.0.0.2",
        arguments: vec![
            "-retry-join-wan".into(),
            join,
            "-retry-interval-wan".into(),
            "1s".into(),
        ],
        ..Settings::default()
    };
    let far = Agent::start_with(far).await.expect("there is one");
    let here = Instance::start(&own, "here");
    let there = Instance::start(&far, "there");
    // Each knows its own.
    Caller::new(&own).sees(&[&here]).await;
    Caller::new(&far).sees(&[&there]).await;
    // And the other's where it is asked for.
    let caller = Caller::in_datacenter(&own, "dc2");
    caller.sees(&[&there]).await;
    let load = Load::start(caller.client(), &caller.ctx, Kind::Do);
    load.answered_by("there", 100).await;
    let report = load.stop().await;
    report.print("another datacenter", None);
    report.all_succeeded();
}
