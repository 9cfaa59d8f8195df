use std::path::Path;
use std::process::Command;

use prost::Message as _;
use prost_types::field_descriptor_proto::Type;
use prost_types::{FileDescriptorProto, MethodOptions};

use crate::test_support::descriptor_set;
use crate::{Input, Params, bundled};

const OPTIONS: &str = r#"
    syntax = "proto2";
    package t;
    import "google/protobuf/descriptor.proto";
    message Deep {
      optional Deep deep = 1;
      repeated int32 packed = 2 [packed = true];
      repeated int32 loose = 3;
      map<string, int32> map = 4;
      optional group Grp = 5 { optional string s = 1; }
      repeated fixed32 fixed = 6 [packed = true];
      extensions 100 to 199;
    }
    extend Deep { optional string more = 100; }
    extend google.protobuf.FileOptions { optional Deep f = 50001; }
    extend google.protobuf.MessageOptions { repeated Deep m = 50001; repeated sint32 n = 50002; }
    extend google.protobuf.FieldOptions { optional Plain p = 50001; optional double d = 50002; }
    extend google.protobuf.OneofOptions { optional bytes o = 50001; }
    extend google.protobuf.EnumOptions { optional Color e = 50001; }
    extend google.protobuf.EnumValueOptions { optional string v = 50001; }
    extend google.protobuf.ServiceOptions { optional bool s = 50001; }
    extend google.protobuf.MethodOptions { optional uint64 r = 50001; }
    message Plain { optional bool b = 1; }
    enum Color { RED = 0; BLUE = -1; }
"#;

const USER: &str = r#"
    syntax = "proto3";
    package t.user;
    import "options.proto";
    import public "google/api/annotations.proto";
    import "google/api/field_behavior.proto";
    import "ezbuy/option.proto";
    option java_package = "x";
    option (t.f).deep.packed = 3;
    option (t.f).deep.packed = 4;
    option (t.f).loose = 1;
    option (t.f).deep.deep = { map { key: "b" value: 2 } map { key: "a" value: 1 } loose: [7, 8] };
    option (t.f).(t.more) = "ext";
    message M {
      option (t.m) = { packed: [1, 2] Grp { s: "x" } fixed: 9 };
      option (t.m) = { [t.more]: "y" };
      option (t.n) = -1;
      option (t.n) = 2;
      int32 under_score_2 = 3 [(t.p) = { b: false }, deprecated = true, (t.d) = -0.5];
      repeated int32 nums = 2 [packed = false];
      optional string opt = 1 [json_name = "OPT"];
      string name = 9 [(google.api.field_behavior) = REQUIRED, (google.api.field_behavior) = IMMUTABLE];
      oneof choice { option (t.o) = "\001\xff"; bytes b = 4; M m = 5; }
      map<int64, M> by_id = 6;
      reserved 100 to 110, 7;
      reserved "old";
      enum Inner { option allow_alias = true; option (t.e) = BLUE; A = 0; B = 0 [(t.v) = "\303\244", deprecated = false]; reserved 5 to max; }
    }
    service S {
      option (t.s) = false;
      option (ezbuy.service) = { desc: "d" webapi { enable: false } };
      rpc Get(M) returns (stream M) {
        option (google.api.http) = { get: "/v1/{name=a/*}" additional_bindings { post: "/v1/x" body: "*" } };
        option idempotency_level = NO_SIDE_EFFECTS;
        option (ezbuy.webapi).upload = false;
        option (ezbuy.webapi).enable = true;
        option (t.r) = 18446744073709551615;
      }
      rpc Braces(M) returns (M) {}
    }
"#;

const PROTO2: &str = r#"
    import weak "google/protobuf/any.proto";
    message P {
      required string r = 1 [default = "a\"\n\001"];
      optional group G = 2 { optional bytes b = 1 [default = "\377"]; }
      optional double d = 3 [default = inf];
      optional float f = 6 [default = 1e-7];
      optional float f2 = 7 [default = 0.1];
      optional double f3 = 8 [default = -1234567.125];
      optional double f4 = 9 [default = 12345678901234567890];
      optional float f5 = 21 [default = 3];
      extensions 10 to 20, 30 to max;
      extend P { optional int32 ext_in = 10 [deprecated = true]; }
      message message_set { option message_set_wire_format = true; extensions 4 to max; }
    }
    extend P { repeated int32 ext_out = 11 [packed = true]; }
"#;

const KNOWN: &str = r#"
    syntax = "proto3";
    import "google/protobuf/any.proto";
    import "google/protobuf/descriptor.proto";
"#;

fn files() -> Vec<(&'static str, &'static str)> {
    vec![
        ("options.proto", OPTIONS),
        ("user.proto", USER),
        ("proto2.proto", PROTO2),
    ]
}

fn canonical(set: &[u8]) -> Vec<(String, Vec<u8>)> {
    let input = match Input::from_descriptor_set(set, &[], Params::default()) {
        Ok(input) => input,
        Err(error) => panic!("{error}"),
    };
    let files = input
        .files
        .iter()
        .filter(|(name, _)| !name.starts_with("google/protobuf/"));
    files
        .map(|(name, file)| (name.clone(), super::file(&input.pool, &file.bytes)))
        .collect()
}

/// Runs protoc over the test files, if it is there.
fn protoc() -> Option<Vec<u8>> {
    if Command::new("protoc").arg("--version").output().is_err() {
        let required = std::env::var("EZRPC_TEST_REQUIRE").unwrap_or_default();
        assert!(
            !required.split(',').any(|tool| tool == "protoc"),
            "protoc is required and not on PATH"
        );
        println!("skipped: no protoc on PATH");
        return None;
    }
    let folder = tempfile::tempdir().ok()?;
    for (name, source) in bundled().iter().copied().chain(files()) {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).ok()?;
        std::fs::write(path, source).ok()?;
    }
    // protoc may have come without the well-known files; those are not compared.
    let known = folder.path().join("known.bin");
    std::fs::write(&known, descriptor_set(&[("known.proto", KNOWN)], false)).ok()?;
    let out = folder.path().join("set.bin");
    let status = Command::new("protoc")
        .args(["--include_imports", "--include_source_info"])
        .arg(format!("--descriptor_set_in={}", known.display()))
        .arg(format!("-I{}", folder.path().display()))
        .arg(format!("--descriptor_set_out={}", out.display()))
        .args(files().iter().map(|(name, _)| name))
        .status();
    assert!(status.is_ok_and(|status| status.success()));
    std::fs::read(out).ok()
}

#[test]
fn protoc_and_protox_give_the_same_bytes() {
    let Some(set) = protoc() else { return };
    let (ours, theirs) = (canonical(&descriptor_set(&files(), true)), canonical(&set));
    for ((name, ours), (other, theirs)) in ours.iter().zip(&theirs) {
        assert_eq!(name, other);
        assert_eq!(
            String::from_utf8_lossy(ours),
            String::from_utf8_lossy(theirs),
            "{name}"
        );
        assert_eq!(ours, theirs, "{name}");
    }
    assert_eq!(ours.len(), theirs.len());
}

#[test]
fn canonical_bytes_are_a_fixed_point_and_still_the_file() {
    for source_info in [true, false] {
        let set = descriptor_set(&files(), source_info);
        let input = Input::from_descriptor_set(&set, &[], Params::default())
            .unwrap_or_else(|error| panic!("{error}"));
        let files = input.files.values();
        for file in files.filter(|file| file.proto.package() != "google.protobuf") {
            let once = super::file(&input.pool, &file.bytes);
            assert_eq!(super::file(&input.pool, &once), once);
            let decoded = FileDescriptorProto::decode(&*once).unwrap_or_default();
            assert_eq!(plain(decoded), plain(file.proto.clone()));
        }
    }
}

/// A file without what the canonical encoding leaves out or spells in its own way.
fn plain(mut file: FileDescriptorProto) -> FileDescriptorProto {
    file.source_code_info = None;
    file.syntax.take_if(|syntax| syntax == "proto2");
    for method in file
        .service
        .iter_mut()
        .flat_map(|service| &mut service.method)
    {
        method
            .options
            .take_if(|options| *options == MethodOptions::default());
    }
    let messages = file.message_type.iter_mut();
    for field in messages.flat_map(|message| &mut message.field) {
        let number = matches!(field.r#type(), Type::Float | Type::Double);
        let default = field.default_value.as_ref().filter(|_| number);
        let number: Option<f64> = default.and_then(|text| text.parse().ok());
        field.default_value = number
            .map(|number| number.to_string())
            .or(field.default_value.take());
    }
    file
}

#[test]
fn a_missing_json_name_is_made_as_protoc_does() {
    let name = |name: &str| {
        let record = crate::wire::Record {
            number: 1,
            value: crate::wire::Value::Bytes(name.as_bytes()),
        };
        super::missing_json_name(&[record]).unwrap_or_default()
    };
    assert_eq!(name("under_score_2"), "underScore2");
    assert_eq!(name("__field_name13"), "FieldName13");
    assert_eq!(name("FooBar"), "FooBar");
}
