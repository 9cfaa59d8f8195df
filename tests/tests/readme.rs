//! The README's code is the code of files that are compiled, its table is the generator's, its links lead somewhere.
//!
//! `UPDATE_GOLDEN=1 cargo test -p ezrpc-tests --test readme` copies both into the README.

use std::fs;
use std::path::{Path, PathBuf};

const CODE: &str = "<!-- file: ";
const PARAMS: &str = "<!-- params -->";
const PARAMS_END: &str = "<!-- /params -->";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    let file = root().join(path);
    let text =
        fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.replace("\r\n", "\n")
}

/// The README as it should be: every marked block filled from where it comes.
fn filled(readme: &str) -> String {
    let mut out = String::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        push(&mut out, line);
        if let Some(source) = line.strip_prefix(CODE) {
            let fence = lines.next().unwrap_or_default();
            assert!(fence.starts_with("```"), "a code block follows {line}");
            push(&mut out, fence);
            lines
                .by_ref()
                .take_while(|line| *line != "```")
                .for_each(drop);
            out.push_str(&excerpt(source.trim_end_matches(" -->")));
            push(&mut out, "```");
        }
        if line == PARAMS {
            lines
                .by_ref()
                .take_while(|line| *line != PARAMS_END)
                .for_each(drop);
            out.push_str(&protoc_gen_ezrpc::params_markdown());
            push(&mut out, PARAMS_END);
        }
    }
    out
}

fn push(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

/// `path` is a whole file; `path name` its lines from `// readme: name` to `// readme: end`, less their indent.
fn excerpt(source: &str) -> String {
    let Some((path, region)) = source.split_once(' ') else {
        return read(source);
    };
    let text = read(path);
    let start = format!("// readme: {region}");
    let lines = text.lines().skip_while(|line| line.trim() != start).skip(1);
    let lines: Vec<&str> = lines
        .take_while(|line| line.trim() != "// readme: end")
        .collect();
    assert!(!lines.is_empty(), "{path} has no region {region}");
    let indent = lines[0].len() - lines[0].trim_start().len();
    lines
        .iter()
        .map(|line| format!("{}\n", line.get(indent..).unwrap_or_default()))
        .collect()
}

#[test]
fn the_readme_shows_what_is_compiled() {
    let readme = read("README.md");
    let expected = filled(&readme);
    if std::env::var_os("UPDATE_GOLDEN").is_some() && readme != expected {
        fs::write(root().join("README.md"), &expected).expect("README.md can be written");
        return;
    }
    assert_eq!(
        readme, expected,
        "run UPDATE_GOLDEN=1 cargo test -p ezrpc-tests --test readme"
    );
}

/// What documents call by name must exist: links to files, and paths between backticks.
#[test]
fn the_files_named_in_documents_exist() {
    let mut missing = Vec::new();
    for document in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
    ] {
        let text = read(document);
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split_once(')'));
        let links = links.map(|(target, _)| target.split('#').next().unwrap_or_default());
        let spans = text
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|span| is_path(span));
        for name in links.chain(spans) {
            if !name.is_empty() && !name.starts_with("http") && !root().join(name).exists() {
                missing.push(format!("{document}: {name}"));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

/// Whether a code span is a path in this repository, written from its root.
fn is_path(span: &str) -> bool {
    let folders = [
        ".ci/",
        "benches/",
        "build-support/",
        "examples/",
        "fuzz/",
        "options/",
        "protoc-gen-ezrpc/",
        "runtime/",
        "scripts/",
        "tests/",
    ];
    folders.iter().any(|folder| span.starts_with(folder)) && !span.contains(['<', '*', '{', ' '])
}

/// A file nobody finds in the code map is a file nobody was told about.
#[test]
fn the_code_map_names_every_folder_of_the_sources() {
    let map = read("ARCHITECTURE.md");
    let mut unnamed = Vec::new();
    for crate_folder in ["protoc-gen-ezrpc", "build-support", "runtime"] {
        for entry in
            fs::read_dir(root().join(crate_folder).join("src")).expect("a crate has sources")
        {
            let name = entry
                .expect("a readable folder")
                .file_name()
                .to_string_lossy()
                .into_owned();
            let stem = name.trim_end_matches(".rs");
            let named = [
                format!("`{name}`"),
                format!("`{stem}/`"),
                format!("`{stem}.rs`"),
            ];
            if !named.iter().any(|name| map.contains(name)) {
                unnamed.push(format!("{crate_folder}/src/{name}"));
            }
        }
    }
    assert_eq!(unnamed, Vec::<String>::new());
}
