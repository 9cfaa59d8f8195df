//! The plugin binary: `protoc --ezrpc_out=DIR` and `buf generate` start it; by hand it explains itself.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
