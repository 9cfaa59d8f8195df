#!/usr/bin/env bash
# The long form of the fault suite: 50 rolling restarts, Consul gone for a minute and the like, one after the other, as a
# table. Takes about ten minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
tools_consul
export EZRPC_FAULT_LONG=1 EZRPC_TEST_REQUIRE=consul
cargo test -p ezrpc-tests --test fault --no-run
echo "| what happened | calls | failed | p99 | longest | time to converge | lasted |"
echo "|---|---|---|---|---|---|---|"
cargo test --quiet -p ezrpc-tests --test fault -- --test-threads=1 --nocapture "$@" |
    grep -oE '\| .*\|$|.*(FAILED|panicked|test result).*'
