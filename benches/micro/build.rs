//! Generates `common.proto` and `wide.proto` by ezrpc, by tonic, and by prost with pbjson.

use std::path::PathBuf;

use prost::Message;

fn main() {
    ezrpc_build::compile(&["common.proto", "wide.proto"], &["../proto"]).unwrap();
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    let files =
        protox::compile(["common.proto", "wide.proto"], ["../proto"]).expect("they are valid");

    let tonic = out.join("tonic");
    std::fs::create_dir_all(&tonic).expect("a folder");
    let builder = tonic_prost_build::configure().out_dir(tonic);
    builder
        .compile_fds(files.clone())
        .expect("tonic-prost-build takes what protox parsed");

    let pbjson = out.join("pbjson");
    std::fs::create_dir_all(&pbjson).expect("a folder");
    let descriptors = files.encode_to_vec();
    let mut config = prost_build::Config::new();
    config
        .compile_well_known_types()
        .extern_path(".google.protobuf", "::pbjson_types")
        .out_dir(&pbjson)
        .compile_fds(files)
        .expect("prost-build takes what protox parsed");
    let mut builder = pbjson_build::Builder::new();
    let builder = builder
        .register_descriptors(&descriptors)
        .expect("a descriptor set");
    builder
        .out_dir(&pbjson)
        .build(&[".common", ".wide"])
        .expect("pbjson-build takes it, too");
}
