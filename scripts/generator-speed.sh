#!/usr/bin/env bash
# How long the generators take from descriptors to files, ours beside tonic-prost-build: wall time, release build, one
# run, on google/cloud/compute/v1/compute.proto. Parsing is not counted; ours also writes ProtoJSON and descriptors.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
tools_protoc
tools_google_protos

set=$PWD/target/generator-speed.fds
protoc -I "$GOOGLE_PROTOS" --include_imports --include_source_info --descriptor_set_out="$set" \
    google/cloud/compute/v1/compute.proto 2>/dev/null
cd benches
EZRPC_BENCH_DESCRIPTORS=$set cargo bench --quiet -p bench-generator --bench generator

# median NAME: milliseconds, from criterion's report.
median() {
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["median"]["point_estimate"] / 1e6)' \
        "${CARGO_TARGET_DIR:-target}/criterion/generator/$1/new/estimates.json"
}
awk -v ours="$(median ezrpc)" -v peer="$(median tonic-prost-build)" 'BEGIN {
    print "| generator | compute/v1, median | to the peer |\n|---|---|---|"
    printf "| tonic-prost-build | %.0f ms | 1.00 |\n| ezrpc | %.0f ms | %.2f |\n", peer, ours, ours / peer
}'
