//! Instances come, go, freeze, die and dawdle, while calls go on.

use std::time::{Duration, Instant};

use ezrpc_tests::consul::Agent;

use crate::fleet::{Caller, Instance};
use crate::load::{DEADLINE, Kind, Load, is_long};

/// How much longer than its deadline a call may take to come to its end, on a machine that does much else.
const SLACK: Duration = Duration::from_secs(1);

fn all(fleet: &[Instance]) -> Vec<&Instance> {
    fleet.iter().collect()
}

/// An agent, three instances, and a caller that sees them; `None` without Consul.
async fn three() -> Option<(Agent, Vec<Instance>, Caller)> {
    let agent = Agent::start().await?;
    let fleet: Vec<Instance> = ["a", "b", "c"]
        .map(|name| Instance::start(&agent, name))
        .into();
    let caller = Caller::new(&agent);
    caller.sees(&all(&fleet)).await;
    Some((agent, fleet, caller))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consul_rolling_restarts_cost_no_call() {
    let Some((agent, mut fleet, caller)) = three().await else {
        return;
    };
    let load = Load::start(caller.client(), &caller.ctx, Kind::Do);
    let mut converged = Duration::ZERO;
    let restarts = if is_long() { 50 } else { 6 };
    for nth in 0..restarts {
        load.more(50).await;
        let old = fleet.remove(0);
        old.stop().await;
        let name = format!("r{nth}");
        fleet.push(Instance::start(&agent, &name));
        let up = Instant::now();
        caller.sees(&all(&fleet)).await;
        load.answered_by(&name, 1).await;
        converged = converged.max(up.elapsed());
    }
    let report = load.stop().await;
    report.print(&format!("{restarts} rolling restarts"), Some(converged));
    report.all_succeeded();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consul_restarts_on_the_same_port_cost_no_call() {
    let Some((agent, mut fleet, caller)) = three().await else {
        return;
    };
    let load = Load::start(caller.client(), &caller.ctx, Kind::Do);
    let mut converged = Duration::ZERO;
    for nth in 0..if is_long() { 20 } else { 2 } {
        load.more(50).await;
        let old = fleet.remove(0);
        let address = old.addr.to_string();
        old.stop().await;
        let name = format!("r{nth}");
        let up = Instant::now();
        fleet.push(Instance::start_on(&agent, &name, &address, 0));
        load.answered_by(&name, 1).await;
        converged = converged.max(up.elapsed());
    }
    let report = load.stop().await;
    report.print("restarts on the same port", Some(converged));
    report.all_succeeded();
}

/// Kills one of three; returns how many calls failed.
async fn killed(kind: Kind, title: &str) -> Option<usize> {
    let (_agent, mut fleet, caller) = three().await?;
    let load = Load::start(caller.client(), &caller.ctx, kind);
    load.answered_by("a", 50).await;
    fleet.remove(0).kill();
    load.more(200).await;
    // What was under way there has ended by now.
    let failed = load.failed();
    load.more(200).await;
    let report = load.stop().await;
    report.print(title, None);
    assert_eq!(report.failures.len(), failed, "{:#?}", report.failures);
    assert!(report.within(1.0) < DEADLINE + SLACK);
    Some(failed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consul_one_of_three_killed_costs_no_call_that_may_be_repeated() {
    if let Some(failed) = killed(Kind::Read, "one of three killed, idempotent calls").await {
        assert_eq!(failed, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consul_one_of_three_killed_costs_only_what_was_sent_there() {
    if let Some(failed) = killed(Kind::Do, "one of three killed, other calls").await {
        // As many calls are under way at a time, at all three together.
        assert!(failed <= 8, "{failed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consul_one_of_three_frozen_is_left_alone() {
    let Some((_agent, fleet, caller)) = three().await else {
        return;
    };
    let load = Load::start(caller.client(), &caller.ctx, Kind::Do);
    load.answered_by("a", 50).await;
    fleet[0].signal("STOP");
    let frozen = Instant::now();
    // Longer than keepalive's interval and timeout together, and than the deadline of what was sent there by then.
    while frozen.elapsed() < Duration::from_secs(1) + DEADLINE + SLACK {
        load.more(20).await;
    }
    let failed = load.failed();
    load.more(400).await;
    assert_eq!(load.failed(), failed, "calls still went there");
    fleet[0].signal("CONT");
    let back = load.answered_by("a", 10).await;
    let report = load.stop().await;
    report.print("one of three frozen", Some(back));
    assert!(report.within(1.0) < DEADLINE + SLACK);
    assert!(report.failures.len() <= 24, "{:#?}", report.failures);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consul_a_slow_instance_gets_less() {
    let Some((agent, mut fleet, caller)) = three().await else {
        return;
    };
    fleet.push(Instance::start_on(&agent, "slow", "127.0.0.1:0", 200));
    caller.sees(&all(&fleet)).await;
    let load = Load::start(caller.client(), &caller.ctx, Kind::Do);
    load.more(if is_long() { 8000 } else { 1000 }).await;
    let report = load.stop().await;
    report.print("one of four slow (200 ms)", None);
    report.all_succeeded();
    let slow = report.answered.get("slow").copied().unwrap_or(0);
    // A fair share would be a quarter.
    assert!(slow * 10 < report.calls as u64, "{:?}", report.answered);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consul_all_instances_gone_and_back_costs_no_call() {
    let Some((agent, fleet, caller)) = three().await else {
        return;
    };
    let load = Load::start(caller.client(), &caller.ctx, Kind::Do);
    load.more(100).await;
    let stopping: Vec<_> = fleet.into_iter().map(|i| tokio::spawn(i.stop())).collect();
    // Calls wait for those that come, for as long as they may take.
    caller.sees(&[]).await;
    let back = Instant::now();
    let new = Instance::start(&agent, "new");
    load.answered_by("new", 100).await;
    let converged = back.elapsed();
    for stopped in stopping {
        stopped.await.unwrap();
    }
    let report = load.stop().await;
    report.print("all instances gone and back", Some(converged));
    report.all_succeeded();
    drop(new);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consul_a_new_instance_takes_traffic_at_once() {
    let Some((agent, mut fleet, caller)) = three().await else {
        return;
    };
    let load = Load::start(caller.client(), &caller.ctx, Kind::Do);
    load.more(100).await;
    fleet.push(Instance::start(&agent, "new"));
    caller.sees(&all(&fleet)).await;
    let taken = load.answered_by("new", 1).await;
    let report = load.stop().await;
    report.print("a new instance", Some(taken));
    report.all_succeeded();
}
