//! What a server makes of hostile input: peak memory and outcome of each attack, as a table.
//!
//! `scripts/hostile-input.sh` runs it. Each attack meets a server process of its own; after it the server must answer
//! an ordinary call.

#![allow(clippy::unwrap_used, reason = "what fails ends the run")]

mod attacks;

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use ezrpc::{Channel, Context, Server};
use ezrpc_tests::echo::Echo;
use ezrpc_tests::proto::e2e::{EchoClient, EchoRequest, EchoServer};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Time limits short enough to be waited for; all else is as by default.
const SHORT: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return serve().await;
    }
    println!("| attack | outcome | peak memory |\n|---|---|---|");
    row("none: one call", async |_| "answered".to_owned()).await;
    row(
        "1,000 heads of HTTP/1.1, a byte a second",
        attacks::head_drip,
    )
    .await;
    row(
        "1,000 prefaces of HTTP/2, a byte a second",
        attacks::preface_drip,
    )
    .await;
    row("1,000 bodies, a byte a second", attacks::body_drip).await;
    row(
        "1,000 heads of 15 KiB that do not end",
        attacks::large_heads,
    )
    .await;
    row("1,000 heads of 1 MiB", attacks::huge_heads).await;
    row(
        "a header block in CONTINUATION without end",
        attacks::continuation,
    )
    .await;
    row(
        "100,000 streams opened and reset at once",
        attacks::rapid_reset,
    )
    .await;
    row(
        "100 messages of 256 MiB in gzip, at once",
        attacks::gzip_bombs,
    )
    .await;
    row("a chunked body without end", attacks::endless_http1).await;
    row("a body of HTTP/2 without end", attacks::endless_http2).await;
    row("a message of 4 GiB by its prefix", attacks::long_prefix).await;
    row(
        "1,000 streams whose replies nobody reads",
        attacks::unread_replies,
    )
    .await;
    row("1,000,000 PINGs, answers not read", attacks::pings).await;
    row("1,000,000 SETTINGS, answers not read", attacks::settings).await;
    row("100,000 empty DATA frames", attacks::empty_data).await;
}

async fn serve() {
    let server = Server::new("hostile").add(EchoServer::new(Echo::default()));
    let bound = server
        .header_timeout(SHORT)
        .max_timeout(SHORT * 2)
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    println!("listening on {}", bound.local_addr());
    bound.serve().await.unwrap();
}

/// Runs one attack and prints its row.
async fn row(name: &str, attack: impl AsyncFnOnce(SocketAddr) -> String) {
    // One row, or those with a word in their names.
    let wanted = std::env::args().nth(1).unwrap_or_default();
    if !name.contains(&wanted) {
        return;
    }
    let (mut child, addr) = start().await;
    let outcome = tokio::time::timeout(SHORT * 20, attack(addr)).await;
    let outcome = outcome.unwrap_or_else(|_| "no end within a minute".to_owned());
    let client = EchoClient::new(Channel::to(addr).timeout(SHORT));
    let after = client
        .say(&Context::background(), EchoRequest::default())
        .await;
    let after = match after {
        Ok(_) => "",
        Err(_) => "; THE SERVER DOES NOT ANSWER",
    };
    let peak = peak(&child);
    println!("| {name} | {outcome}{after} | {peak} |");
    child.kill().await.unwrap();
}

async fn start() -> (Child, SocketAddr) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("serve")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    loop {
        let line = lines.next_line().await.unwrap().expect("it listens");
        if let Some(addr) = line.strip_prefix("listening on ") {
            return (child, addr.parse().unwrap());
        }
    }
}

/// The most memory the process has held.
fn peak(child: &Child) -> String {
    let path = format!("/proc/{}/status", child.id().expect("it runs"));
    let status = std::fs::read_to_string(path).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.map_or("unknown".to_owned(), |kb| format!("{:.1} MiB", kb / 1024.0))
}
