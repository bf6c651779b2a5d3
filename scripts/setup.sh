#!/bin/sh
# Says which tools are missing and how to get them. With --install, installs them by apt where that is possible
# (root on Debian or Ubuntu). Nothing is ever piped from the network into a shell.
set -u

install=no
[ "${1:-}" = --install ] && install=yes
can_apt=no
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && can_apt=yes
missing=0
updated=no

# need NAME WHY PACKAGES: NAME is missing; PACKAGES bring it on Debian.
need() {
    if [ "$install" = yes ] && [ "$can_apt" = yes ] && [ -n "$3" ]; then
        if [ "$updated" = no ]; then apt-get update -qq && updated=yes; fi
        # shellcheck disable=SC2086 # several packages
        if DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $3 >/dev/null; then
            echo "ok       $1 (installed: $3)"
            return
        fi
    fi
    missing=1
    echo "missing  $1: $2"
    [ -n "$3" ] && echo "         Debian, Ubuntu: apt-get install $3"
    [ -n "${4:-}" ] && echo "         $4"
}

have() { command -v "$1" >/dev/null 2>&1; }

# at_least A B: whether version A is B or later.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

rust=1.95
if have cargo && at_least "$(cargo --version | cut -d' ' -f2)" "$rust"; then
    echo "ok       cargo $(cargo --version | cut -d' ' -f2)"
else
    need "cargo $rust or later" "builds everything" "" "https://rustup.rs, or: rustup update stable"
fi

if have cc; then echo "ok       cc"; else need cc "compiles SQLite" "build-essential" "macOS: xcode-select --install"; fi

if have node && at_least "$(node --version | tr -d v)" 20.19; then
    echo "ok       node $(node --version | tr -d v)"
else
    need "node 20.19 or later" "builds the dashboard" "nodejs npm" "https://nodejs.org; macOS: brew install node"
fi
have npm || need npm "builds the dashboard" "npm" ""

browser=
for name in chromium chromium-browser google-chrome; do have "$name" && browser=$name && break; done
if [ -n "$browser" ]; then
    echo "ok       $browser"
else
    need chromium "runs the browser tests (make test)" "chromium" "macOS: brew install --cask chromium"
fi

if have ffprobe && have ffmpeg; then
    echo "ok       ffmpeg, ffprobe"
else
    need "ffmpeg, ffprobe" "reads videos; without them videos stay 'unknown'" "ffmpeg" "macOS: brew install ffmpeg"
fi

if { have initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; } && { have pgbouncer || [ -x /usr/sbin/pgbouncer ]; }; then
    echo "ok       PostgreSQL, PgBouncer"
else
    need "PostgreSQL, PgBouncer" "run the tests of several nodes (make test); HEADWAY_SKIP=postgres leaves them out" "postgresql pgbouncer" "macOS: brew install postgresql pgbouncer"
fi

if python3 -c 'import venv, ensurepip' >/dev/null 2>&1; then
    echo "ok       python3 with venv"
else
    need "python3 with venv" "brings Temporal's dev server (make test); HEADWAY_SKIP=temporal leaves its tests out" "python3 python3-venv"
fi

if have cargo-nextest; then
    echo "ok       cargo-nextest"
else
    echo "optional cargo-nextest: runs the tests quicker (cargo install --locked cargo-nextest); cargo test serves too"
fi
exit $missing
