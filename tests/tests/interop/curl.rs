//! curl, as in the lines that `shop serve` prints.

use std::process::Output;

use ezrpc::Server;
use ezrpc_tests::echo::Echo;
use ezrpc_tests::proto::e2e::EchoServer;
use ezrpc_tests::server::Running;
use ezrpc_tests::tools;
use tokio::process::Command;

/// Runs curl with these arguments and prints `status body`.
async fn curl(running: &Running, args: &[&str], path: &str) -> Option<String> {
    let curl = tools::require("curl")?;
    let output: Output = Command::new(curl)
        .args([
            "--silent",
            "--show-error",
            "--max-time",
            "60",
            "--noproxy",
            "*",
        ])
        .args([
            "--write-out",
            "\n%{http_version} %{http_code} %{content_type}",
        ])
        .args(args)
        .arg(format!("http://{}{path}", running.addr))
        .output()
        .await
        .expect("curl starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).expect("text"))
}

#[tokio::test]
async fn json_over_both_versions() {
    let server = Server::new("echo").add(EchoServer::new(Echo::default()));
    let running = Running::start(server).await;
    let json = ["--json", r#"{"text":"hi","number":"7"}"#];
    for (version, flag) in [("1.1", "--http1.1"), ("2", "--http2-prior-knowledge")] {
        let Some(found) = curl(&running, &[&json[..], &[flag]].concat(), "/e2e.Echo/Say").await
        else {
            return;
        };
        assert_eq!(
            found,
            format!("{{\"text\":\"hi\",\"number\":\"7\"}}\n{version} 200 application/json")
        );
        let found = curl(&running, &[flag], "/e2e.Echo/Say")
            .await
            .expect("curl is there");
        let body = r#"{"code":"unimplemented","message":"/e2e.Echo/Say takes POST"}"#;
        assert_eq!(found, format!("{body}\n{version} 405 application/json"));
        // A HEAD request ends.
        let found = curl(
            &running,
            &[flag, "--head", "--output", "/dev/null"],
            "/nothing",
        )
        .await;
        assert_eq!(
            found.expect("curl is there"),
            format!("\n{version} 404 application/json")
        );
    }
}

/// curl asks for HTTP/2 by Upgrade here; what answers is HTTP/1.1, which is allowed.
#[tokio::test]
async fn an_upgrade_is_not_needed() {
    let running = Running::echo().await;
    let args = ["--http2", "--json", r#"{"text":"hi"}"#];
    let Some(found) = curl(&running, &args, "/e2e.Echo/Say").await else {
        return;
    };
    assert_eq!(found, "{\"text\":\"hi\"}\n1.1 200 application/json");
}

/// A body above curl's threshold is announced with `Expect: 100-continue`.
#[tokio::test]
async fn a_large_body_is_asked_for() {
    let running = Running::echo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("body.json");
    let text = "x".repeat(2 << 20);
    std::fs::write(&file, format!(r#"{{"text":"{text}"}}"#)).expect("a file");
    let body = format!("@{}", file.display());
    let args = [
        "--http1.1",
        "--header",
        "expect: 100-continue",
        "--json",
        &body,
    ];
    let Some(found) = curl(&running, &args, "/e2e.Echo/Say").await else {
        return;
    };
    assert_eq!(
        found,
        format!("{{\"text\":\"{text}\"}}\n1.1 200 application/json")
    );
}
