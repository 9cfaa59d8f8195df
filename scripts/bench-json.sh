#!/usr/bin/env bash
# JSON, ours beside serde_json and pbjson: instructions by callgrind, then time by criterion, in one run.
#
# The instructions of 200 runs are taken from those of 1,200 and divided by 1,000, so that start-up cancels out.
# Needs valgrind. Usage: scripts/bench-json.sh [--instructions]
set -euo pipefail
cd "$(dirname "$0")/../benches"
command -v valgrind >/dev/null || { echo "needs valgrind" >&2; exit 1; }

cargo build --quiet --release -p bench-micro --bin json-loop
loop=${CARGO_TARGET_DIR:-target}/release/json-loop

# count CASE LIBRARY TIMES: the instructions of that many runs.
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$loop" "$@" 2>&1 | sed -nE 's/.*Collected : ([0-9]+).*/\1/p'
}

echo "| case | library | instructions | to ours |"
echo "|---|---|---|---|"
"$loop" | while read -r -a words; do
    ours=
    for library in "${words[@]:1}"; do
        few=$(count "${words[0]}" "$library" 200)
        many=$(count "${words[0]}" "$library" 1200)
        each=$(((many - few) / 1000))
        : "${ours:=$each}"
        awk -v c="${words[0]}" -v l="$library" -v n="$each" -v o="$ours" \
            'BEGIN { printf "| %s | %s | %d | %.2f |\n", c, l, n, n / o }'
    done
done
[ "${1:-}" = --instructions ] || cargo bench --quiet -p bench-micro --bench json
