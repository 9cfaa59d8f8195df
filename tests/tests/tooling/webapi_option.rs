//! How `(ezbuy.webapi)` is found and judged: the part of list W that the generator answers.

use std::fs;
use std::path::Path;
use std::process::Command;

use ezrpc_build::Build;
use ezrpc_tests::tools;

use crate::build_errors::folder;

/// A service with one method of these options, importing `ezbuy/option.proto`.
fn service(options: &str) -> String {
    format!(
        "syntax = \"proto3\";\npackage shop;\nimport \"ezbuy/option.proto\";\n\
         service Product {{\n  rpc Get(Sent) returns (Sent) {{\n    {options}\n  }}\n}}\n\
         message Sent {{ string name = 1; }}\n"
    )
}

/// The facts of the method, as generated from the folder's `proto/shop.proto`.
fn facts(build: Build, folder: &Path) -> String {
    let out = folder.join("out");
    build.out_dir(&out).run().unwrap();
    facts_in(&out)
}

fn facts_in(out: &Path) -> String {
    let code = fs::read_to_string(out.join("shop.rs")).expect("generated");
    let (_, rest) = code.split_once("\"/shop.Product/Get\"").expect("facts");
    let (facts, _) = rest.split_once("],\n").expect("the end of the facts");
    facts.split_whitespace().collect()
}

const PUBLIC: &str = ",__rt::Shape::Unary).webapi(true,false,true),";

#[test]
fn w5_an_upload_without_a_file_is_refused() {
    let folder = folder(&[(
        "shop.proto",
        &service("option (ezbuy.webapi) = {enable: true, upload: true};"),
    )]);
    let build = Build::new()
        .include(folder.path().join("proto"))
        .proto("shop.proto")
        .out_dir(folder.path().join("out"));
    let error = build.run().expect_err("no file").to_string();
    assert!(error.contains("shop.proto:6:"), "{error}");
    assert!(error.contains("upload"), "{error}");
}

/// An option file of tomorrow: fields unknown here are not read.
#[test]
fn w7_unknown_fields_of_the_option_are_ignored() {
    let option = "syntax = \"proto3\";\npackage ezbuy;\nimport \"google/protobuf/descriptor.proto\";\n\
                  extend google.protobuf.MethodOptions { WebapiOption webapi = 711845; }\n\
                  message WebapiOption { optional bool enable = 1; optional bool upload = 2; optional bool public = 3;\n\
                  string audience = 9; repeated int64 ids = 10; }\n";
    let folder = folder(&[
        ("ezbuy/option.proto", option),
        (
            "shop.proto",
            &service(
                "option (ezbuy.webapi) = {enable: true, audience: \"staff\", ids: [1, 2], public: true};",
            ),
        ),
    ]);
    let build = Build::new()
        .include(folder.path().join("proto"))
        .proto("shop.proto");
    assert_eq!(facts(build, folder.path()), PUBLIC);
}

/// Compilers of other makers hand options on as bytes they need not know.
#[test]
fn w8_options_in_a_descriptor_set_of_another_protoc() {
    let option = include_str!("../../../options/ezbuy/option.proto");
    let text = service("option (ezbuy.webapi) = {enable: true, public: true};");
    let folder = folder(&[("shop.proto", &text), ("ezbuy/option.proto", option)]);
    let set = folder.path().join("set.binpb");
    let compile = |mut compiler: Command, output: &str| {
        let output = compiler
            .current_dir(folder.path().join("proto"))
            .arg(format!("{output}{}", set.display()))
            .output()
            .expect("it starts");
        assert!(output.status.success(), "{output:?}");
        let build = Build::new().descriptor_set(&set).proto("shop.proto");
        assert_eq!(facts(build, folder.path()), PUBLIC);
    };
    if let Some(buf) = tools::require("buf") {
        let mut buf = Command::new(buf);
        buf.arg("build");
        compile(buf, "--output=");
    }
    if let Some(python) = tools::require_grpcio() {
        let mut protoc = Command::new(python);
        protoc.args(["-m", "grpc_tools.protoc", "-I.", "--include_imports"]);
        protoc.args(["--include_source_info", "shop.proto"]);
        compile(protoc, "--descriptor_set_out=");
    }
}

/// The file of the system this one takes up: the number of google.api.http, plain bools, where false means unset.
#[test]
fn w9_the_original_option_file() {
    let option = "syntax = \"proto3\";\npackage ezbuy;\nimport \"google/protobuf/descriptor.proto\";\n\
                  extend google.protobuf.MethodOptions { WebapiOption webapi = 72295728; }\n\
                  message WebapiOption { bool enable = 1; bool upload = 2; bool public = 3; }\n";
    let folder = folder(&[
        ("ezbuy/option.proto", option),
        (
            "shop.proto",
            &service("option (ezbuy.webapi) = {enable: true, upload: false, public: true};"),
        ),
    ]);
    let build = Build::new()
        .include(folder.path().join("proto"))
        .proto("shop.proto");
    assert_eq!(facts(build, folder.path()), PUBLIC);
}
