#!/usr/bin/env bash
# Generates public google APIs, and has rustc check the code: pubsub, spanner, firestore, longrunning and storage with
# the closure of their imports; compute/v1 is generated only, for time.
#
# Each goes through the plugin, under Debian's protoc and a current one, and through ezrpc-build without protoc.
# All three must write the same bytes. Nothing is special-cased.
#
# Usage: scripts/real-input.sh [--check-compute]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
tools_protoc
tools_grpcio
tools_google_protos

CHECKED=(google/pubsub/v1 google/spanner/v1 google/firestore/v1 google/longrunning google/storage/v2)
COMPUTE=(google/cloud/compute/v1)
work=$PWD/target/real-input
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}

# closure FOLDER...: the files of the folders and all they import, less what the tool carries.
closure() {
    local carried
    carried=$(cd protoc-gen-ezrpc/protos && find . -name '*.proto' | cut -c3-)
    (cd "$GOOGLE_PROTOS" && find "$@" -maxdepth 1 -name '*.proto') |
        (cd "$GOOGLE_PROTOS" && xargs protoc -I . --include_imports --descriptor_set_out=/dev/stdout) |
        protoc -I "$GOOGLE_PROTOS" --decode=google.protobuf.FileDescriptorSet google/protobuf/descriptor.proto |
        sed -nE 's/^  name: "(.*)"$/\1/p' | grep -v '^google/protobuf/' | grep -vxF "$carried" | sort
}

# by_plugin OUT FILES PROTOC...
by_plugin() {
    rm -rf "$1" && mkdir -p "$1"
    xargs "${@:3}" --plugin="$CARGO_TARGET_DIR/debug/protoc-gen-ezrpc" -I "$GOOGLE_PROTOS" --ezrpc_out="$1" <"$2"
}

# build_crate NAME FILES: a crate whose build script compiles the files into a folder beside it.
build_crate() {
    mkdir -p "$work/$1/src"
    cat >"$work/$1/Cargo.toml" <<END
[package]
name = "real-input-$1"
version = "0.0.0"
edition = "2024"
publish = false

[dependencies]
ezrpc = { path = "../../../runtime" }

[build-dependencies]
ezrpc-build = { path = "../../../build-support" }
END
    cat >"$work/$1/build.rs" <<END
fn main() {
    let mut build = ezrpc_build::Build::new().include("$GOOGLE_PROTOS").out_dir("$work/$1/out");
    for file in include_str!("../$2").lines() {
        build = build.proto(file);
    }
    build.run().unwrap();
}
END
}

say() { echo "real-input: $*"; }

mkdir -p "$work"
closure "${CHECKED[@]}" >"$work/checked.txt"
closure "${COMPUTE[@]}" >"$work/compute.txt"
cargo build --quiet -p protoc-gen-ezrpc

for set in checked compute; do
    by_plugin "$work/$set-plugin" "$work/$set.txt" protoc
    by_plugin "$work/$set-current" "$work/$set.txt" python3 -m grpc_tools.protoc
    diff -r "$work/$set-plugin" "$work/$set-current"
    say "$set: $(wc -l <"$work/$set.txt") files through the plugin, $(cat "$work/$set-plugin"/* | wc -l) lines"
done

printf '[workspace]\nresolver = "3"\nmembers = ["plugin", "build", "compute"]\n' >"$work/Cargo.toml"
cp Cargo.lock "$work/Cargo.lock"
build_crate plugin checked.txt
rm "$work/plugin/build.rs" && sed -i '/build-dependencies/,$d' "$work/plugin/Cargo.toml"
printf '#![deny(warnings)]\ninclude!("../../checked-plugin/mod.rs");\n' >"$work/plugin/src/lib.rs"
build_crate build checked.txt
printf '#![deny(warnings)]\ninclude!("../out/mod.rs");\n' >"$work/build/src/lib.rs"
build_crate compute compute.txt
: >"$work/compute/src/lib.rs"
[ "${1-}" != --check-compute ] || printf '#![deny(warnings)]\ninclude!("../out/mod.rs");\n' >"$work/compute/src/lib.rs"

(cd "$work" && cargo check --quiet --workspace)
diff -r "$work/checked-plugin" "$work/build/out"
diff -r "$work/compute-plugin" "$work/compute/out"
say "checked by rustc; ezrpc-build wrote the same bytes as the plugin"

EZRPC_PROTOS=$GOOGLE_PROTOS cargo test --quiet -p ezrpc-tests --test corpora templates_of_public_apis
say "every path template of the public APIs parses, in the generator and in the runtime"
