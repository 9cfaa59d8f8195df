//! Instances of the Work service, each a process, and what clients see of them.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use ezrpc::discovery::{Consul, Registry};
use ezrpc::{Channel, Context};
use ezrpc_tests::consul::{Agent, signal};
use ezrpc_tests::proto::fault::WorkClient;

/// The service all of them serve.
pub(crate) const SERVICE: &str = "fault.Work";
/// How long anything may take before a test gives up; no test takes that long.
const PATIENCE: Duration = Duration::from_secs(60);

/// One instance; it ends with this value.
pub(crate) struct Instance {
    pub(crate) addr: SocketAddr,
    process: Child,
}

impl Instance {
    /// Starts an instance that registers with `agent`; returns when it has its address.
    pub(crate) fn start(agent: &Agent, name: &str) -> Self {
        Self::start_on(agent, name, "127.0.0.1:0", 0)
    }

    /// Starts an instance that registers nowhere.
    pub(crate) fn alone(name: &str) -> Self {
        Self::spawn("memory", name, "127.0.0.1:0", 0)
    }

    /// The same as [`Instance::start`] at an address, each of its calls taking some milliseconds.
    pub(crate) fn start_on(agent: &Agent, name: &str, address: &str, millis: u32) -> Self {
        let registry = format!("consul://{}", agent.http());
        Self::spawn(&registry, name, address, millis)
    }

    fn spawn(registry: &str, name: &str, address: &str, millis: u32) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_fault_server"))
            .args([address, name, &millis.to_string()])
            .env("EZRPC_REGISTRY", registry)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        Self {
            addr: line.trim().parse().unwrap(),
            process,
        }
    }

    /// Sends it a signal, by its name without `SIG`.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.process.id(), name);
    }

    /// Waits until it has ended; returns its exit status.
    pub(crate) async fn ended(mut self) -> Option<i32> {
        let waited = tokio::task::spawn_blocking(move || self.process.wait().unwrap());
        let ended = tokio::time::timeout(PATIENCE, waited).await;
        ended.expect("it ends").unwrap().code()
    }

    /// Has it end as deployments do (SIGTERM), and waits until it has.
    pub(crate) async fn stop(self) {
        self.signal("TERM");
        assert_eq!(self.ended().await, Some(0));
    }

    /// Ends it without a word.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Fails if it has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a client process has: its registry, and a context in which calls find it.
pub(crate) struct Caller {
    pub(crate) registry: Arc<Consul>,
    pub(crate) ctx: Context,
}

impl Caller {
    pub(crate) fn new(agent: &Agent) -> Self {
        Self::of(Consul::new(&agent.url()).unwrap())
    }

    /// One that asks for the instances of another datacenter.
    pub(crate) fn in_datacenter(agent: &Agent, datacenter: &str) -> Self {
        Self::of(Consul::new(&agent.url()).unwrap().datacenter(datacenter))
    }

    fn of(registry: Consul) -> Self {
        let registry = Arc::new(registry);
        let ctx = Context::background().with_registry(Arc::clone(&registry));
        Self { registry, ctx }
    }

    /// A client with keepalive that tests can wait for.
    pub(crate) fn client(&self) -> WorkClient {
        let channel = Channel::discover(SERVICE);
        WorkClient::new(channel.keepalive(Duration::from_millis(500), Duration::from_millis(500)))
    }

    /// Waits until the registry says that these serve, and no others.
    pub(crate) async fn sees(&self, instances: &[&Instance]) {
        let expected: BTreeSet<String> = instances.iter().map(|i| i.addr.to_string()).collect();
        let mut watch = self.registry.watch(SERVICE);
        let seen = async {
            loop {
                let snapshot = watch.next().await.expect("the watch goes on");
                let addresses = snapshot.iter().map(|endpoint| endpoint.address.clone());
                if addresses.collect::<BTreeSet<_>>() == expected {
                    return;
                }
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, seen).await;
        in_time.unwrap_or_else(|_| panic!("not seen: {expected:?}"));
    }
}
