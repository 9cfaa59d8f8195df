//! The command line of the plugin: a request on standard input, a response on standard output.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

/// Runs the plugin and says how it ended.
pub(crate) fn main() -> ExitCode {
    let mut request = Vec::new();
    if std::io::stdin().read_to_end(&mut request).is_err() {
        return ExitCode::FAILURE;
    }
    match protoc_gen_ezrpc::run(&request) {
        Ok(response) if std::io::stdout().write_all(&response).is_ok() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
