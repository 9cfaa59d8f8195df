//! protobuf-parse as a second opinion on protox: both parse real protos, and must agree but for known faults.
//!
//! Known faults of protobuf-parse 3.7 (pure), taken out before the comparison:
//! - it drops comments and places (`source_code_info`);
//! - it orders synthetic oneofs (proto3 `optional`) before or among the real ones; protoc puts them last;
//! - it leaves out `json_name`, which protoc always fills in;
//! - it gives a field with a default an empty `options`, and a proto2 file a `syntax`, which protoc leaves out;
//! - it returns only files it was asked for or that it needed, each once; the order is its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use prost::Message;
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FieldOptions, FileDescriptorProto, FileDescriptorSet,
};
use protobuf::Message as _;

/// All protos below a folder, by import name.
fn protos(root: &Path, folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(protos(root, &path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            found.push(
                path.strip_prefix(root)
                    .expect("below the root")
                    .display()
                    .to_string(),
            );
        }
    }
    found.sort();
    found
}

/// The folder of the bundled files, written out.
fn bundled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, source) in protoc_gen_ezrpc::bundled() {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, source).expect("a file");
    }
    folder
}

type Files = BTreeMap<String, FileDescriptorProto>;

fn by_protox(names: &[String], includes: &[PathBuf]) -> Files {
    let mut compiler = protox::Compiler::new(includes).expect("folders");
    compiler.include_imports(true);
    for name in names {
        compiler
            .open_file(name)
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
    files(&compiler.encode_file_descriptor_set())
}

fn by_oracle(names: &[String], includes: &[PathBuf]) -> Files {
    let mut parser = protobuf_parse::Parser::new();
    parser.pure().includes(includes);
    for name in names {
        let root = includes
            .iter()
            .find(|include| include.join(name).is_file())
            .expect("some include has it");
        parser.input(root.join(name));
    }
    let set = parser
        .file_descriptor_set()
        .unwrap_or_else(|error| panic!("{error:?}"));
    files(&set.write_to_bytes().expect("it encodes"))
}

fn files(set: &[u8]) -> Files {
    let set = FileDescriptorSet::decode(set).expect("a set");
    set.file
        .into_iter()
        .map(|file| (file.name().to_owned(), normal(file)))
        .collect()
}

/// Takes the known faults out.
fn normal(mut file: FileDescriptorProto) -> FileDescriptorProto {
    file.source_code_info = None;
    file.syntax = file.syntax.filter(|syntax| syntax != "proto2");
    file.message_type.iter_mut().for_each(normal_message);
    file.extension.iter_mut().for_each(normal_field);
    file
}

fn normal_field(field: &mut FieldDescriptorProto) {
    field.json_name = None;
    field.options = field
        .options
        .take()
        .filter(|options| *options != FieldOptions::default());
}

fn normal_message(message: &mut DescriptorProto) {
    message.nested_type.iter_mut().for_each(normal_message);
    message.extension.iter_mut().for_each(normal_field);
    let synthetic = |index: i32, message: &DescriptorProto| {
        let mut members = message
            .field
            .iter()
            .filter(|field| field.oneof_index == Some(index));
        members.any(|field| field.proto3_optional())
    };
    let mut order: Vec<i32> = (0..).take(message.oneof_decl.len()).collect();
    order.sort_by_key(|&index| synthetic(index, message));
    let place = |old: i32| {
        order
            .iter()
            .position(|&index| index == old)
            .map(|new| new as i32)
    };
    let oneofs = order
        .iter()
        .map(|&index| message.oneof_decl[index as usize].clone())
        .collect();
    for field in &mut message.field {
        normal_field(field);
        field.oneof_index = field.oneof_index.and_then(place);
    }
    message.oneof_decl = oneofs;
}

/// Compares all files both know, and returns how many.
fn compare(root: &Path, names: &[String]) -> usize {
    let bundled = bundled();
    let includes = [root.to_owned(), bundled.path().to_owned()];
    let (ours, theirs) = (by_protox(names, &includes), by_oracle(names, &includes));
    for name in names {
        assert!(
            theirs.contains_key(name),
            "{name} is not in the oracle's answer"
        );
    }
    let common = theirs
        .iter()
        .filter_map(|(name, file)| Some((name, file, ours.get(name)?)));
    common
        .map(|(name, theirs, ours)| assert_eq!(ours, theirs, "{name}"))
        .count()
}

#[test]
fn the_bundled_files() {
    let folder = bundled();
    let names = protos(folder.path(), folder.path());
    assert!(compare(folder.path(), &names) >= names.len());
}

#[test]
fn the_protos_of_the_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("protos");
    for name in protos(&root, &root) {
        assert!(compare(&root, &[name]) >= 1);
    }
}

/// Every golden case that parses: proto2, groups, keywords, maps, comments.
#[test]
fn the_golden_cases() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    for case in fs::read_dir(golden).expect("a folder") {
        let case = case.expect("an entry").path();
        if case.is_dir() && !case.join("expected.stderr").exists() {
            assert!(
                compare(&case, &protos(&case, &case)) >= 1,
                "{}",
                case.display()
            );
        }
    }
}
