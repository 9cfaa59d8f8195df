//! One golden case: generate, compare, or bless.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What a case expects beside its `input.proto`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `expected.rs`: the file of its one package, without descriptors.
    File,
    /// The same without the server.
    ClientOnly,
    /// The same without the client.
    ServerOnly,
    /// `expected/`: everything that is written, `mod.rs` and descriptors too.
    Tree,
    /// `expected.stderr`: what a person is told.
    Mistake,
}

/// Generates the case and compares, or blesses with `UPDATE_GOLDEN=1` outside CI.
pub(crate) fn check(name: &str, kind: Kind) {
    let folder = folder().join(name);
    let found = generate(&folder, kind);
    if std::env::var_os("UPDATE_GOLDEN").is_some() && std::env::var_os("CI").is_none() {
        bless(&folder, &found);
    }
    for (file, found) in &found {
        let expected = fs::read_to_string(folder.join(file)).unwrap_or_default();
        if let Some(difference) = difference(&expected, found) {
            panic!("golden/{name}/{file} {difference}\nbless with UPDATE_GOLDEN=1 cargo test");
        }
    }
    assert_eq!(
        on_disk(&folder),
        found.into_keys().collect::<Vec<_>>(),
        "files in golden/{name}"
    );
}

/// Compares the names of the cases with the folders there are.
pub(crate) fn check_list(mut names: Vec<&str>) {
    let folders = fs::read_dir(folder()).expect("tests/golden exists");
    let mut folders: Vec<String> = folders
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    folders.sort();
    names.sort_unstable();
    assert_eq!(
        names, folders,
        "the list of cases and the folders in tests/golden"
    );
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

/// What the case comes to: name under its folder, content.
fn generate(folder: &Path, kind: Kind) -> BTreeMap<String, String> {
    let out = tempfile::tempdir().expect("temporary folder");
    let build = ezrpc_build::Build::new()
        .include(folder)
        .proto("input.proto")
        .out_dir(out.path());
    let build = match kind {
        Kind::File => build.descriptors(false).mod_file(false),
        Kind::ClientOnly => build.descriptors(false).mod_file(false).server(false),
        Kind::ServerOnly => build.descriptors(false).mod_file(false).client(false),
        Kind::Tree | Kind::Mistake => build,
    };
    let result = build.run();
    match (kind, result) {
        (Kind::Mistake, Err(error)) => {
            BTreeMap::from([("expected.stderr".to_owned(), told(&error, folder))])
        }
        (Kind::Mistake, Ok(())) => panic!("a mistake was not found"),
        (_, Err(error)) => panic!("{error}"),
        (Kind::Tree, Ok(())) => {
            let files = read(out.path()).into_iter();
            let files = files.map(|(name, content)| (format!("expected/{name}"), content));
            files.collect()
        }
        (Kind::File | Kind::ClientOnly | Kind::ServerOnly, Ok(())) => {
            let mut files: Vec<String> = read(out.path()).into_values().collect();
            assert_eq!(files.len(), 1, "one expected.rs is one package");
            BTreeMap::from([("expected.rs".to_owned(), files.remove(0))])
        }
    }
}

/// The text of an error, less the paths of this machine.
fn told(error: &ezrpc_build::Error, folder: &Path) -> String {
    let here = std::env::current_dir().expect("current folder");
    let text = error
        .to_string()
        .replace(&*folder.to_string_lossy(), "$CASE");
    format!("{}\n", text.replace(&*here.to_string_lossy(), "$HERE"))
}

fn read(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).expect("readable folder");
    let paths = entries.map(|entry| entry.expect("readable entry").path());
    paths
        .map(|path| {
            (
                name(&path),
                fs::read_to_string(&path).expect("readable file"),
            )
        })
        .collect()
}

/// The expected files a case has, sorted.
fn on_disk(folder: &Path) -> Vec<String> {
    let files = ["expected.rs", "expected.stderr"]
        .into_iter()
        .filter(|file| folder.join(file).exists());
    let mut files: Vec<String> = files.map(str::to_owned).collect();
    if folder.join("expected").exists() {
        files.extend(
            read(&folder.join("expected"))
                .into_keys()
                .map(|file| format!("expected/{file}")),
        );
    }
    files
}

fn bless(folder: &Path, found: &BTreeMap<String, String>) {
    for stale in on_disk(folder)
        .iter()
        .filter(|file| !found.contains_key(*file))
    {
        fs::remove_file(folder.join(stale)).expect("stale file removed");
    }
    for (file, content) in found {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("folder made");
        fs::write(path, content).expect("file written");
    }
}

/// The first line that differs.
fn difference(expected: &str, found: &str) -> Option<String> {
    if expected == found {
        return None;
    }
    let (mut expected, mut found) = (expected.lines(), found.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (expected.next(), found.next()) {
            (None, None) => return Some("differs at its end".to_owned()),
            (expected, found) if expected != found => {
                let show = |line: Option<&str>| line.unwrap_or("(end of file)").to_owned();
                return Some(format!(
                    "differs at line {number}\n  expected: {}\n     found: {}",
                    show(expected),
                    show(found)
                ));
            }
            _ => {}
        }
    }
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
