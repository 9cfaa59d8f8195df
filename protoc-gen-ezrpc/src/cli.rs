//! The command line: a request on standard input, a response on standard output, and help for people.
//!
//! Whose fault it is decides where it is said: the user's protos in the response, which protoc prints; broken pipes and
//! bytes that are no request on standard error, with exit code 1; a wrong command line with exit code 2. Warnings go to
//! standard error, because a response has no room for them.

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser};

const USAGE: &str = "protoc --ezrpc_out=[PARAMETER,...:]DIR -I INCLUDE FILE.proto...";

/// Plugin of protoc and buf that generates ezrpc services, clients, messages and ProtoJSON for Rust.
///
/// protoc and buf start it by themselves when it is on PATH:
///
///     protoc --ezrpc_out=src/pb -I proto proto/shop/v1/product.proto
///
///     # buf.gen.yaml
///     version: v2
///     plugins:
///       - local: protoc-gen-ezrpc
///         out: src/pb
///         strategy: all
///
/// Without protoc, in a build script: the crate ezrpc-build.
#[derive(Parser)]
#[command(name = "protoc-gen-ezrpc", version, override_usage = USAGE, verbatim_doc_comment)]
#[command(after_help = format!("Parameters:\n{}", protoc_gen_ezrpc::params_help()))]
struct Cli {}

/// Runs the plugin and says how it ended.
pub(crate) fn main() -> ExitCode {
    if let Err(error) = Cli::try_parse() {
        let code = u8::try_from(error.exit_code()).unwrap_or(2);
        return if error.print().is_ok() {
            ExitCode::from(code)
        } else {
            ExitCode::FAILURE
        };
    }
    if io::stdin().is_terminal() {
        let help = Cli::command().render_long_help();
        eprintln!(
            "protoc-gen-ezrpc is a plugin and waits for protoc or buf to speak to it.\n\n{help}"
        );
        return ExitCode::from(2);
    }
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("protoc-gen-ezrpc: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Answers the request on standard input.
fn serve() -> Result<(), String> {
    let mut request = Vec::new();
    io::stdin()
        .read_to_end(&mut request)
        .map_err(|error| format!("cannot read the request: {error}"))?;
    let answer = protoc_gen_ezrpc::answer(&request)
        .map_err(|error| format!("{error}\n  help: see --help"))?;
    for warning in &answer.warnings {
        eprintln!("warning: {warning}");
    }
    let mut stdout = io::stdout();
    stdout
        .write_all(&answer.response)
        .and_then(|()| stdout.flush())
        .map_err(|error| format!("cannot write the response: {error}"))
}
