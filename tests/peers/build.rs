//! Generates tonic's code from the protos the tests share.

use std::path::Path;

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (protos, options) = (here.join("../protos"), here.join("../../options"));
    let file = protos.join("e2e/echo.proto");
    println!("cargo:rerun-if-changed={}", file.display());
    println!("cargo:rerun-if-changed={}", options.display());
    let descriptors = protox::compile([&file], [&protos, &options]).expect("the proto is right");
    tonic_prost_build::configure()
        .bytes(".")
        .compile_fds(descriptors)
        .expect("tonic generates");
}
