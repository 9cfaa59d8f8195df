//! A thousand watched services and a stock agent.

use std::time::{Duration, Instant};

use ezrpc::discovery::{Endpoint, Registry, Watch};
use ezrpc_tests::consul::Agent;

use super::{consul, register};

const SERVICES: usize = 1000;
/// What the issue allows.
const CONNECTIONS: usize = 64;

fn name(n: usize) -> String {
    format!("many.v1.Service{n}")
}

/// How many connections this process has to a port.
fn connections(port: u16) -> usize {
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap_or_default();
    // The remote address is the third column; 01 is ESTABLISHED.
    let remote = format!(":{port:04X}");
    let rows = table.lines().filter(|row| {
        let columns: Vec<&str> = row.split_whitespace().collect();
        columns.len() > 3 && columns[2].ends_with(&remote) && columns[3] == "01"
    });
    rows.count()
}

/// User and system time of the registry's thread, from its line in /proc.
fn cpu(thread: &str) -> Duration {
    let mut ticks = 0;
    for task in std::fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten()
    {
        let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        let Some((name, rest)) = stat.rsplit_once(')') else {
            continue;
        };
        if name.ends_with(thread) {
            let fields: Vec<&str> = rest.split_whitespace().collect();
            ticks += fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        }
    }
    Duration::from_millis(ticks * 10)
}

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    line.and_then(|l| l.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}

#[tokio::test]
async fn consul_a_thousand_services_on_few_connections() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let port = agent.http().port();
    let writer = consul(&agent).keep_every(Duration::from_secs(3600));
    for n in 0..SERVICES {
        register(&writer, &name(n), "10.0.0.1:1").await;
    }
    let (memory, start) = (resident(), Instant::now());
    let reader = consul(&agent);
    let mut watches: Vec<Watch> = (0..SERVICES).map(|n| reader.watch(&name(n))).collect();
    for watch in &mut watches {
        let first = tokio::time::timeout(Duration::from_secs(30), watch.next()).await;
        assert_eq!(first.unwrap().unwrap().len(), 1);
    }
    println!("{SERVICES} first snapshots: {:?}", start.elapsed());
    println!("memory: {} KiB more", resident().saturating_sub(memory));
    tokio::time::sleep(Duration::from_secs(3)).await;
    // The writer has up to two of its own.
    let open = connections(port);
    println!("connections: {open}, the writer's included");
    assert!(open <= CONNECTIONS, "{open}");

    let (mut own, mut shared, before) = (Vec::new(), Vec::new(), cpu("ezrpc-consul"));
    let began = Instant::now();
    for n in (0..20).chain(SERVICES - 20..SERVICES) {
        let start = Instant::now();
        register(&writer, &name(n), "10.0.0.2:2").await;
        let next = tokio::time::timeout(Duration::from_secs(10), watches[n].next()).await;
        let next = next.unwrap().unwrap();
        assert_eq!(next.last(), Some(&Endpoint::new("10.0.0.2:2")));
        let latencies = if n < 20 { &mut own } else { &mut shared };
        latencies.push(start.elapsed());
        // Changes come now and then.
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    println!(
        "40 changes took {:?} of one core in {:?}",
        cpu("ezrpc-consul") - before,
        began.elapsed()
    );
    for (what, mut all) in [("own query", own), ("shared query", shared)] {
        all.sort();
        println!(
            "from change to snapshot, {what}: median {:?}, longest {:?}",
            all[all.len() / 2],
            all[all.len() - 1]
        );
        assert!(all[all.len() - 1] < Duration::from_secs(3));
    }
    let before = cpu("ezrpc-consul");
    tokio::time::sleep(Duration::from_secs(3)).await;
    println!(
        "at rest: {:?} of one core in 3 s",
        cpu("ezrpc-consul") - before
    );
}
