//! Generates the service by tonic-prost-build, as tonic's users do, less protoc.

fn main() {
    println!("cargo:rerun-if-changed=../../proto");
    let files = protox::compile(["common.proto"], ["../../proto"]).expect("common.proto is valid");
    tonic_prost_build::configure()
        .build_server(false)
        .compile_fds(files)
        .expect("tonic-prost-build takes what protox parsed");
}
