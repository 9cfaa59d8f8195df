//! Real Consul agents for tests: processes on loopback that can be killed, frozen and started again.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::http::{Answer, Request};
use crate::tools;

/// Below the ports the system gives to clients, so that an agent finds its own again after a restart.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
/// HTTP, server RPC, LAN and WAN gossip.
const PORTS_EACH: u16 = 4;
/// How long an agent may take until it works.
const START: Duration = Duration::from_secs(30);

/// What an agent is to be.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The node's name, unique in its datacenter.
    pub node: &'static str,
    /// Its datacenter.
    pub datacenter: &'static str,
    /// The loopback address it has for itself: `127.0.0.1`, `127.0.0.2`.
    pub ip: &'static str,
    /// The first of its four ports; `None` takes free ones.
    pub ports: Option<u16>,
    /// Further command line arguments.
    pub arguments: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            node: "n1",
            datacenter: "dc1",
            ip: "127.0.0.1",
            ports: None,
            arguments: Vec::new(),
        }
    }
}

/// A Consul agent; it ends with this value.
#[derive(Debug)]
pub struct Agent {
    settings: Settings,
    ports: u16,
    data: TempDir,
    process: Option<Child>,
}

impl Agent {
    /// Starts a server agent of a datacenter of its own, and waits until it works. `None`, and a line that says so, where
    /// there is no Consul.
    ///
    /// # Panics
    /// If there is none and it is required, or it does not work in time.
    pub async fn start() -> Option<Self> {
        Self::start_with(Settings::default()).await
    }

    /// Starts a server agent that is as told.
    ///
    /// # Panics
    /// As [`Agent::start`].
    pub async fn start_with(settings: Settings) -> Option<Self> {
        tools::require("consul")?;
        let mut agent = Self {
            ports: settings.ports.unwrap_or_else(|| free_ports(settings.ip)),
            settings,
            data: tempfile::tempdir().expect("a folder"),
            process: None,
        };
        agent.run().await;
        Some(agent)
    }

    /// Where its HTTP API listens.
    pub fn http(&self) -> SocketAddr {
        self.address(0)
    }

    /// Its address as registries take it: `http://127.0.0.1:20000`.
    pub fn url(&self) -> String {
        format!("http://{}", self.http())
    }

    /// The first of its ports: another node with another address may use the same ones.
    pub fn ports(&self) -> u16 {
        self.ports
    }

    /// Where other nodes of the datacenter join it, and where other datacenters do.
    pub fn gossip(&self) -> (SocketAddr, SocketAddr) {
        (self.address(2), self.address(3))
    }

    fn address(&self, port: u16) -> SocketAddr {
        let ip = self.settings.ip.parse().expect("an address");
        SocketAddr::new(ip, self.ports + port)
    }

    /// Ends it without a word (SIGKILL).
    ///
    /// # Panics
    /// If it does not run.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.kill().expect("it is ours");
        process.wait().expect("it is ours");
    }

    /// Starts it again, with the state it had, and waits until it works.
    ///
    /// # Panics
    /// If it does not work in time.
    pub async fn restart(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
        self.run().await;
    }

    /// Starts it again with no state, as `-dev` agents start, and waits until it works.
    ///
    /// # Panics
    /// If it does not work in time.
    pub async fn restart_empty(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
        self.data = tempfile::tempdir().expect("a folder");
        self.run().await;
    }

    /// Stops it in its tracks (SIGSTOP), or lets it go on (SIGCONT).
    ///
    /// # Panics
    /// If it does not run.
    pub fn freeze(&self, frozen: bool) {
        let process = self.process.as_ref().expect("it runs");
        signal(process.id(), if frozen { "STOP" } else { "CONT" });
    }

    /// Asks its HTTP API; the body is JSON text.
    ///
    /// # Panics
    /// If it does not answer.
    pub async fn get(&self, path: &str) -> Answer {
        Request::new("GET", path).http1(self.http()).await
    }

    /// Tells its HTTP API something.
    ///
    /// # Panics
    /// If it does not answer.
    pub async fn put(&self, path: &str, body: &str) -> Answer {
        let request = Request::new("PUT", path).body(body.to_owned());
        request.http1(self.http()).await
    }

    async fn run(&mut self) {
        let Settings {
            node,
            datacenter,
            ip,
            arguments,
            ..
        } = &self.settings;
        let log = std::fs::File::create(self.data.path().join("log")).expect("a file");
        let port = |nth: u16| (self.ports + nth).to_string();
        let mut command = Command::new("consul");
        command
            .args(["agent", "-node", node, "-datacenter", datacenter])
            .args(["-bind", ip, "-client", ip, "-data-dir"])
            .arg(self.data.path())
            .args(["-http-port", &port(0), "-server-port", &port(1)])
            .args(["-serf-lan-port", &port(2), "-serf-wan-port", &port(3)])
            .args(["-dns-port", "-1", "-grpc-port", "-1"])
            .args(["-hcl", "disable_update_check = true"])
            .args(["-hcl", "performance { raft_multiplier = 1 }"])
            .args(arguments);
        if !arguments.iter().any(|argument| argument == "-server=false") {
            command.args(["-server", "-bootstrap-expect", "1"]);
        }
        command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(Stdio::null());
        self.process = Some(command.spawn().expect("consul starts"));
        self.ready().await;
    }

    /// Waits until it has a leader that knows its node.
    async fn ready(&self) {
        let path = format!("/v1/health/node/{}", self.settings.node);
        let start = Instant::now();
        loop {
            if tokio::net::TcpStream::connect(self.http()).await.is_ok() {
                let answer = self.get(&path).await;
                if answer.status == 200 && answer.text().contains("\"passing\"") {
                    return;
                }
            }
            assert!(start.elapsed() < START, "no working agent: {}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.data.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
    }
}

/// Sends a signal to a process, by its name without `SIG`.
///
/// # Panics
/// If there is no such process.
pub fn signal(process: u32, name: &str) {
    let sent = Command::new("kill")
        .args([format!("-{name}"), process.to_string()])
        .status();
    assert!(
        sent.is_ok_and(|status| status.success()),
        "kill -{name} {process}"
    );
}

/// Finds ports nobody uses; tests that run at the same time begin at different ones.
fn free_ports(ip: &str) -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let slots = PORTS.len() as u32 / u32::from(PORTS_EACH);
    let start = std::process::id().wrapping_mul(97);
    for _ in 0..slots {
        let nth = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed).into()) % slots;
        // Less than the range's length.
        let first = PORTS.start + u16::try_from(nth).unwrap_or(0) * PORTS_EACH;
        let free =
            |port| TcpListener::bind((ip, port)).is_ok() && UdpSocket::bind((ip, port)).is_ok();
        if (first..first + PORTS_EACH).all(free) {
            return first;
        }
    }
    panic!("no free ports in {PORTS:?}");
}
