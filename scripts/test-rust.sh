#!/bin/sh
# All Rust tests, by nextest where it is installed: on SQLite, and on a PostgreSQL that is started for them. HEADWAY_SKIP=postgres
# leaves out what cannot be had. With --temporal, those of the Temporal host, on its dev server: `make test-temporal`.
set -eu

if command -v cargo-nextest >/dev/null 2>&1; then
    tests="cargo nextest run --no-fail-fast"
else
    tests="cargo test --no-fail-fast"
fi
if [ "${1:-}" = --temporal ]; then
    scripts/test-temporal.sh
    # shellcheck disable=SC2086 # several words
    exec $tests --package headway-temporal
fi
with_postgres="cargo run --quiet --package headway-servers --bin with-postgres --"
# shellcheck disable=SC2086 # several words
$with_postgres $tests --workspace --exclude headway-temporal
case ",${HEADWAY_SKIP:-}," in
*,postgres,*) echo "PostgreSQL: left out, as HEADWAY_SKIP says" ;;
*)
    # The suites that must hold for both engines, once more on the other one.
    # shellcheck disable=SC2086 # several words
    HEADWAY_TEST_STORE=postgres $with_postgres $tests --package headway-store --package headway-engine
    ;;
esac
