//! `buf curl`, which knows of the shop what reflection tells.

use std::process::Command;

use ezrpc_tests::tools;

use crate::{Shop, text};

#[test]
fn buf_curl_lists_and_calls() {
    let Some(buf) = tools::require("buf") else {
        return;
    };
    let shop = Shop::start();
    let folder = tempfile::tempdir().expect("a folder");
    let run = |args: &[&str], path: &str| {
        let mut buf = Command::new(&buf);
        buf.args(["curl", "--http2-prior-knowledge", "--protocol", "grpc"])
            .args(args)
            .arg(format!("http://{}{path}", shop.product))
            // Neither a module nor a cache of somebody's.
            .current_dir(folder.path())
            .env("BUF_CACHE_DIR", folder.path());
        text(buf.output().expect("buf starts"))
    };
    let methods = run(&["--list-methods"], "");
    let own: Vec<&str> = methods
        .lines()
        .filter(|method| method.starts_with("common."))
        .collect();
    let expected = [
        "Get", "GetImage", "Import", "PutImage", "Search", "Update", "Watch",
    ];
    assert_eq!(own, expected.map(|name| format!("common.Product/{name}")));
    let call = ["--data", r#"{"text":"flute"}"#];
    let found = run(&call, "/common.Product/Search");
    assert!(found.contains("\"Bamboo flute\""), "{found}");
}
