#!/bin/sh
# test-e2e.sh HEADWAY: browser tests against the real binary.
set -eu

[ -f tests/e2e/package.json ] || { echo "tests/e2e: none yet"; exit 0; }
HEADWAY_BIN=$(realpath "$1")
export HEADWAY_BIN
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then
        CHROMIUM=$(command -v "$name")
        export CHROMIUM
        break
    fi
done
[ -n "${CHROMIUM:-}" ] || { echo "tests/e2e: no Chromium; see scripts/setup.sh" >&2; exit 1; }
cd tests/e2e
[ -d node_modules ] || npm ci --no-audit --no-fund
npm test --silent
