#!/usr/bin/env bash
# Instructions per unary call (user space) of a client: `Product.Get` by ours beside tonic's, against the same server.
#
# Each client is built alone (`-p`), release, and runs under callgrind with one worker thread and 32 calls under way.
# After 300 calls to warm up, the count for 500 calls is taken from the count for 2,500 in the same process and divided
# by 2,000. The server, tonic's, runs outside of callgrind. Repeatable to about 1 %.
#
# Needs valgrind. Usage: scripts/bench-client.sh [CLIENT...]; with KEEP=dir callgrind's files are left there.
set -euo pipefail
cd "$(dirname "$0")/../benches"

for tool in valgrind callgrind_control cargo; do
    command -v "$tool" >/dev/null || { echo "needs $tool (Debian: valgrind)" >&2; exit 1; }
done

# `--discovered`: through a registry and the balancer.
RUNS=(tonic ezrpc "ezrpc --discovered")
WARM_UP=300 FEW=500 MANY=2500
target=${CARGO_TARGET_DIR:-target}
work=$(mktemp -d)
server_pid= client_pid=
stop_client() {
    [ -z "$client_pid" ] || { exec 3>&-; kill "$client_pid" && wait "$client_pid"; } 2>/dev/null || true
    client_pid=
}
trap 'stop_client; [ -z "$server_pid" ] || kill "$server_pid"; rm -rf "$work"' EXIT

# said FILE PATTERN: waits for a line and prints what the pattern's group matches.
said() {
    local found
    for _ in $(seq 1200); do
        found=$(sed -nE "s/^$2\$/\\1/p" "$1" | tail -1)
        [ -z "$found" ] || { echo "$found"; return; }
        sleep 0.1
    done
    cat "$work"/*err >&2
    return 1
}

# calls NUMBER: has the client make calls, and callgrind write and zero its counters; sets `count`.
calls() {
    local before file
    echo "$1" >&3
    said "$work/out" "made ($1)" >/dev/null
    before=$(find "$work" -name 'callgrind.*' | wc -l)
    callgrind_control -d "$client_pid" >"$work/control" 2>&1 || { cat "$work/control" >&2; return 1; }
    count=
    for _ in $(seq 100); do # `totals:` ends the file
        file=$(find "$work" -name 'callgrind.*' | sort -V | tail -1)
        [ "$(find "$work" -name 'callgrind.*' | wc -l)" = "$before" ] || count=$(sed -nE 's/^totals: ([0-9]+).*/\1/p' "$file")
        [ -z "$count" ] || return 0
        sleep 0.1
    done
    echo "callgrind wrote no counts" >&2
    return 1
}

# measure CLIENT [ARGUMENT...]: sets `result` to the instructions per call.
measure() {
    local few many count
    rm -f "$work"/callgrind.* "$work/in"
    mkfifo "$work/in"
    valgrind --tool=callgrind --callgrind-out-file="$work/callgrind" \
        "$target/release/bench-client-$1" "$address" "${@:2}" <"$work/in" >"$work/out" 2>"$work/client.err" &
    client_pid=$!
    exec 3>"$work/in"
    said "$work/out" 'made (0)' >/dev/null
    calls "$WARM_UP"
    calls "$FEW"
    few=$count
    calls "$MANY"
    many=$count
    [ -z "${KEEP:-}" ] || cp "$(find "$work" -name 'callgrind.*' | sort -V | tail -1)" "$KEEP/callgrind.${*// /}"
    stop_client
    result=$(((many - few) / (MANY - FEW)))
}

cargo build --quiet --release -p bench-tonic
"$target/release/bench-tonic" >"$work/server" 2>"$work/server.err" &
server_pid=$!
address=$(said "$work/server" 'listening on (.*)')
echo "| client | instructions | to the peer |"
echo "|---|---|---|"
peer=
for run in "${RUNS[@]}"; do
    read -ra words <<<"$run"
    [ $# -eq 0 ] || [[ " $* " == *" ${words[0]} "* ]] || continue
    cargo build --quiet --release -p "bench-client-${words[0]}"
    measure "${words[@]}"
    : "${peer:=$result}"
    awk -v c="$run" -v n="$result" -v p="$peer" 'BEGIN { printf "| %s | %.1f k | %.2f |\n", c, n / 1000, n / p }'
done
