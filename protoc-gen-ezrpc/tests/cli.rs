//! The plugin as a process: by hand, over pipes, and through real protoc.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use prost::Message as _;

const PLUGIN: &str = env!("CARGO_BIN_EXE_protoc-gen-ezrpc");

const SHOP: &str = r#"syntax = "proto3";
package shop.v1;
import "ezbuy/option.proto";
message GetItem { int64 id = 1; optional string locale = 2; }
message Item { int64 id = 1; }
service Product {
  rpc Get(GetItem) returns (Item) { option (ezbuy.webapi) = { enable: true }; }
}
"#;

#[derive(Clone, PartialEq, prost::Message)]
struct Request {
    #[prost(string, repeated, tag = "1")]
    file_to_generate: Vec<String>,
    #[prost(string, optional, tag = "2")]
    parameter: Option<String>,
    #[prost(bytes = "vec", repeated, tag = "15")]
    proto_file: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Response {
    #[prost(string, optional, tag = "1")]
    error: Option<String>,
    #[prost(uint64, optional, tag = "2")]
    supported_features: Option<u64>,
    #[prost(message, repeated, tag = "15")]
    file: Vec<ResponseFile>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ResponseFile {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "15")]
    content: String,
}

/// Runs the plugin with `input` on its standard input.
fn plugin(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(PLUGIN)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{PLUGIN}: {error}"));
    if let Some(mut stdin) = child.stdin.take() {
        // A process that only prints help does not read; the pipe may be closed by then.
        let _ = stdin.write_all(input);
    }
    child
        .wait_with_output()
        .unwrap_or_else(|error| panic!("{error}"))
}

fn respond(request: &Request) -> Response {
    let output = plugin(&[], &request.encode_to_vec());
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Response::decode(&*output.stdout).unwrap_or_else(|error| panic!("{error}"))
}

/// A folder with the shop and the bundled files.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let own = [("shop/v1/product.proto", SHOP)];
    for (name, source) in protoc_gen_ezrpc::bundled().iter().copied().chain(own) {
        let path = folder.path().join(name);
        let parent = path.parent().unwrap_or(Path::new(""));
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&path, source))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    folder
}

/// What protoc would send for the shop.
fn shop_request(parameter: &str) -> Request {
    let folder = folder();
    let mut compiler =
        protox::Compiler::new([folder.path()]).unwrap_or_else(|error| panic!("{error}"));
    compiler.include_imports(true).include_source_info(true);
    compiler
        .open_file("shop/v1/product.proto")
        .unwrap_or_else(|error| panic!("{error}"));
    let files = compiler.file_descriptor_set().file;
    // Custom options would be lost in `file_descriptor_set`; the bytes of each file keep them.
    let pool = compiler.descriptor_pool();
    let bytes = files
        .iter()
        .filter_map(|file| Some(pool.get_file_by_name(file.name())?.encode_to_vec()));
    Request {
        file_to_generate: vec!["shop/v1/product.proto".to_owned()],
        parameter: Some(parameter.to_owned()),
        proto_file: bytes.collect(),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn help_and_version_go_to_standard_output() {
    let help = plugin(&["--help"], b"");
    assert_eq!(help.status.code(), Some(0));
    assert!(
        text(&help.stdout)
            .contains("protoc --ezrpc_out=src/pb -I proto proto/shop/v1/product.proto")
    );
    assert!(
        text(&help.stdout).contains(&protoc_gen_ezrpc::params_help()),
        "{}",
        text(&help.stdout)
    );
    let version = plugin(&["--version"], b"");
    assert_eq!(version.status.code(), Some(0));
    assert_eq!(
        text(&version.stdout),
        format!("protoc-gen-ezrpc {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_wrong_command_line_is_exit_2() {
    for args in [&["--nonsense"][..], &["shop.proto"]] {
        let output = plugin(args, b"");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(
            text(&output.stderr).starts_with("error: unexpected argument"),
            "{}",
            text(&output.stderr)
        );
        assert_eq!(text(&output.stdout), "");
    }
}

#[test]
fn garbage_is_exit_1_on_standard_error() {
    let output = plugin(&[], b"hello, plugin");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "");
    let error = text(&output.stderr);
    assert!(
        error.starts_with("protoc-gen-ezrpc: the input is not a CodeGeneratorRequest: "),
        "{error}"
    );

    let output = plugin(&[], b"");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "protoc-gen-ezrpc: the input is not a CodeGeneratorRequest: it names no file to generate\n  help: see --help\n"
    );
}

#[test]
fn a_good_request_is_answered_with_files() {
    let response = respond(&shop_request(""));
    assert_eq!(response.error, None);
    assert_eq!(response.supported_features, Some(1));
    let names: Vec<&str> = response
        .file
        .iter()
        .map(|file| file.name.as_str())
        .collect();
    assert_eq!(names, ["mod.rs", "shop.v1.desc.rs", "shop.v1.rs"]);
}

#[test]
fn the_order_of_files_does_not_matter() {
    let request = shop_request("");
    let mut turned = request.clone();
    turned.proto_file.reverse();
    assert_eq!(respond(&request), respond(&turned));
}

#[test]
fn mistakes_of_the_user_are_in_the_response() {
    let response = respond(&shop_request("clients=true"));
    assert_eq!(
        response.error.as_deref(),
        Some("unknown parameter `clients`; did you mean `client`?")
    );
    assert_eq!(response.supported_features, Some(1));
    assert_eq!(response.file, []);

    let mut request = shop_request("");
    request.file_to_generate = vec!["other.proto".to_owned()];
    let expected = "\
no descriptor of the file to generate, `other.proto`
  help: name files as they are imported, relative to an include path, and build the set with all imports";
    assert_eq!(respond(&request).error.as_deref(), Some(expected));
}

/// Runs protoc over a file in `folder`; `None` if there is no protoc.
fn protoc(folder: &Path, out: &str, file: &str) -> Option<Output> {
    if Command::new("protoc").arg("--version").output().is_err() {
        let required = std::env::var("EZRPC_TEST_REQUIRE").unwrap_or_default();
        assert!(
            !required.split(',').any(|tool| tool == "protoc"),
            "protoc is required and not on PATH"
        );
        println!("skipped: no protoc on PATH");
        return None;
    }
    // protoc may have come without the well-known files.
    let mut compiler =
        protox::Compiler::new(Vec::<&Path>::new()).unwrap_or_else(|error| panic!("{error}"));
    compiler
        .open_file("google/protobuf/descriptor.proto")
        .unwrap_or_else(|error| panic!("{error}"));
    let known = folder.join("known.bin");
    std::fs::write(&known, compiler.encode_file_descriptor_set())
        .unwrap_or_else(|error| panic!("{error}"));
    let output = Command::new("protoc")
        .current_dir(folder)
        .arg(format!("--plugin=protoc-gen-ezrpc={PLUGIN}"))
        .args(["--descriptor_set_in=known.bin", "-I.", out, file])
        .output();
    Some(output.unwrap_or_else(|error| panic!("{error}")))
}

#[test]
fn protoc_writes_what_the_request_gives() {
    let folder = folder();
    let gen_dir = folder.path().join("gen");
    std::fs::create_dir(&gen_dir).unwrap_or_else(|error| panic!("{error}"));
    let Some(output) = protoc(folder.path(), "--ezrpc_out=gen", "shop/v1/product.proto") else {
        return;
    };
    assert!(output.status.success(), "{}", text(&output.stderr));
    for ResponseFile { name, content } in respond(&shop_request("")).file {
        let written = std::fs::read_to_string(gen_dir.join(&name))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(written, content, "{name}");
    }
}

#[test]
fn protoc_prints_the_mistakes() {
    let folder = folder();
    let bad = SHOP.replace("enable: true", "public: true");
    std::fs::write(folder.path().join("bad.proto"), bad).unwrap_or_else(|error| panic!("{error}"));
    let Some(output) = protoc(folder.path(), "--ezrpc_out=.", "bad.proto") else {
        return;
    };
    assert_eq!(output.status.code(), Some(1));
    let expected = "\
--ezrpc_out: bad.proto:7:37: `shop.v1.Product.Get` sets `public`, but is not reachable over HTTP
  help: add `enable: true` or a google.api.http rule, or remove `public`
";
    assert_eq!(text(&output.stderr), expected);
}
