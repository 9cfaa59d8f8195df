//! Generates tonic's code from the protos the tests share.

use std::path::Path;

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [
        "../protos",
        "../../options",
        "../../protoc-gen-ezrpc/protos",
    ];
    let folders = folders.map(|folder| here.join(folder));
    let files = ["e2e/echo.proto", "e2e/reasons.proto"];
    for file in files {
        println!("cargo:rerun-if-changed={}", folders[0].join(file).display());
    }
    println!("cargo:rerun-if-changed={}", folders[1].display());
    let descriptors = protox::compile(files, folders).expect("the protos are right");
    tonic_prost_build::configure()
        .bytes(".")
        .compile_fds(descriptors)
        .expect("tonic generates");
}
