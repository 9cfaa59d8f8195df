//! Generates the service by ezrpc and by tonic.

fn main() {
    ezrpc_build::compile(&["echo.proto"], &["proto"]).unwrap();
    let files = protox::compile(["echo.proto"], ["proto"]).expect("echo.proto is valid");
    tonic_prost_build::configure()
        .build_client(false)
        .compile_fds(files)
        .expect("tonic-prost-build takes what protox parsed");
}
