fn main() -> Result<(), ezrpc_build::Error> {
    ezrpc_build::compile(&["hello/v1/hello.proto"], &["proto"])
}
