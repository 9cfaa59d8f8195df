//! Forms as others write them: curl, a browser, Python's requests.

use std::path::Path;
use std::process::Output;

use ezrpc::Server;
use ezrpc_tests::http::Request;
use ezrpc_tests::proto::e2e::upload::{Form, Stored, UploadsServer};
use ezrpc_tests::server::Running;
use ezrpc_tests::tools;
use ezrpc_tests::upload::{Uploads, patterned};
use tokio::process::Command;

/// How curl is always called.
const QUIET: [&str; 6] = [
    "--silent",
    "--show-error",
    "--max-time",
    "60",
    "--noproxy",
    "*",
];
const PUT: &str = "/e2e.upload.Uploads/Put";

async fn running() -> Running {
    Running::start(Server::new("uploads").add(UploadsServer::new(Uploads::default()))).await
}

fn form(json: &[u8]) -> Form {
    let form = ezrpc::json::Options::new().from_slice(json);
    form.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(json)))
}

async fn output(command: &mut Command) -> Vec<u8> {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().await.expect("it starts");
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    stdout
}

/// What all of them send.
fn check_fields(form: &Form, newline: &str) {
    assert_eq!(form.title, format!("Tee \u{2764} \u{8c37}{newline}zwei"));
    assert_eq!(form.tags, ["a", "b"]);
    assert_eq!(form.place.as_ref().unwrap().name, "Z\u{fc}rich");
    assert_eq!(form.count, 7);
    let png = &form.files[0];
    assert_eq!(
        (png.filename.as_str(), png.content_type.as_str()),
        ("\u{8c37} \"1\".png", "image/png")
    );
    assert_eq!(&png.data[..], b"\x89PNG\r\n\x1a\n\0\xff");
    // What stands before a backslash is taken for a folder.
    let text = &form.files[1];
    assert_eq!(
        (text.filename.as_str(), text.content_type.as_str()),
        ("b;c.txt", "text/plain")
    );
    assert_eq!(form.blob, "raw");
    let extra = ezrpc::json::Options::new().to_string(form.extra.as_ref().unwrap());
    assert_eq!(extra.unwrap(), r#"{"k":[1,null]}"#);
}

/// Sends a body as it was caught on the wire.
async fn replay(file: &str) -> Form {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data/upload")
        .join(file);
    let caught = std::fs::read(path).unwrap();
    let end = caught
        .windows(4)
        .position(|bytes| bytes == b"\r\n\r\n")
        .unwrap();
    let head = std::str::from_utf8(&caught[..end]).unwrap();
    let (_, media) = head.split_once(": ").unwrap();
    let request = Request::post(PUT)
        .header("content-type", media)
        .body(caught[end + 4..].to_vec());
    let running = running().await;
    let one = request.clone().http1(running.addr).await;
    let two = request.http2(running.addr).await;
    assert_eq!(one.text(), two.text());
    form(&one.body)
}

#[tokio::test]
async fn u29_a_browsers_form_data() {
    let form = replay("chromium-156.form").await;
    check_fields(&form, "\r\n");
    // The input nobody filled.
    assert_eq!(form.file, None);
    assert_eq!(form.files[1].data, "--\r\n------WebKitFormBoundary\r\n");
}

#[tokio::test]
async fn u29_pythons_requests_as_it_was_caught() {
    let form = replay("requests-2.34.form").await;
    check_fields(&form, "\n");
    assert_eq!(form.files[1].data, "--\r\nx");
}

#[tokio::test]
async fn u29_pythons_requests_live() {
    let Some(python) = tools::require_python("requests") else {
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/upload.py");
    let url = format!("http://{}{PUT}", running().await.addr);
    // `running` lives on: its task is the runtime's.
    let form = form(&output(Command::new(python).arg(script).arg(url)).await);
    check_fields(&form, "\n");
}

#[tokio::test]
async fn u29_curl_forms_over_both_versions() {
    let Some(curl) = tools::require("curl") else {
        return;
    };
    let running = running().await;
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large \"1\".bin");
    std::fs::write(&large, patterned(0, 3_000_000)).unwrap();
    let json = folder.path().join("request.json");
    std::fs::write(&json, r#"{"title":"json","count":3}"#).unwrap();
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let args = [
            "-F".to_owned(),
            format!("request=@{};type=application/json", json.display()),
            "--form-string".to_owned(),
            "title=Z\u{fc}rich; \"quoted\"".to_owned(),
            "-F".to_owned(),
            format!(
                "file=@\"{}\";type=image/png",
                large.display().to_string().replace('"', "\\\"")
            ),
            "-F".to_owned(),
            r#"place={"name":"x"};type=application/json"#.to_owned(),
            "-F".to_owned(),
            "tags=a".to_owned(),
            "-F".to_owned(),
            "tags=b".to_owned(),
        ];
        let mut command = Command::new(&curl);
        command
            .args(QUIET)
            .arg("--fail-with-body")
            .arg(version)
            .args(args)
            .arg(format!("http://{}{PUT}", running.addr));
        let form = form(&output(&mut command).await);
        assert_eq!(
            (form.title.as_str(), form.count),
            ("Z\u{fc}rich; \"quoted\"", 3)
        );
        assert_eq!(form.tags, ["a", "b"]);
        assert_eq!(form.place.unwrap().name, "x");
        let file = form.file.unwrap();
        assert_eq!(
            (
                file.filename.as_str(),
                file.content_type.as_str(),
                file.size
            ),
            ("large \"1\".bin", "image/png", 3_000_000)
        );
        assert!(file.data == patterned(0, 3_000_000));
    }
}

#[tokio::test]
async fn u29_curl_streams_files_of_any_type() {
    let Some(curl) = tools::require("curl") else {
        return;
    };
    let running = running().await;
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.bin");
    std::fs::write(&large, patterned(0, 5_000_000)).unwrap();
    let shown = large.display();
    let form = format!("file=@{shown}");
    let from = format!("@{shown}");
    let ways: [&[&str]; 3] = [
        &["-F", "title=t", "-F", &form],
        &["-T", &large.to_string_lossy(), "-X", "POST"],
        &[
            "--data-binary",
            &from,
            "-H",
            "content-type: application/x-any",
            "-H",
            "transfer-encoding: chunked",
        ],
    ];
    for args in ways {
        let mut command = Command::new(&curl);
        command
            .args(QUIET)
            .arg("--fail-with-body")
            .args(args)
            .arg(format!("http://{}/e2e.upload.Uploads/Import", running.addr));
        let json = output(&mut command).await;
        let stored: Stored = ezrpc::json::Options::new().from_slice(&json).unwrap();
        assert_eq!((stored.size, stored.pattern), (vec![5_000_000], true));
    }
}

/// Before it sends, and while it does. Over HTTP/2 curl 7.88 drops an answer that comes with a reset while it sends, so that
/// it is asked over HTTP/1.1 only.
#[tokio::test]
async fn u20_curl_hears_why_it_is_refused() {
    let Some(curl) = tools::require("curl") else {
        return;
    };
    let running = running().await;
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.bin");
    std::fs::write(&large, patterned(0, 40 << 20)).unwrap();
    let form = format!("file=@{}", large.display());
    let ways: [&[&str]; 3] = [
        &["--http1.1", "-H", "expect:"],
        &["--http1.1", "-H", "expect: 100-continue"],
        &["--http1.1", "-H", "transfer-encoding: chunked"],
    ];
    for args in ways {
        let mut command = Command::new(&curl);
        command
            .args(QUIET)
            .args([
                "--output",
                "/dev/null",
                "--write-out",
                "%{http_code}",
                "-F",
                &form,
            ])
            .args(args)
            .arg(format!("http://{}{PUT}", running.addr));
        let found = command.output().await.expect("curl starts");
        // It may complain that it could not send all of it.
        assert_eq!(String::from_utf8_lossy(&found.stdout), "413", "{args:?}");
    }
}
