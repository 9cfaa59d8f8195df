//! Tools of other makers: used where they are, left out by name where they are not.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The variable that names the tools whose absence is a failure: `EZRPC_TEST_REQUIRE=protoc,buf`.
const REQUIRE: &str = "EZRPC_TEST_REQUIRE";

/// Finds a program on PATH; without it says that the running test is skipped.
///
/// # Panics
/// If the program is required and not there.
pub fn require(tool: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(tool))
        .find(|file| is_program(file));
    if found.is_none() {
        absent(tool, tool);
    }
    found
}

/// Finds a Python with grpcio, grpcio-reflection and grpcio-tools (together called `grpcio`).
///
/// # Panics
/// If `grpcio` is required and not there.
pub fn require_grpcio() -> Option<PathBuf> {
    let python = Command::new("python3")
        .args(["-c", "import grpc, grpc_reflection, grpc_tools.protoc"])
        .output();
    if python.is_ok_and(|output| output.status.success()) {
        return Some(PathBuf::from("python3"));
    }
    absent(
        "grpcio",
        "Python with grpcio, grpcio-reflection and grpcio-tools",
    );
    None
}

/// Finds a Python that has a module.
///
/// # Panics
/// If the module is required and not there.
pub fn require_python(module: &str) -> Option<PathBuf> {
    let python = Command::new("python3")
        .args(["-c", &format!("import {module}")])
        .output();
    if python.is_ok_and(|output| output.status.success()) {
        return Some(PathBuf::from("python3"));
    }
    absent(module, &format!("Python with {module}"));
    None
}

/// Finds a Node.js that has a package of npm's.
///
/// # Panics
/// If the package is required and not there.
pub fn require_npm(package: &str) -> Option<PathBuf> {
    require_node(package, package)
}

/// The same for a tool that is called otherwise than its package.
///
/// # Panics
/// If the tool is required and not there.
pub fn require_node(tool: &str, package: &str) -> Option<PathBuf> {
    let node = Command::new("node")
        .args(["-e", &format!("require({package:?})")])
        .output();
    if node.is_ok_and(|output| output.status.success()) {
        return Some(PathBuf::from("node"));
    }
    absent(tool, &format!("Node.js with npm's {package}"));
    None
}

fn is_program(file: &Path) -> bool {
    // What a shim of a version manager cannot run counts as absent.
    file.is_file()
        && Command::new(file)
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success())
}

fn absent(tool: &str, what: &str) {
    let required = std::env::var(REQUIRE).unwrap_or_default();
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("?");
    assert!(
        !required.split(',').any(|name| name.trim() == tool),
        "{test}: {REQUIRE} names {tool}, and there is no {what} on PATH"
    );
    println!("skipped: no {what} on PATH ({test})");
}
