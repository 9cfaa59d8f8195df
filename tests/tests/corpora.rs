//! The fuzz targets on their seeds: what fuzzing has found stays found, with any toolchain.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

// In `fuzz/` its functions are public.
#[allow(unreachable_pub)]
#[path = "../../fuzz/src/checks/mod.rs"]
mod checks;

// What the checks name as `crate::proto`.
use ezrpc_tests::proto;

fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds")
}

/// Runs a target on each of its seeds; the seed's name stands in the output of a failure.
fn run(target: &str, check: fn(&[u8])) {
    let folder = seeds().join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no seeds in {}", folder.display());
    for file in files {
        println!("{}", file.display());
        check(&fs::read(&file).unwrap());
    }
}

/// Makes a test of each target, and one that compares the names with the folders and with cargo-fuzz's targets.
macro_rules! targets {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                run(stringify!($name), checks::$name);
            }
        )*

        #[test]
        fn the_list_equals_folders_and_targets() {
            let mut expected = vec![$(stringify!($name).to_owned()),*];
            expected.sort();
            assert_eq!(stems(&seeds()), expected);
            assert_eq!(stems(&seeds().join("../targets")), expected);
        }
    };
}

fn stems(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = entries
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

targets! {
    plugin_request params path_template comments proto_source json_reader json_writer json_proto2 json_values grpc_frame headers trailers request multipart connect_envelope connect_get grpc_web_text binding field_names route certificate consul_instances
}

/// The golden cases are sources too.
#[test]
fn golden_cases() {
    for entry in fs::read_dir(seeds().join("../../tests/golden")).unwrap() {
        if let Ok(source) = fs::read(entry.unwrap().path().join("input.proto")) {
            checks::proto_source(&source);
        }
    }
}

/// Generator and runtime take every path template of a folder of protos, and a request for it is found.
/// scripts/real-input.sh has such a folder; by hand: `EZRPC_PROTOS=folder cargo test -p ezrpc-tests --test corpora`.
#[test]
fn templates_of_public_apis() {
    let Some(root) = std::env::var_os("EZRPC_PROTOS").map(PathBuf::from) else {
        println!("skipped: EZRPC_PROTOS names no folder of protos (templates_of_public_apis)");
        return;
    };
    let (mut folders, mut templates) = (vec![root], std::collections::BTreeSet::new());
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "proto")
            {
                collect(
                    &fs::read_to_string(path).unwrap_or_default(),
                    &mut templates,
                );
            }
        }
    }
    for (method, template) in &templates {
        let lines = format!("{method} {template}\n{method} {template}\n");
        checks::route(lines.as_bytes());
        let (_, left_out) = ezrpc::fuzzing::Routes::new(&[(method.as_str(), template.as_str())]);
        assert!(left_out.is_empty(), "{template}");
    }
    println!("{} templates", templates.len());
    assert!(templates.len() > 1000, "{} templates", templates.len());
}

/// Adds what stands in lines like `get: "/v1/{name=shelves/*}"`.
fn collect(source: &str, templates: &mut std::collections::BTreeSet<(String, String)>) {
    for method in ["get", "put", "post", "delete", "patch"] {
        for (at, _) in source.match_indices(&format!("{method}: \"/")) {
            let rest = &source[at + method.len() + 3..];
            let template = rest.split('"').next().unwrap_or_default();
            templates.insert((method.to_uppercase(), template.to_owned()));
        }
    }
}
