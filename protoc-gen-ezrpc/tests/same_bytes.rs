//! One list of files gives the same bytes whoever parses: protoc old and new, buf, and ezrpc-build.

#[allow(unreachable_pub, reason = "it is public where it lives")]
#[path = "../../tests/src/tools.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod tools;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PLUGIN: &str = env!("CARGO_BIN_EXE_protoc-gen-ezrpc");

/// File name to content.
type Files = BTreeMap<String, String>;

/// A golden case with the bundled files it does not bring itself, in a folder of its own.
struct Case {
    name: String,
    folder: tempfile::TempDir,
    /// Import names, bundled ones left out.
    protos: Vec<String>,
}

impl Case {
    fn new(name: &str, sources: &[(String, String)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let bundled = protoc_gen_ezrpc::bundled().iter();
        for (file, source) in bundled.map(|&(file, source)| (file.to_owned(), source.to_owned())) {
            write(folder.path(), &file, &source);
        }
        for (file, source) in sources {
            write(folder.path(), file, source);
        }
        let is_bundled = |file: &str| {
            protoc_gen_ezrpc::bundled()
                .iter()
                .any(|(name, _)| *name == file)
        };
        Self {
            name: name.to_owned(),
            folder,
            protos: sources
                .iter()
                .map(|(file, _)| file.clone())
                .filter(|file| !is_bundled(file))
                .collect(),
        }
    }

    /// Every golden case that generates.
    fn all() -> Vec<Self> {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
        let mut cases: Vec<PathBuf> = fs::read_dir(golden)
            .expect("golden cases")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.is_dir() && !path.join("expected.stderr").exists())
            .collect();
        cases.sort();
        cases
            .iter()
            .map(|case| {
                Self::new(
                    &case.file_name().unwrap_or_default().to_string_lossy(),
                    &sources(case, case),
                )
            })
            .collect()
    }

    fn out(&self, name: &str) -> PathBuf {
        let out = self.folder.path().join(name);
        fs::create_dir_all(&out).expect("a folder");
        out
    }

    /// What ezrpc-build writes.
    fn built(&self, mod_file: bool) -> Files {
        let out = self.out("built");
        let build = ezrpc_build::Build::new()
            .include(self.folder.path())
            .out_dir(&out)
            .mod_file(mod_file);
        let build = self.protos.iter().fold(build, ezrpc_build::Build::proto);
        build
            .run()
            .unwrap_or_else(|error| panic!("{}: {error}", self.name));
        read(&out)
    }

    /// What a protoc writes: the one on PATH, or that of grpcio-tools.
    fn protoc(&self, mut protoc: Command, parameter: &str) -> Files {
        let out = self.out("protoc");
        // protoc may have come without the well-known files.
        fs::write(self.folder.path().join("known.bin"), well_known()).expect("a file");
        let output = protoc
            .current_dir(self.folder.path())
            .arg(format!("--plugin=protoc-gen-ezrpc={PLUGIN}"))
            .arg(format!("--ezrpc_out={parameter}:protoc"))
            .args(["--descriptor_set_in=known.bin", "-I."])
            .args(&self.protos)
            .output();
        succeeded(&self.name, output.expect("protoc starts"));
        read(&out)
    }

    fn buf(&self, buf: &Path) -> Files {
        let out = self.out("buf");
        write(self.folder.path(), "buf.yaml", "version: v2\n");
        write(
            self.folder.path(),
            "buf.gen.yaml",
            &buf_template("strategy: all"),
        );
        let mut command = Command::new(buf);
        command.current_dir(self.folder.path()).arg("generate");
        for proto in &self.protos {
            command.args(["--path", proto]);
        }
        succeeded(&self.name, command.output().expect("buf starts"));
        read(&out)
    }
}

/// The descriptors of all of google/protobuf.
fn well_known() -> Vec<u8> {
    let names = [
        "any",
        "api",
        "descriptor",
        "duration",
        "empty",
        "field_mask",
        "source_context",
        "struct",
        "timestamp",
    ];
    let mut compiler = protox::Compiler::new(Vec::<&Path>::new()).expect("no folder to look at");
    for name in names.iter().chain(&["type", "wrappers"]) {
        compiler
            .open_file(format!("google/protobuf/{name}.proto"))
            .expect("protox brings it");
    }
    compiler.encode_file_descriptor_set()
}

fn buf_template(more: &str) -> String {
    format!("version: v2\nplugins:\n  - local: {PLUGIN}\n    out: buf\n    {more}\n")
}

fn sources(root: &Path, folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(root, &path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            let name = path
                .strip_prefix(root)
                .expect("below the root")
                .to_string_lossy()
                .into_owned();
            found.push((name, fs::read_to_string(&path).expect("a proto")));
        }
    }
    found.sort();
    found
}

fn write(folder: &Path, name: &str, content: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    fs::write(path, content).expect("a file");
}

fn read(folder: &Path) -> Files {
    let entries = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read_to_string(entry.path()).expect("a file"))
        })
        .collect()
}

fn succeeded(case: &str, output: Output) {
    assert!(
        output.status.success(),
        "{case}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Says which file differs rather than printing all of both.
fn assert_same(case: &str, found: &Files, expected: &Files) {
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(found), names(expected), "{case}");
    for (name, content) in expected {
        let line = found[name]
            .lines()
            .zip(content.lines())
            .position(|(found, expected)| found != expected);
        assert!(
            found[name] == *content,
            "{case}: {name} differs at line {:?}",
            line.map(|line| line + 1)
        );
    }
}

fn current_protoc(python: &Path) -> Command {
    let mut protoc = Command::new(python);
    protoc.args(["-m", "grpc_tools.protoc"]);
    protoc
}

#[test]
fn protoc_on_path_gives_what_ezrpc_build_gives() {
    let Some(protoc) = tools::require("protoc") else {
        return;
    };
    for case in Case::all() {
        assert_same(
            &case.name,
            &case.protoc(Command::new(&protoc), ""),
            &case.built(true),
        );
    }
}

#[test]
fn current_protoc_gives_what_ezrpc_build_gives() {
    let Some(python) = tools::require_grpcio() else {
        return;
    };
    for case in Case::all() {
        assert_same(
            &case.name,
            &case.protoc(current_protoc(&python), ""),
            &case.built(true),
        );
    }
}

#[test]
fn buf_gives_what_ezrpc_build_gives() {
    let Some(buf) = tools::require("buf") else {
        return;
    };
    for case in Case::all() {
        assert_same(&case.name, &case.buf(&buf), &case.built(true));
    }
}

#[test]
fn without_mod_the_other_files_stay_the_same() {
    let Some(protoc) = tools::require("protoc") else {
        return;
    };
    let all = Case::all();
    let case = all
        .iter()
        .find(|case| case.name == "cross_package")
        .expect("the case");
    let mut expected = case.built(true);
    assert!(expected.remove("mod.rs").is_some());
    assert_same(
        "mod=false",
        &case.protoc(Command::new(&protoc), "mod=false"),
        &expected,
    );
}

/// One file a package and one mod.rs need one run: at a run per folder buf drops the second mod.rs, and says so.
#[test]
fn buf_by_folder_needs_mod_false() {
    let Some(buf) = tools::require("buf") else {
        return;
    };
    let message =
        |package: &str| format!("syntax = \"proto3\";\npackage {package};\nmessage M {{}}\n");
    let case = Case::new(
        "two_folders",
        &[
            ("a/a.proto".to_owned(), message("a")),
            ("b/b.proto".to_owned(), message("b")),
        ],
    );
    case.out("buf");
    write(case.folder.path(), "buf.yaml", "version: v2\n");
    write(
        case.folder.path(),
        "buf.gen.yaml",
        &buf_template("strategy: directory"),
    );
    let generate = || {
        let mut command = Command::new(&buf);
        command.current_dir(case.folder.path()).args([
            "generate",
            "--path",
            "a/a.proto",
            "--path",
            "b/b.proto",
        ]);
        command.output().expect("buf starts")
    };
    let output = generate();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        stderr.contains("duplicate generated file name \"mod.rs\""),
        "{stderr}"
    );
    fs::remove_dir_all(case.out("buf")).expect("the folder is ours");

    write(
        case.folder.path(),
        "buf.gen.yaml",
        &buf_template("strategy: directory\n    opt: mod=false"),
    );
    succeeded("mod=false", generate());
    let mut expected = case.built(true);
    expected.remove("mod.rs");
    assert_same(
        "mod=false",
        &read(&case.folder.path().join("buf")),
        &expected,
    );
}

#[test]
fn parameter_errors_as_protoc_and_buf_show_them() {
    let case = Case::new(
        "one",
        &[(
            "one.proto".to_owned(),
            "syntax = \"proto3\";\npackage one;\n".to_owned(),
        )],
    );
    case.out("protoc");
    let text = |output: Output| {
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let unknown = "unknown parameter `clients`; did you mean `client`?";
    let protocs = [
        tools::require("protoc").map(Command::new),
        tools::require_grpcio().map(|python| current_protoc(&python)),
    ];
    for mut protoc in protocs.into_iter().flatten() {
        protoc
            .current_dir(case.folder.path())
            .arg(format!("--plugin=protoc-gen-ezrpc={PLUGIN}"));
        let output = protoc
            .args(["--ezrpc_out=clients=true:protoc", "-I.", "one.proto"])
            .output();
        assert_eq!(
            text(output.expect("protoc starts")),
            format!("--ezrpc_out: {unknown}\n")
        );
    }
    if let Some(buf) = tools::require("buf") {
        write(case.folder.path(), "buf.yaml", "version: v2\n");
        write(
            case.folder.path(),
            "buf.gen.yaml",
            &buf_template("opt: clients=true"),
        );
        let output = Command::new(buf)
            .current_dir(case.folder.path())
            .args(["generate", "--path", "one.proto"])
            .output();
        let shown = text(output.expect("buf starts"));
        assert!(shown.contains(unknown), "{shown}");
    }
}
