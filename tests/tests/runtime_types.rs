//! The runtime's own types (google.rpc, google.api, ezbuy, parts of google.protobuf) are what the generator prints.

use std::fs;
use std::path::{Path, PathBuf};

use protoc_gen_ezrpc::{GeneratedFile, Input, Params, bundled, generate};
use protox::Compiler;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

/// The well-known types without a form of their own in JSON; the others are prost-types' with hand-written JSON.
const PLAIN_WELL_KNOWN: [&str; 4] = [
    "google/protobuf/api.proto",
    "google/protobuf/descriptor.proto",
    "google/protobuf/source_context.proto",
    "google/protobuf/type.proto",
];

const OTHER_WELL_KNOWN: [&str; 7] = [
    "google/protobuf/any.proto",
    "google/protobuf/duration.proto",
    "google/protobuf/empty.proto",
    "google/protobuf/field_mask.proto",
    "google/protobuf/struct.proto",
    "google/protobuf/timestamp.proto",
    "google/protobuf/wrappers.proto",
];

struct Bundled;

impl FileResolver for Bundled {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match bundled().iter().find(|(bundled, _)| *bundled == name) {
            Some((name, source)) => File::from_source(name, source),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

fn generate_runtime(targets: &[&str]) -> Vec<GeneratedFile> {
    let mut resolver = ChainFileResolver::new();
    resolver.add(Bundled);
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(targets).expect("bundled files parse");
    let prost_types = [
        "Any",
        "Duration",
        "FieldMask",
        "ListValue",
        "NullValue",
        "Struct",
        "Timestamp",
        "Value",
    ];
    let params = Params {
        runtime: true,
        extern_path: prost_types
            .iter()
            .map(|name| {
                let proto = format!(".google.protobuf.{name}");
                (proto, format!("::ezrpc::codegen::v1::wkt::{name}"))
            })
            .collect(),
        ..Params::default()
    };
    let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
    let set = compiler.encode_file_descriptor_set();
    let input =
        Input::from_descriptor_set(&set, &targets, params).expect("bundled files are right");
    generate(&input).expect("bundled files generate")
}

/// The types of the plain files, beside the descriptors of all of google.protobuf.
fn expected() -> Vec<GeneratedFile> {
    let own: Vec<&str> = bundled().iter().map(|(name, _)| *name).collect();
    let mut files = generate_runtime(&[&own[..], &PLAIN_WELL_KNOWN].concat());
    let all = generate_runtime(&[&PLAIN_WELL_KNOWN[..], &OTHER_WELL_KNOWN].concat());
    let descriptors = |file: &GeneratedFile| file.name == "google.protobuf.desc.rs";
    files.retain(|file| !descriptors(file));
    files.extend(all.into_iter().filter(descriptors));
    files
}

/// The interfaces a server has beside its services'.
const GRPC: [&str; 3] = [
    "grpc/health/v1/health.proto",
    "grpc/reflection/v1/reflection.proto",
    "grpc/reflection/v1alpha/reflection.proto",
];

/// What is read and written of Consul's JSON.
const CONSUL: [&str; 2] = ["consul/answers.proto", "consul/requests.proto"];

/// Messages of `runtime/protos/`.
fn messages_of(names: &[&str], params: Params) -> Vec<GeneratedFile> {
    let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/protos");
    let mut compiler = Compiler::new([protos]).expect("a folder");
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(names).expect("the files parse");
    let params = Params {
        client: false,
        server: false,
        mod_file: false,
        ..params
    };
    let targets: Vec<String> = names.iter().map(ToString::to_string).collect();
    let set = compiler.encode_file_descriptor_set();
    let input = Input::from_descriptor_set(&set, &targets, params).expect("the files are right");
    generate(&input).expect("the files generate")
}

/// Their messages, and descriptors for reflection.
fn expected_grpc() -> Vec<GeneratedFile> {
    let mut files = messages_of(&GRPC, Params::default());
    // The two reflections differ in nothing but the name.
    files.retain(|file| file.name != "grpc.reflection.v1alpha.rs");
    files
}

#[test]
fn the_runtime_carries_what_the_generator_prints() {
    compare("generated", &expected());
}

#[test]
fn the_interfaces_of_grpc_are_what_the_generator_prints() {
    compare("grpc_types", &expected_grpc());
}

#[test]
fn consuls_json_is_what_the_generator_prints() {
    let params = Params {
        descriptors: false,
        ..Params::default()
    };
    compare("discovery/consul/types", &messages_of(&CONSUL, params));
}

fn compare(folder: &str, files: &[GeneratedFile]) {
    let shown = format!("runtime/src/{folder}");
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(&shown);
    if std::env::var_os("UPDATE_GOLDEN").is_some() && std::env::var_os("CI").is_none() {
        fs::create_dir_all(&folder).expect("folder");
        for file in files {
            fs::write(folder.join(&file.name), &file.content).expect("write");
        }
    }
    for file in files {
        let found = fs::read_to_string(folder.join(&file.name)).unwrap_or_default();
        assert!(
            found == file.content,
            "{shown}/{} is not what the generator prints; bless with UPDATE_GOLDEN=1",
            file.name
        );
    }
    let there = fs::read_dir(&folder).expect("folder");
    let there = there.filter(|entry| entry.as_ref().is_ok_and(|e| e.file_name() != "mod.rs"));
    let count = files.iter().filter(|file| file.name != "mod.rs").count();
    assert_eq!(there.count(), count, "files nobody generates in {shown}");
}
