#!/usr/bin/env bash
# How long generated code takes to compile: pubsub/v1 and spanner/v1 with the closure of their imports, as messages
# alone (prost), messages and services (tonic), messages and ProtoJSON (prost + pbjson), and ours: messages, ProtoJSON,
# services and descriptors. `cargo build`, debug, CARGO_INCREMENTAL=0, the crate alone (dependencies are built), median
# of 3 rounds in which all take turns.
#
# Usage: scripts/compile-time.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
tools_protoc
tools_google_protos

rounds=${1:-3}
work=$PWD/target/compile-time
mkdir -p "$work"
(cd "$GOOGLE_PROTOS" && protoc -I . --include_imports --include_source_info \
    --descriptor_set_out="$work/input.fds" google/pubsub/v1/*.proto google/spanner/v1/*.proto)

# crate NAME DEPENDENCIES: a library of what the generator NAME writes.
crate() {
    rm -rf "${work:?}/$1" && mkdir -p "$work/$1/src"
    (cd benches && cargo run --quiet --release -p bench-generator --bin bench-generator -- "$1" "$work/input.fds" "$work/$1/src")
    # Warnings are not what is measured; ours has none.
    printf '#![allow(warnings)]\ninclude!("mod.rs");\n' >"$work/$1/src/lib.rs"
    printf '[package]\nname = "compile-time-%s"\nedition = "2024"\npublish = false\n\n[dependencies]\n%b' "$1" "$2" \
        >"$work/$1/Cargo.toml"
}
prost='prost = "0.14.4"\nprost-types = "0.14.4"\n'
crate prost "$prost"
crate tonic "${prost}tonic = \"0.14.9\"\ntonic-prost = \"0.14.9\"\n"
crate pbjson "prost = \"0.14.4\"\npbjson = \"0.9\"\npbjson-types = \"0.9\"\nserde = \"1\"\n"
crate ezrpc 'ezrpc = { path = "../../../runtime" }\n'
printf '[workspace]\nresolver = "3"\nmembers = ["prost", "tonic", "pbjson", "ezrpc"]\n' >"$work/Cargo.toml"
cp benches/Cargo.lock "$work/Cargo.lock"

cd "$work"
TIMEFORMAT='%R %U %S' # wall, user, system
export CARGO_INCREMENTAL=0 CARGO_TARGET_DIR="$work/target"
NAMES=(prost tonic pbjson ezrpc)
rm -f times.*
for _ in $(seq "$rounds"); do
    for name in "${NAMES[@]}"; do
        cargo build --quiet -p "compile-time-$name" # what it depends on
        touch "$name/src/lib.rs"
        { time cargo build --quiet -p "compile-time-$name"; } 2>>"times.$name"
    done
done

# median NAME EXPRESSION: of the seconds of all rounds; wall is $1, processor time $2 + $3 (which a busy machine moves less).
median() { awk "{ print $2 }" "times.$1" | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
echo "| generated code | lines | compile time, median of $rounds | to messages alone | processor time |"
echo "|---|---|---|---|---|"
for name in "${NAMES[@]}"; do
    case $name in
    prost) what="messages alone (prost)" ;;
    tonic) what="messages, services (tonic)" ;;
    pbjson) what="messages, JSON (prost + pbjson)" ;;
    ezrpc) what="messages, JSON, services (ezrpc)" ;;
    esac
    awk -v what="$what" -v time="$(median "$name" '$1')" -v base="$(median prost '$1')" \
        -v cpu="$(median "$name" '$2 + $3')" -v lines="$(find "$name/src" -name '*.rs' -exec cat {} + | wc -l)" \
        'BEGIN { printf "| %s | %d | %.2f s | %.2f | %.2f s |\n", what, lines, time, time / base, cpu }'
done
