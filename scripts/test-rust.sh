#!/bin/sh
# All Rust tests, by nextest where it is installed: on SQLite, on a PostgreSQL that is started for them, on Temporal's dev server.
# HEADWAY_SKIP=postgres,temporal leaves out what cannot be had.
# Commands and lists of packages are kept as words of one text.
# shellcheck disable=SC2086
set -eu

cd "$(dirname "$0")/.."
scripts/test-temporal.sh

# Always the whole workspace, and the tests of a run chosen from it: a part by itself would have its dependencies built anew, with
# the features that this part asks for.
packages=--workspace
case ",${HEADWAY_SKIP:-}," in
*,temporal,*) packages="--workspace --exclude headway-temporal" ;;
esac
cargo build --quiet $packages --bin with-postgres
with_postgres=${CARGO_TARGET_DIR:-target}/debug/with-postgres

if command -v cargo-nextest >/dev/null 2>&1; then
    tests="cargo nextest run --no-fail-fast $packages"
    both="$tests --filterset package(headway-store)+package(headway-engine)"
else
    tests="cargo test --no-fail-fast $packages"
    both="cargo test --no-fail-fast --package headway-store --package headway-engine"
fi

$with_postgres $tests
case ",${HEADWAY_SKIP:-}," in
*,postgres,*) echo "PostgreSQL: left out, as HEADWAY_SKIP says" ;;
*)
    # The suites that must hold for both engines, once more on the other one.
    HEADWAY_TEST_STORE=postgres $with_postgres $both
    ;;
esac
