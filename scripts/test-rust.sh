#!/bin/sh
# All Rust tests: by nextest where it is installed.
set -eu

if command -v cargo-nextest >/dev/null 2>&1; then
    cargo nextest run --workspace --no-fail-fast
else
    cargo test --workspace --no-fail-fast
fi
