#!/bin/sh
# dev.sh DATA PORT: the server from a debug build, and the dashboard with hot reload in front of it.
set -eu

data=$1 port=$2
mkdir -p "$data"
cargo build -p headway
target/debug/headway serve --data "$data" --listen "127.0.0.1:$port" --dev &
server=$!
trap 'kill -TERM $server 2>/dev/null || true' INT TERM EXIT
cd ui
HEADWAY_API="http://127.0.0.1:$port" npm run --silent dev
