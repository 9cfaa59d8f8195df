//! What a build script writes and tells Cargo.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use ezrpc_build::Build;

use crate::build_errors::folder;

const COMMON: &str = "syntax = \"proto3\";\npackage common;\nmessage Money { int64 units = 1; }\n";
const SHOP: &str = "syntax = \"proto3\";\npackage shop;\nimport \"common.proto\";\nimport \"ezbuy/option.proto\";\n\
                    import \"google/protobuf/any.proto\";\nmessage Item { common.Money price = 1; }\n";

/// When each file was written last.
fn written(folder: &Path) -> BTreeMap<String, SystemTime> {
    let entries = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| {
            let time = entry
                .metadata()
                .and_then(|data| data.modified())
                .expect("a time");
            (entry.file_name().to_string_lossy().into_owned(), time)
        })
        .collect()
}

/// Sets all files back, so that a file written anew shows, however coarse the clock.
fn set_back(folder: &Path) -> SystemTime {
    let past = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for name in written(folder).keys() {
        let file = fs::File::options()
            .write(true)
            .open(folder.join(name))
            .expect("a file");
        file.set_modified(past).expect("our file");
    }
    past
}

#[test]
fn only_what_changed_is_written() {
    let folder = folder(&[("common.proto", COMMON), ("shop.proto", SHOP)]);
    let out = folder.path().join("out");
    let run = || {
        let build = Build::new()
            .include(folder.path().join("proto"))
            .proto("shop.proto")
            .out_dir(&out);
        build.run().unwrap();
    };
    run();
    let names = [
        "common.desc.rs",
        "common.rs",
        "mod.rs",
        "shop.desc.rs",
        "shop.rs",
    ];
    assert_eq!(written(&out).into_keys().collect::<Vec<_>>(), names);
    let past = set_back(&out);
    run();
    assert!(written(&out).into_values().all(|time| time == past));

    let changed = COMMON.replace("units = 1;", "units = 1; int32 nanos = 2;");
    fs::write(folder.path().join("proto/common.proto"), changed).expect("a file");
    run();
    let anew: Vec<String> = written(&out)
        .into_iter()
        .filter(|(_, time)| *time != past)
        .map(|(name, _)| name)
        .collect();
    assert_eq!(anew, ["common.desc.rs", "common.rs"]);
}

/// Not a test by itself: the process that `cargo_is_told_of_each_file_read_and_no_other` looks at.
#[test]
fn prints_for_another_test() {
    let Some(folder) = std::env::var_os("EZRPC_TEST_BUILD") else {
        return;
    };
    let folder = Path::new(&folder);
    let build = Build::new()
        .include(folder.join("proto"))
        .proto("shop.proto");
    build.out_dir(folder.join("out")).run().unwrap();
}

#[test]
fn cargo_is_told_of_each_file_read_and_no_other() {
    let folder = folder(&[
        ("common.proto", COMMON),
        ("shop.proto", SHOP),
        ("unused.proto", COMMON),
    ]);
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args([
            "--exact",
            "build_files::prints_for_another_test",
            "--nocapture",
        ])
        .env("EZRPC_TEST_BUILD", folder.path())
        .output()
        .expect("this test starts");
    let stdout = String::from_utf8(output.stdout).expect("text");
    let mut lines: Vec<&str> = stdout
        .lines()
        .filter_map(|line| line.split_once("cargo:").map(|(_, told)| told))
        .collect();
    lines.sort_unstable();
    let file = |name: &str| format!("rerun-if-changed={}/proto/{name}", folder.path().display());
    assert_eq!(lines, [file("common.proto"), file("shop.proto")]);
}

/// A descriptor set of the same files gives the same bytes as parsing them.
#[test]
fn a_descriptor_set_gives_the_same() {
    let folder = folder(&[("common.proto", COMMON), ("shop.proto", SHOP)]);
    fs::create_dir_all(folder.path().join("proto/ezbuy")).expect("a folder");
    for (name, source) in protoc_gen_ezrpc::bundled()
        .iter()
        .filter(|(name, _)| name.starts_with("ezbuy/"))
    {
        fs::write(folder.path().join("proto").join(name), source).expect("a file");
    }
    let mut compiler = protox::Compiler::new([folder.path().join("proto")]).expect("a folder");
    compiler.include_imports(true).include_source_info(true);
    compiler.open_file("shop.proto").expect("it parses");
    let set = folder.path().join("set.bin");
    fs::write(&set, compiler.encode_file_descriptor_set()).expect("a file");
    let (parsed, given) = (folder.path().join("parsed"), folder.path().join("given"));
    let build = Build::new()
        .include(folder.path().join("proto"))
        .proto("shop.proto");
    build.out_dir(&parsed).run().unwrap();
    Build::new()
        .descriptor_set(set)
        .proto("shop.proto")
        .out_dir(&given)
        .run()
        .unwrap();
    for name in written(&parsed).keys() {
        let read = |folder: &Path| fs::read_to_string(folder.join(name)).expect("a file");
        assert!(read(&parsed) == read(&given), "{name}");
    }
}
