//! What uploads take in memory, seen from outside a server's process.

use std::net::SocketAddr;
use std::process::Stdio;

use ezrpc_tests::http::{Http1, Http2, Request};
use ezrpc_tests::proto::e2e::upload::Stored;
use ezrpc_tests::upload::{BOUNDARY, FormBody, form_post, patterned};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A server that ends with the test.
struct Server {
    addr: SocketAddr,
    process: Child,
}

impl Server {
    async fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_upload_server"))
            // glibc's default, fixed: it would raise it after the first large buffer, take the next one from a heap, and
            // copy it to grow, or not, by what else has happened there.
            .env("MALLOC_MMAP_THRESHOLD_", "131072")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut line).await.unwrap();
        let addr = line.trim().parse().unwrap();
        Self { addr, process }
    }

    /// The most memory it has taken so far, in bytes; `None` where the system does not say.
    fn peak(&self) -> Option<usize> {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id()?)).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kib: usize = line.trim().trim_end_matches(" kB").parse().ok()?;
        Some(kib << 10)
    }

    /// Checks how much more than at first it has taken, and prints it.
    fn check(&self, what: &str, before: Option<usize>, most: usize) {
        let (Some(before), Some(after)) = (before, self.peak()) else {
            println!("skipped: no VmHWM in /proc ({what})");
            return;
        };
        println!(
            "{what}: {} KiB, of them {} KiB at first",
            after >> 10,
            before >> 10
        );
        assert!(
            after <= before + most,
            "{what}: {} KiB more",
            (after - before) >> 10
        );
    }
}

const MIB: usize = 1 << 20;
const TOTAL: usize = 100 * MIB;
const IMPORT: &str = "/e2e.upload.Uploads/Import";
const PUT: &str = "/e2e.upload.Uploads/Put";

fn check_stored(body: &[u8]) {
    let stored: Stored = ezrpc::json::Options::new().from_slice(body).unwrap();
    assert_eq!(stored.size, [i64::try_from(TOTAL).unwrap()]);
    assert!(stored.pattern);
}

/// A form with one file, in pieces that are made as they are sent.
fn pieces() -> impl Iterator<Item = bytes::Bytes> {
    let head = "Content-Disposition: form-data; name=file; filename=x";
    let begun = FormBody::new().part(head, "").so_far();
    let begun = begun.slice(..begun.len() - 2);
    let end = bytes::Bytes::from([b"\r\n".as_slice(), &FormBody::new().build()].concat());
    let file = (0..TOTAL / MIB).map(|nth| patterned((nth * MIB) as u64, MIB));
    std::iter::once(begun).chain(file).chain([end])
}

#[tokio::test]
async fn u22_100_mib_in_a_form_take_less_than_32_mib() {
    let server = Server::start().await;
    let head = form_post(IMPORT).header("transfer-encoding", "chunked");
    let mut one = Http1::open(server.addr, &head).await;
    for piece in pieces() {
        one.send_chunk(&piece).await;
    }
    one.send_chunk(b"").await;
    check_stored(&one.answer().await.body);
    server.check("100 MiB in a form over HTTP/1.1", Some(0), 32 * MIB);

    let client = Http2::connect(server.addr).await;
    let mut two = client.open(&form_post(IMPORT), None).await;
    for piece in pieces() {
        two.send_as_taken(piece).await.unwrap();
    }
    two.end();
    check_stored(&two.answer().await.unwrap().body);
    server.check("and again over HTTP/2", Some(0), 32 * MIB);
}

#[tokio::test]
async fn u22_100_mib_raw_take_less_than_32_mib() {
    let server = Server::start().await;
    let head = Request::post(IMPORT).header("content-length", &TOTAL.to_string());
    let mut one = Http1::open(server.addr, &head).await;
    for nth in 0..TOTAL / MIB {
        one.send(&patterned((nth * MIB) as u64, MIB)).await;
    }
    check_stored(&one.answer().await.body);
    server.check("100 MiB raw over HTTP/1.1", Some(0), 32 * MIB);
}

/// The message holds the file once; nothing else does. The reply, which is as long in base64, is left out by being an error.
#[tokio::test]
async fn a_file_in_a_message_is_in_memory_once() {
    const FILE: usize = 31 * MIB;
    let server = Server::start().await;
    let warm = FormBody::new().field("title", "t").post(PUT);
    assert_eq!(warm.http1(server.addr).await.status, 200);
    let before = server.peak();
    // Refused after all of it was read: a second value for a field that takes one.
    let form = || {
        let data = patterned(0, FILE);
        FormBody::new()
            .file("blob", "x", "a/b", data)
            .field("title", "1")
            .field("title", "2")
    };
    let streamed = form().post(PUT).streamed();
    let answer = streamed.http1(server.addr).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    server.check(
        "31 MiB in a message, without a length",
        before,
        32 * MIB + 64 * 1024 + MIB,
    );
    assert_eq!(form().post(PUT).http2(server.addr).await.status, 400);
    server.check(
        "and again over HTTP/2",
        before,
        32 * MIB + 64 * 1024 + 3 * MIB,
    );
}

#[tokio::test]
async fn hostile_forms_take_little() {
    let server = Server::start().await;
    let warm = FormBody::new().field("title", "t").post(PUT);
    assert_eq!(warm.http1(server.addr).await.status, 200);
    let before = server.peak();
    let head = "Content-Disposition: form-data; name=tags";
    let endless = |what: &'static str, begun: bytes::Bytes, more: &'static [u8], most: usize| {
        let server = &server;
        async move {
            let chunked = form_post(PUT).header("transfer-encoding", "chunked");
            let mut one = Http1::open(server.addr, &chunked).await;
            one.send_chunk(&begun).await;
            let more = more.repeat(MIB / more.len());
            // More than any bound; what the server no longer wants is dropped.
            for _ in 0..80 {
                one.send_chunk(&more).await;
            }
            server.check(what, before, most);
        }
    };
    let begun = |head: &str| {
        let begun = FormBody::new().part(head, "").so_far();
        begun.slice(..begun.len() - 2)
    };
    endless("an endless text", begun(head), b"x", 4 * MIB).await;
    endless(
        "an endless header line",
        bytes::Bytes::from(format!("--{BOUNDARY}\r\nX: ")),
        b"y",
        4 * MIB,
    )
    .await;
    endless(
        "endless header lines",
        bytes::Bytes::from(format!("--{BOUNDARY}\r\n")),
        b"X: y\r\n",
        4 * MIB,
    )
    .await;
    endless(
        "an endless preamble",
        bytes::Bytes::from_static(b"x"),
        b"\r\n--",
        4 * MIB,
    )
    .await;
    let tiny: &'static [u8] = format!("\r\n--{BOUNDARY}\r\n{head}\r\n\r\nx")
        .leak()
        .as_bytes();
    endless("endless tiny parts", begun(head), tiny, 6 * MIB).await;
    let file = "Content-Disposition: form-data; name=nope; filename=x";
    endless("an endless file nobody wants", begun(file), b"z", 4 * MIB).await;
}
