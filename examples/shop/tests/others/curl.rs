//! curl, as the README shows it.

use std::path::{Path, PathBuf};
use std::process::Command;

use ezrpc_tests::tools;

use crate::{Shop, text};

/// curl against one server of the shop.
struct Curl<'a> {
    curl: &'a Path,
    address: &'a str,
}

impl Curl<'_> {
    /// What it prints, and the status.
    fn run(&self, path: &str, more: &[&str]) -> String {
        let mut curl = Command::new(self.curl);
        curl.args(["-s", "--noproxy", "*", "-w", " %{http_code}"])
            .args(more)
            .arg(format!("http://{}{path}", self.address));
        // Times of day differ from run to run.
        let shown = text(curl.output().expect("curl starts"));
        match shown.split_once(",\"updatedAt\":\"") {
            Some((before, rest)) => {
                let (_, after) = rest.split_once('"').expect("the end of the time");
                format!("{before}{after}")
            }
            None => shown,
        }
    }

    fn json(&self, path: &str, body: &str, more: &[&str]) -> String {
        let json = ["-H", "content-type: application/json", "-d", body];
        self.run(path, &[&json[..], more].concat())
    }
}

const STAFF: [&str; 2] = ["-H", "authorization: Bearer staff-me"];
const NO_CREDENTIALS: &str = "this method needs credentials";

#[test]
fn curl_on_rpc_paths() {
    let Some(curl) = tools::require("curl") else {
        return;
    };
    let shop = Shop::start();
    let product = Curl {
        curl: &curl,
        address: &shop.product,
    };
    let order = Curl {
        curl: &curl,
        address: &shop.order,
    };
    assert_eq!(
        product.json("/common.Product/Get", r#"{"id": "2"}"#, &[]),
        r#"{"info":{"id":"2","name":"Yixing teapot","tags":["tea","pottery"],"price":399}} 200"#
    );
    assert_eq!(
        product.json("/common.Product/Search", r#"{"text": "flute"}"#, &[]),
        r#"{"items":[{"id":"3","name":"Bamboo flute","tags":["music","bamboo"],"price":88}]} 200"#
    );
    let update = r#"{"info": {"id": "1", "price": 99}, "mask": "price"}"#;
    assert_eq!(
        product.json("/common.Product/Update", update, &[]),
        format!(r#"{{"code":"unauthenticated","message":"{NO_CREDENTIALS}"}} 401"#)
    );
    assert_eq!(
        product.json("/common.Product/Update", update, &STAFF),
        r#"{"id":"1","name":"谷雨龙井 Longjing tea","tags":["tea","green"],"price":99} 200"#
    );
    let place = r#"{"items": [{"productId": "1", "count": 2}]}"#;
    assert_eq!(
        order.json("/trade.Order/Place", place, &[]),
        r#"{"orderId":"1","total":198,"products":[{"id":"1","name":"谷雨龙井 Longjing tea","tags":["tea","green"],"price":99}]} 200"#
    );
}

#[test]
fn curl_on_routes() {
    let Some(curl) = tools::require("curl") else {
        return;
    };
    let shop = Shop::start();
    let product = Curl {
        curl: &curl,
        address: &shop.product,
    };
    assert_eq!(
        product.run("/v1/products/2", &[]),
        r#"{"id":"2","name":"Yixing teapot","tags":["tea","pottery"],"price":399} 200"#
    );
    assert_eq!(
        product.run("/v1/products:search?text=tea&limit=1", &[]),
        r#"{"items":[{"id":"1","name":"谷雨龙井 Longjing tea","tags":["tea","green"],"price":128.5}]} 200"#
    );
    let patch = ["-X", "PATCH"];
    assert_eq!(
        product.json("/v1/products/1", r#"{"price": 77}"#, &patch),
        format!(r#"{{"code":16,"message":"{NO_CREDENTIALS}"}} 401"#)
    );
    assert_eq!(
        product.json(
            "/v1/products/1",
            r#"{"price": 77}"#,
            &[patch, STAFF].concat()
        ),
        r#"{"id":"1","name":"谷雨龙井 Longjing tea","tags":["tea","green"],"price":77} 200"#
    );
    assert_eq!(
        product.run("/v1/products/1", &["-X", "DELETE"]),
        r#"{"code":12,"message":"/v1/products/1 does not take DELETE, but GET, HEAD, OPTIONS, PATCH"} 405"#
    );
}

#[test]
fn curl_uploads_a_form_and_gets_the_file() {
    let Some(curl) = tools::require("curl") else {
        return;
    };
    let shop = Shop::start();
    let product = Curl {
        curl: &curl,
        address: &shop.product,
    };
    let readme = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let content = std::fs::read_to_string(&readme).expect("a file");
    let file = format!("image=@{};type=text/markdown", readme.display());
    let form = ["-F", &file, "-F", "caption=front", STAFF[0], STAFF[1]];
    assert_eq!(
        product.run("/v1/products/1/image", &form),
        format!(
            r#"{{"filename":"README.md","contentType":"text/markdown","size":"{}","caption":"front"}} 200"#,
            content.len()
        )
    );
    let get = ["-w", " %{http_code} %{content_type}"];
    assert_eq!(
        product.run("/v1/products/1/image", &get),
        format!("{content} 200 text/markdown")
    );
}

/// Reads events while the product changes, and stops curl after the first.
#[test]
fn curl_follows_events() {
    use std::io::{BufRead, BufReader};

    let Some(curl) = tools::require("curl") else {
        return;
    };
    let shop = Shop::start();
    let mut watching = Command::new(&curl)
        .args([
            "-sN",
            "-i",
            "--noproxy",
            "*",
            "-H",
            "accept: text/event-stream",
        ])
        .arg(format!("http://{}/v1/products:watch", shop.product))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("curl starts");
    let output = watching.stdout.take().expect("a pipe");
    let mut lines = BufReader::new(output)
        .lines()
        .map(|line| line.expect("text"));
    // The watch is on once its head is here.
    let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    assert!(
        head.contains(&"content-type: text/event-stream".to_owned()),
        "{head:?}"
    );
    let product = Curl {
        curl: &curl,
        address: &shop.product,
    };
    let patch = ["-X", "PATCH", STAFF[0], STAFF[1]];
    product.json("/v1/products/3", r#"{"price": 77}"#, &patch);
    let event = lines.find(|line| line.starts_with("data"));
    let event = event.expect("an event");
    assert!(
        event.starts_with(r#"data: {"kind":"KIND_CHANGED","info":{"id":"3","name":"Bamboo flute""#),
        "{event}"
    );
    // Nothing can be done about a process that is gone already.
    let _ = watching.kill();
    let _ = watching.wait();
}
