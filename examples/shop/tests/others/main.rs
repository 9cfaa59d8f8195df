//! Clients of other makers against the shop as it is started by hand.

mod consul;
mod curl;
mod grpcio;
mod reflection;
mod web;

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// `shop serve` on free ports; ends with the test.
struct Shop {
    process: Child,
    product: String,
    order: String,
    /// Held open: the shop goes on printing.
    _output: BufReader<ChildStdout>,
}

impl Shop {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_shop"))
            .arg("serve")
            .args(arguments)
            .args(["127.0.0.1:0", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the shop starts");
        let output = process.stdout.take().expect("a pipe");
        let mut first = String::new();
        let mut output = BufReader::new(output);
        output.read_line(&mut first).expect("its first line");
        // `common.Product on ADDRESS, trade.Order on ADDRESS; stop with Ctrl-C. Try:`
        let address = |service: &str| {
            let (_, rest) = first.split_once(service).expect("the service's name");
            let end = rest.find([',', ';']).expect("the end of the address");
            rest[..end].to_owned()
        };
        Self {
            product: address("common.Product on "),
            order: address("trade.Order on "),
            process,
            _output: output,
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // Nothing can be done about a process that is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn text(output: Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).expect("text")
}
