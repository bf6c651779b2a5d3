#!/bin/sh
# fuzz.sh [TARGET] SECONDS: fuzzes one target, or each in turn.
set -eu

target=${1:-} seconds=${2:-60}
command -v cargo-fuzz >/dev/null 2>&1 || {
    echo "cargo-fuzz is missing: cargo install --locked cargo-fuzz; rustup toolchain install nightly" >&2
    exit 1
}
for name in ${target:-$(cargo +nightly fuzz list)}; do
    cargo +nightly fuzz run "$name" -- -max_total_time="$seconds" -rss_limit_mb=1024
done
