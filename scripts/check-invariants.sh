#!/usr/bin/env bash
# The invariants of ARCHITECTURE.md that a search can check; those the compiler or a test checks are not here.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0

# forbid TEXT PATTERN FILE...: says TEXT with the lines that match.
forbid() {
    local text=$1 pattern=$2 found
    shift 2
    # Comments may name anything, and so may tests at the end of a file.
    if found=$(awk -v pattern="$pattern" 'FNR == 1 { skip = 0 } /^mod tests [{]/ { skip = 1 }
        !skip && $0 !~ /^ *\/\// && $0 ~ pattern { print FILENAME ":" FNR ": " $0; any = 1 } END { exit !any }' "$@"); then
        printf '%s:\n%s\n' "$text" "$found" >&2
        failed=1
    fi
}
files() { git ls-files "$@" | grep -vE '(^|/)tests(/|\.rs$)' || true; }

generator=protoc-gen-ezrpc/src
forbid "1. only input, options and lower name prost-reflect" 'prost_reflect' \
    $(files "$generator/*.rs" | grep -vE "$generator/(input|options|lower)(\.rs|/)")
forbid "1. only emit names quote" '(^|[^a-z_])quote(::|!)' $(files "$generator/*.rs" | grep -v "^$generator/emit/")
forbid "3. the generator reads no file, environment or clock" 'std::(fs|env|time|net)[^a-z]|println!' \
    $(files "$generator/*.rs" | grep -vE "$generator/(main|cli)\.rs")
forbid "4. generated code names only ::ezrpc::codegen::v1" '(^|[^:_a-z0-9])(::)?(prost|tonic|hyper|tokio|bytes)::' \
    $(git ls-files 'tests/golden/*.rs' 'runtime/src/generated/*.rs')
forbid "5. header names stand under protocol/ and in error.rs only" \
    '"(grpc-|connect-|content-type|ezrpc-|application/|traceparent|te"|x-consul-)' \
    $(files 'runtime/src/*.rs' | grep -vE 'src/(protocol/|error|generated/)' ) 
forbid "5. status numbers stand under protocol/ and in error.rs only" \
    'StatusCode::[A-NP-Z]|with_http_status\\([0-9]' \
    $(files 'runtime/src/*.rs' | grep -vE 'src/(protocol/|error|generated/)')
forbid "7. no unsafe" 'unsafe (\\{|fn|impl)' $(files '*.rs' | grep -v '^benches/')

# axum's default feature tower-log, for one, adds 15,000 instructions to every HTTP/2 request.
if { cargo tree -p ezrpc -p shop -e features,normal && cargo tree -p ezrpc --all-features -e features,normal; } |
    grep -E 'tracing(-core)? feature "log'; then
    echo "tracing's log feature is on" >&2
    failed=1
fi
exit "$failed"
