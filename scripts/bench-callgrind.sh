#!/usr/bin/env bash
# Instructions per request (user space) of `Product.Get`: ours beside tonic, axum + serde and servers written by hand.
#
# Each server is built alone (`-p`), release, and runs under callgrind. After 300 requests to warm up, the count for
# 500 requests is taken from the count for 2,500 in the same process and divided by 2,000: start-up, connection set-up
# and the tools' own noise cancel out. Repeatable to about 1 %.
#
# Needs valgrind and h2load (Debian: valgrind, nghttp2-client). Usage: scripts/bench-callgrind.sh [SERVER...]
set -euo pipefail
cd "$(dirname "$0")/../benches"

for tool in valgrind callgrind_control h2load cargo; do
    command -v "$tool" >/dev/null || { echo "needs $tool (Debian: valgrind, nghttp2-client)" >&2; exit 1; }
done

# server[ arguments]:protocol, the peer of each protocol first. `--chain`: with an authenticator and an interceptor;
# `--observe`: built with the features that tell of calls, logging at warn.
# `find-route` is a google.api.http GET beside the JSON call of the same method, `find-json`.
RUNS=(tonic:grpc hyper-grpc:grpc ezrpc:grpc "ezrpc --chain:grpc" "ezrpc --observe:grpc"
    axum:json hyper-json:json ezrpc:json "ezrpc --chain:json" "ezrpc --observe:json"
    ezrpc:find-json ezrpc:find-route)
WARM_UP=300 FEW=500 MANY=2500
target=${CARGO_TARGET_DIR:-target}
work=$(mktemp -d)
server_pid=
stop_server() {
    [ -z "$server_pid" ] || { kill "$server_pid" && wait "$server_pid"; } 2>/dev/null || true
    server_pid=
}
trap 'stop_server; rm -rf "$work"' EXIT

# A gRPC frame of 15 bytes: ProductGet { id: 12345, locale: "zh-CN" }; and the same as 29 bytes of JSON.
printf '\0\0\0\0\012\010\271\140\022\005zh-CN' >"$work/grpc"
printf '{"id":12345,"locale":"zh-CN"}' >"$work/json"
[ "$(wc -c <"$work/grpc")" = 15 ] && [ "$(wc -c <"$work/json")" = 29 ]

# The five fields of Product.Find: as JSON on the RPC path, and two in the path and three in the query of a GET.
printf '{"id":12345,"locale":"zh-CN","currency":"SGD","warehouse":7,"details":true}' >"$work/find-json"

# load PROTOCOL REQUESTS ADDRESS: sends the requests and fails unless each one was answered with a whole product.
load() {
    local flags=(--h1 -c 4 -m 1 -H 'content-type: application/json' -d "$work/$1") path=common.Product/Get
    case $1 in
        grpc) flags=(-c 1 -m 32 -H 'te: trailers' -H 'content-type: application/grpc' -d "$work/$1") ;;
        find-json) path=common.Product/Find ;;
        find-route)
            flags=(--h1 -c 4 -m 1)
            path='v1/products/12345/zh-CN?currency=SGD&warehouse=7&details=true'
            ;;
    esac
    timeout 300 h2load -n "$2" "${flags[@]}" "http://$3/$path" >"$work/load"
    local good data
    good=$(sed -nE 's/^status codes: ([0-9]+) 2xx.*/\1/p' "$work/load")
    data=$(sed -nE 's/^traffic: .*\(([0-9]+)\) data$/\1/p' "$work/load")
    if [ "$good" != "$2" ] || [ "$data" -lt $(($2 * 200)) ]; then
        cat "$work/load" >&2
        echo "not all of the $2 requests were answered" >&2
        return 1
    fi
}

# dump PID: has callgrind write and zero its counters; prints the instructions since the last dump.
dump() {
    local last file count
    last=$(find "$work" -name 'callgrind.*' | wc -l)
    callgrind_control -d "$1" >"$work/control" 2>&1 || { cat "$work/control" >&2; return 1; }
    for _ in $(seq 100); do
        [ "$(find "$work" -name 'callgrind.*' | wc -l)" -gt "$last" ] && break
        sleep 0.1
    done
    file=$(find "$work" -name 'callgrind.*' | sort -V | tail -1)
    for _ in $(seq 100); do # `totals:` ends the file
        count=$(sed -nE 's/^totals: ([0-9]+).*/\1/p' "$file")
        [ -z "$count" ] || break
        sleep 0.1
    done
    [ -n "$count" ] || { echo "callgrind wrote no counts to $file" >&2; return 1; }
    echo "$count"
}

# measure SERVER PROTOCOL [ARGUMENT...]: sets `result` to the instructions per request.
measure() {
    local protocol=$2 address few many
    local command=("$target/release/bench-$1" "${@:3}")
    rm -f "$work"/callgrind.*
    valgrind --tool=callgrind --callgrind-out-file="$work/callgrind" "${command[@]}" >"$work/out" 2>"$work/err" &
    server_pid=$!
    for _ in $(seq 600); do
        address=$(sed -nE 's/^listening on (.*)/\1/p' "$work/out")
        [ -z "$address" ] || break
        kill -0 "$server_pid" || { cat "$work/err" >&2; return 1; }
        sleep 0.1
    done
    load "$protocol" "$WARM_UP" "$address" && dump "$server_pid" >/dev/null || return 1
    load "$protocol" "$FEW" "$address" && few=$(dump "$server_pid") || return 1
    load "$protocol" "$MANY" "$address" && many=$(dump "$server_pid") || return 1
    stop_server
    result=$(((many - few) / (MANY - FEW)))
}

echo "| protocol | server | instructions | to the peer |"
echo "|---|---|---|---|"
declare -A peer
for run in "${RUNS[@]}"; do
    read -ra words <<<"${run%:*}"
    server=${words[0]} protocol=${run#*:}
    [ $# -eq 0 ] || [[ " $* " == *" $server "* ]] || continue
    features=()
    [[ " ${words[*]} " != *" --observe "* ]] || features=(--features observe)
    cargo build --quiet --release -p "bench-$server" "${features[@]}"
    measure "$server" "$protocol" "${words[@]:1}"
    : "${peer[${protocol%-*}]:=$result}"
    awk -v p="$protocol" -v s="${words[*]}" -v n="$result" -v d="${peer[${protocol%-*}]}" \
        'BEGIN { printf "| %s | %s | %.1f k | %.2f |\n", p, s, n / 1000, n / d }'
done
