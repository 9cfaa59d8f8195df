use prost_types::{FileDescriptorProto, FileDescriptorSet};

use super::*;
use crate::test_support::{descriptor_set, input};
use crate::{bundled, lower};

const SHOP: &str = r#"
    syntax = "proto3";
    package shop.v1;
    import "ezbuy/option.proto";
    import "google/api/annotations.proto";
    import "google/protobuf/timestamp.proto";
    // A product.
    message Item {
      int64 id = 1;
      optional string name = 2;
      oneof pay { string card = 3; Item cash = 4; }
      map<string, Kind> kinds = 5;
      google.protobuf.Timestamp at = 6;
      enum Kind { KIND_UNSPECIFIED = 0; KIND_A = 1; }
    }
    enum ShopError {
      option (ezbuy.errors) = { domain: "shop" };
      NONE = 0;
      GONE = 1 [(ezbuy.error) = { code: 4100001, message: "gone" }];
    }
    // Products.
    service Product {
      option (ezbuy.service) = { desc: "d" webapi { enable: true } };
      rpc Get(Item) returns (stream Item) {
        option (google.api.http) = { get: "/v1/{name}/{at}" additional_bindings { post: "/v1/x:y" body: "*" } };
        option (ezbuy.timeout) = "3s";
      }
    }
"#;

fn set(files: Vec<FileDescriptorProto>) -> Vec<u8> {
    FileDescriptorSet { file: files }.encode_to_vec()
}

fn file(name: &str) -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some(name.to_owned()),
        ..FileDescriptorProto::default()
    }
}

fn mistakes(set: &[u8], targets: &[&str]) -> String {
    let targets: Vec<String> = targets.iter().map(|target| (*target).to_owned()).collect();
    match Input::from_descriptor_set(set, &targets, Params::default()) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

/// As protoc 27 and later describe `edition = "2023";`.
#[test]
fn editions_are_refused_before_anything_trips_over_them() {
    let mut bytes = FileDescriptorProto {
        syntax: Some("editions".to_owned()),
        ..file("e.proto")
    }
    .encode_to_vec();
    bytes.extend(b"\x70\xe8\x07");
    let set = RawSet { file: vec![bytes] }.encode_to_vec();
    let expected = "\
e.proto: `e.proto` is written in edition 2023, which ezrpc does not read
  help: write `syntax = \"proto3\";` in place of `edition`, and `optional` on fields that need presence;
        the wire format stays the same";
    assert_eq!(mistakes(&set, &["e.proto"]), expected);
}

#[test]
fn what_is_wrong_between_files_is_told_all_at_once() {
    let files = vec![
        FileDescriptorProto {
            syntax: Some("proto4".to_owned()),
            ..file("a.proto")
        },
        FileDescriptorProto {
            dependency: vec!["none.proto".to_owned()],
            ..file("b.proto")
        },
        FileDescriptorProto {
            package: Some("x".to_owned()),
            ..file("a.proto")
        },
        file(""),
    ];
    let expected = "\
a file of the request has no name
no descriptor of the file to generate, `d.proto`
  help: name files as they are imported, relative to an include path, and build the set with all imports
a.proto: two different files are called `a.proto`
  help: give each file a name of its own under the include paths
a.proto: unknown syntax \"proto4\"
  help: write `syntax = \"proto3\";` or `syntax = \"proto2\";`
b.proto: unknown import \"none.proto\"
  help: check the include paths; a descriptor set needs all imports (`--include_imports`)";
    assert_eq!(mistakes(&set(files), &["a.proto", "d.proto"]), expected);
}

#[test]
fn a_circle_of_imports_is_told() {
    let files = vec![
        FileDescriptorProto {
            dependency: vec!["b.proto".to_owned()],
            ..file("a.proto")
        },
        FileDescriptorProto {
            dependency: vec!["a.proto".to_owned()],
            ..file("b.proto")
        },
        file("c.proto"),
    ];
    assert_eq!(
        mistakes(&set(files), &[]),
        "files import each other in a circle, among `a.proto`, `b.proto`"
    );
}

/// The `ezbuy/option.proto` of old beside google.api.http: protoc refuses it as well, without saying what to do.
#[test]
fn one_number_for_two_extensions_is_explained() {
    let option = r#"
        syntax = "proto3";
        package ezbuy;
        import "google/protobuf/descriptor.proto";
        message Webapi { bool enable = 1; }
        extend google.protobuf.MethodOptions { Webapi webapi = 72295729; }
    "#;
    let sources = [
        ("ezbuy/option.proto", option),
        ("google/api/annotations.proto", bundled()[2].1),
    ];
    let set = FileDescriptorSet::decode(&*descriptor_set(&sources, true));
    let mut set = set.unwrap_or_else(|error| panic!("{error}"));
    for extension in set.file.iter_mut().flat_map(|file| &mut file.extension) {
        extension.number = Some(72_295_728);
    }
    let expected = "\
ezbuy/option.proto:6:48: extensions `ezbuy.webapi` and `google.api.http` (google/api/annotations.proto) both use number 72295728 of google.protobuf.MethodOptions
  help: 72295728 is registered for google.api.http; take the ezbuy/option.proto that ezrpc ships in place of yours:
        it uses 711845, options are found by name, and nothing else in your files changes";
    assert_eq!(mistakes(&set.encode_to_vec(), &[]), expected);
}

#[test]
fn a_type_that_is_missing_is_told_with_its_place() {
    let mut set = FileDescriptorSet::decode(&*descriptor_set(&[("shop.proto", SHOP)], true))
        .unwrap_or_default();
    for file in &mut set.file {
        file.dependency
            .retain(|import| !import.ends_with("timestamp.proto"));
    }
    let expected = "shop.proto:13:7: name 'google.protobuf.Timestamp' is not defined";
    assert_eq!(mistakes(&set.encode_to_vec(), &[]), expected);
}

#[test]
fn the_order_of_files_does_not_matter() {
    let bytes = descriptor_set(&[("shop.proto", SHOP)], true);
    let mut turned = RawSet::decode(&*bytes).unwrap_or_default();
    turned.file.reverse();
    let targets = ["shop.proto".to_owned()];
    let lowered = |set: &[u8]| {
        let input = Input::from_descriptor_set(set, &targets, Params::default());
        input
            .map(|input| format!("{:?}", lower::lower(&input)))
            .unwrap_or_else(|error| panic!("{error}"))
    };
    assert_eq!(lowered(&bytes), lowered(&turned.encode_to_vec()));
}

#[test]
fn a_request_is_read_like_a_set() {
    let set = RawSet::decode(&*descriptor_set(&[("shop.proto", SHOP)], true)).unwrap_or_default();
    let request = RawRequest {
        file_to_generate: vec!["shop.proto".to_owned()],
        parameter: Some("client=false".to_owned()),
        proto_file: set.file,
    };
    let from_request =
        Input::from_request(&request.encode_to_vec()).unwrap_or_else(|error| panic!("{error}"));
    let from_set = input(&[("shop.proto", SHOP)], "client=false");
    assert_eq!(from_request.params, from_set.params);
    assert_eq!(
        format!("{:?}", lower::lower(&from_request)),
        format!("{:?}", lower::lower(&from_set))
    );
}

/// A generator of numbers that is the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % end.max(1)
    }
}

/// Reads and lowers whatever it is given; it may refuse, and must not panic.
fn survive(set: &[u8]) {
    let names = RawSet::decode(set).map(|set| set.file).unwrap_or_default();
    let names = names
        .iter()
        .filter_map(|file| FileDescriptorProto::decode(&**file).ok());
    let targets: Vec<String> = names.map(|file| file.name().to_owned()).collect();
    if let Ok(input) = Input::from_descriptor_set(set, &targets, Params::default()) {
        let _ = lower::lower(&input);
    }
    let _ = Input::from_request(set);
}

#[test]
fn no_bytes_make_it_panic() {
    let good = descriptor_set(&[("shop.proto", SHOP)], false);
    let mut random = Random(7);
    let rounds = std::env::var("EZRPC_FUZZ_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(400);
    for _ in 0..rounds {
        let mut bytes = good.clone();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            match random.below(4) {
                0 => bytes.truncate(at),
                1 => bytes[at..]
                    .iter_mut()
                    .take(1)
                    .for_each(|byte| *byte ^= 1 << random.below(8)),
                2 => bytes[at..]
                    .iter_mut()
                    .take(1)
                    .for_each(|byte| *byte = random.below(256) as u8),
                _ => drop(bytes.splice(at..at, [random.below(256) as u8])),
            }
            if bytes.is_empty() {
                break;
            }
        }
        survive(&bytes);
    }
    for length in 0..200 {
        let noise: Vec<u8> = (0..length).map(|_| random.below(256) as u8).collect();
        survive(&noise);
    }
}

/// Breaks one thing at a time in a file that is otherwise sound: names, types, numbers, references.
#[test]
fn no_odd_descriptor_makes_it_panic() {
    let set = FileDescriptorSet::decode(&*descriptor_set(&[("shop.proto", SHOP)], true))
        .unwrap_or_default();
    let shop = set.file.len() - 1;
    let breaks: [fn(&mut FileDescriptorProto); 24] = [
        |file| file.name = None,
        |file| file.package = Some("a..b".to_owned()),
        |file| file.package = Some("_".to_owned()),
        |file| file.package = None,
        |file| file.syntax = None,
        |file| file.syntax = Some(String::new()),
        |file| file.public_dependency = vec![-1, 99],
        |file| file.message_type[0].name = None,
        |file| file.message_type[0].name = Some("not a name".to_owned()),
        |file| file.message_type[0].field[0].name = Some("_".to_owned()),
        |file| file.message_type[0].field[0].number = Some(-1),
        |file| file.message_type[0].field[0].r#type = Some(99),
        |file| file.message_type[0].field[0].r#type = Some(11),
        |file| file.message_type[0].field[0].label = None,
        |file| file.message_type[0].field[0].default_value = Some("x".to_owned()),
        |file| file.message_type[0].field[2].oneof_index = Some(99),
        |file| file.message_type[0].field[3].type_name = None,
        |file| file.message_type[0].field[4].type_name = Some(".shop.v1.Product".to_owned()),
        |file| file.message_type[0].nested_type[0].field.clear(),
        |file| file.message_type[0].oneof_decl[0].name = Some("__".to_owned()),
        |file| file.enum_type[0].value.clear(),
        |file| file.service[0].name = Some("1".to_owned()),
        |file| file.service[0].method[0].input_type = Some("nowhere".to_owned()),
        |file| file.service[0].method[0].name = Some("_".to_owned()),
    ];
    for odd in breaks {
        let mut set = set.clone();
        odd(&mut set.file[shop]);
        survive(&set.encode_to_vec());
    }
}
