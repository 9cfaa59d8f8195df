#!/usr/bin/env bash
# Peak memory and outcome of a server process under hostile input, as the table of docs/hostile-input.md. About two minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
# A thousand connections on either side.
ulimit -n 4096
cargo run --quiet -p ezrpc-test-hostile
