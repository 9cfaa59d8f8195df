//! What a person reads when a build script fails, whole, through `Display` and through `unwrap`.

use std::fs;
use std::path::Path;

use ezrpc_build::{Build, Error};
use tempfile::TempDir;

/// A folder `proto` with these files in a folder of its own.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        let path = folder.path().join("proto").join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
    folder
}

fn build(folder: &Path) -> Build {
    Build::new()
        .include(folder.join("proto"))
        .out_dir(folder.join("out"))
}

/// Fails with this text, in which `DIR` is the folder and `HERE` where the tests run.
fn fails(folder: &TempDir, build: Build, expected: &str) {
    let here = std::env::current_dir().expect("a folder");
    let expected = expected
        .replace("DIR", &folder.path().display().to_string())
        .replace("HERE", &here.display().to_string());
    let error: Error = build.run().expect_err("it cannot build");
    assert_eq!(error.to_string(), expected);
    // What `unwrap` prints after "called `Result::unwrap()` on an `Err` value:".
    assert_eq!(format!("{error:?}"), format!("\n{expected}\n"));
    assert!(!folder.path().join("out").exists(), "nothing is written");
}

const GOOD: &str = "syntax = \"proto3\";\npackage good;\nmessage M {}\n";

#[test]
fn a_wrong_path() {
    let folder = folder(&[("good.proto", GOOD)]);
    fails(
        &folder,
        build(folder.path()).proto("goood.proto"),
        "\
goood.proto: file not found
  help: looked in `DIR/proto` (from HERE) and the bundled files",
    );
}

#[test]
fn a_wrong_include() {
    let folder = folder(&[("good.proto", GOOD)]);
    let build = Build::new()
        .include(folder.path().join("protos"))
        .proto("good.proto");
    fails(
        &folder,
        build.out_dir(folder.path().join("out")),
        "include folder `DIR/protos` does not exist (looked up from HERE)",
    );
}

#[test]
fn a_file_outside_the_includes() {
    let folder = folder(&[("good.proto", GOOD)]);
    let elsewhere = folder.path().join("elsewhere.proto");
    fs::write(&elsewhere, GOOD).expect("a file");
    fails(
        &folder,
        build(folder.path()).proto(elsewhere),
        "\
DIR/elsewhere.proto: the file is in none of the include folders
  help: looked in `DIR/proto` (from HERE) and the bundled files",
    );
}

#[test]
fn nothing_to_compile() {
    let folder = folder(&[]);
    fails(
        &folder,
        build(folder.path()),
        r#"no file to compile: add one with `.proto("shop/v1/product.proto")`"#,
    );
}

#[test]
fn a_syntax_error() {
    let folder = folder(&[(
        "bad.proto",
        "syntax = \"proto3\";\nmessage M {\n  int32 x 1;\n}\n",
    )]);
    fails(
        &folder,
        build(folder.path()).proto("bad.proto"),
        "bad.proto:3:11: expected '=', but found '1'",
    );
}

#[test]
fn an_unknown_type() {
    let folder = folder(&[(
        "bad.proto",
        "syntax = \"proto3\";\nmessage M {\n  Nope x = 1;\n}\n",
    )]);
    fails(
        &folder,
        build(folder.path()).proto("bad.proto"),
        "bad.proto:3:3: name 'Nope' is not defined",
    );
}

#[test]
fn a_missing_import() {
    let folder = folder(&[(
        "bad.proto",
        "syntax = \"proto3\";\nimport \"no/such.proto\";\n",
    )]);
    fails(
        &folder,
        build(folder.path()).proto("bad.proto"),
        "\
bad.proto:2:1: import 'no/such.proto' not found
  help: looked in `DIR/proto` (from HERE) and the bundled files",
    );
}

#[test]
fn an_edition() {
    let folder = folder(&[("new.proto", "\nedition = \"2023\";\nmessage M {}\n")]);
    fails(
        &folder,
        build(folder.path()).proto("new.proto"),
        "\
new.proto:2:1: protobuf editions are not supported
  help: write `syntax = \"proto3\";`",
    );
}

/// All mistakes at once, of two files.
#[test]
fn mistakes_of_the_schema() {
    let service = |rpc: &str| {
        format!(
            "syntax = \"proto3\";\npackage {rpc};\nimport \"ezbuy/option.proto\";\nmessage M {{}}\n\
             service S {{\n  rpc {rpc}(M) returns (M) {{ option (ezbuy.webapi) = {{public: true}}; }}\n}}\n"
        )
    };
    let folder = folder(&[("a.proto", &service("A")), ("b.proto", &service("B"))]);
    fails(
        &folder,
        build(folder.path()).proto("a.proto").proto("b.proto"),
        "\
a.proto:6:26: `A.S.A` sets `public`, but is not reachable over HTTP
  help: add `enable: true` or a google.api.http rule, or remove `public`
b.proto:6:26: `B.S.B` sets `public`, but is not reachable over HTTP
  help: add `enable: true` or a google.api.http rule, or remove `public`",
    );
}

#[test]
fn a_parameter_that_cannot_be_used() {
    let folder = folder(&[("good.proto", GOOD)]);
    fails(
        &folder,
        build(folder.path())
            .proto("good.proto")
            .extern_path("good", "::good"),
        "parameter `extern_path` for `good`: a proto path starts with a dot; write `.good`",
    );
}

#[test]
fn a_descriptor_set_that_is_none() {
    let folder = folder(&[("good.proto", GOOD)]);
    let set = folder.path().join("proto/good.proto");
    fails(
        &folder,
        build(folder.path()).descriptor_set(set),
        "DIR/proto/good.proto is not a FileDescriptorSet: failed to decode Protobuf message: invalid wire type value: 7",
    );
}

#[test]
fn a_descriptor_set_that_is_not_there() {
    let folder = folder(&[]);
    fails(
        &folder,
        build(folder.path()).descriptor_set(folder.path().join("no.bin")),
        "DIR/no.bin: No such file or directory (os error 2)",
    );
}
