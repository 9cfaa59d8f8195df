//! What a person reads who got a build script or a proto wrong.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::{Path, PathBuf};

use ezrpc_build::{Build, Error};

/// A folder of its own for each test.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    fs::create_dir_all(folder.join("proto")).unwrap();
    folder
}

fn build(include: &Path, proto: &Path, out: &Path) -> Result<(), Error> {
    let build = Build::new().include(include).proto(proto);
    build.out_dir(out.join("out")).run()
}

fn mistake(test: &str, line: &str) -> String {
    let folder = folder(test);
    let proto = format!("syntax = \"proto3\";\npackage t;\n{line}\nmessage A {{}}\n");
    let include = folder.join("proto");
    fs::write(include.join("a.proto"), proto).unwrap();
    let error = build(&include, Path::new("a.proto"), &folder).unwrap_err();
    format!("{error}")
}

#[test]
fn an_option_without_its_import() {
    let option = "service S { rpc X(A) returns (A) { option (ezbuy.webapi).enable = true; } }";
    assert_eq!(
        mistake("no_import", option),
        "a.proto:3:36: name 'ezbuy.webapi' is not defined\n  help: add `import \"ezbuy/option.proto\";`"
    );
}

#[test]
fn a_file_is_found_by_any_spelling_of_its_path() {
    // Tests run in the folder of their package.
    let relative = Path::new("../options");
    let absolute = fs::canonicalize(relative).unwrap();
    let out = folder("spelling");
    for (include, proto) in [
        (relative, absolute.join("ezbuy/file.proto")),
        (&absolute, relative.join("ezbuy/file.proto")),
        (&absolute, absolute.join("ezbuy/file.proto")),
        (relative, "ezbuy/file.proto".into()),
    ] {
        let built = build(include, &proto, &out);
        assert!(built.is_ok(), "{}: {built:?}", proto.display());
    }
}
