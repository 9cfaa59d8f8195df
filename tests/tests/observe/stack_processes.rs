//! The services of `stack.proto`, each a process, with what it prints and logs.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ezrpc::{Channel, Context};
use ezrpc_tests::proto::stack::{AClient, Act, Step};
use serde_json::Value;
use tokio::sync::mpsc;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// One service; its process ends with this value.
pub(crate) struct Process {
    pub(crate) addr: SocketAddr,
    process: Child,
    printed: mpsc::UnboundedReceiver<String>,
    logged: mpsc::UnboundedReceiver<String>,
}

impl Process {
    /// Starts a service that finds the others where the registry says.
    pub(crate) async fn start(
        name: &str,
        address: &str,
        registry: &str,
        dsn: Option<&str>,
    ) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stack_server"));
        command
            .args([name, address])
            .env("EZRPC_REGISTRY", registry)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(dsn) = dsn {
            command.env("SENTRY_DSN", dsn);
        }
        let mut process = command.spawn().expect("it starts");
        let mut printed = lines(process.stdout.take().expect("a pipe"));
        let logged = lines(process.stderr.take().expect("a pipe"));
        let first = next(&mut printed).await;
        Self {
            addr: first.parse().unwrap_or_else(|_| panic!("{first}")),
            process,
            printed,
            logged,
        }
    }

    /// The next line it prints.
    pub(crate) async fn printed(&mut self) -> String {
        next(&mut self.printed).await
    }

    /// Waits for the end of a call that hangs, which another has followed since that does not: until its handler is gone
    /// and what it has spawned has heard of that. Returns whether the call had come to this process at all.
    pub(crate) async fn has_ended(&mut self) -> bool {
        let (mut hung, mut over, mut cancelled, mut answered) = (0, 0, 0, false);
        while !answered || over < hung || cancelled < hung {
            match self.printed().await.as_str() {
                "hangs" => hung += 1,
                "over" => over += 1,
                "cancelled" => cancelled += 1,
                "answers" => answered = true,
                other => panic!("{other}"),
            }
        }
        hung > 0
    }

    /// The next event it logs with this target.
    pub(crate) async fn logged(&mut self, target: &str) -> Value {
        loop {
            let line = next(&mut self.logged).await;
            let event: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
            if event["target"] == target {
                return event;
            }
        }
    }

    /// A client of service A in this process.
    pub(crate) fn client(&self) -> AClient {
        AClient::new(Channel::to(self.addr))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing can be done about one that is gone.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The four of them: A, B, C and D; A and those behind it find each other.
pub(crate) struct Four {
    pub(crate) a: Process,
    b: Process,
    pub(crate) d: Process,
    _c: Process,
}

impl Four {
    pub(crate) async fn start(dsn: Option<&str>) -> Self {
        let addresses: Vec<String> = free_addresses(4);
        let registry = ["A", "B", "C", "D"].iter().zip(&addresses);
        let registry = registry.map(|(name, address)| format!("stack.{name}={address}"));
        let registry = format!("fixed:{}", registry.collect::<Vec<_>>().join(","));
        let start = |name, at: usize| Process::start(name, &addresses[at], &registry, dsn);
        Self {
            a: start("A", 0).await,
            b: start("B", 1).await,
            _c: start("C", 2).await,
            d: start("D", 3).await,
        }
    }
}

impl Four {
    /// Those a call by B passes, the last one first.
    pub(crate) fn hops(&mut self) -> [&mut Process; 3] {
        [&mut self.d, &mut self.b, &mut self.a]
    }
}

/// A request that goes by these services.
pub(crate) fn step(via: &[&str], act: Act) -> Step {
    Step {
        via: via.iter().map(ToString::to_string).collect(),
        act: act.into(),
        round: false,
    }
}

/// A context with time enough for a busy machine.
pub(crate) fn patient() -> Context {
    Context::background().call().timeout(PATIENCE)
}

/// Addresses nobody has: held until all are known, so that they differ.
fn free_addresses(count: usize) -> Vec<String> {
    let bind = |_| TcpListener::bind("127.0.0.1:0").expect("a free port");
    let listeners: Vec<TcpListener> = (0..count).map(bind).collect();
    let address = |listener: &TcpListener| listener.local_addr().expect("an address").to_string();
    listeners.iter().map(address).collect()
}

fn lines(output: impl Read + Send + 'static) -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

async fn next(lines: &mut mpsc::UnboundedReceiver<String>) -> String {
    let line = tokio::time::timeout(PATIENCE, lines.recv()).await;
    line.expect("a line in time").expect("a line")
}
