#!/bin/sh
# run.sh HEADWAY DATA PORT [DIR]: starts the server, ingests DIR (or a sample folder) and stays until Ctrl-C.
set -eu

headway=$1 data=$2 port=$3 dir=${4:-}
mkdir -p "$data"

if [ -z "$dir" ]; then
    dir=$(dirname "$data")/photos
    [ -d "$dir" ] || "$headway" sample "$dir" --count 80 --broken
    # A sample may go straight into the library; what is yours waits for you at the preview.
    yes=--yes
else
    [ -d "$dir" ] || { echo "run.sh: $dir is not a folder" >&2; exit 2; }
    yes=
fi

rm -f "$data/server.json"
"$headway" serve --data "$data" --listen "127.0.0.1:$port" --dev --media-root "$dir" &
server=$!
trap 'kill -TERM $server 2>/dev/null || true' INT TERM
trap 'kill -TERM $server 2>/dev/null || true' EXIT

# The server writes this file once it answers.
while [ ! -s "$data/server.json" ]; do
    kill -0 $server 2>/dev/null || { wait $server; exit 1; }
    sleep 0.1
done

# shellcheck disable=SC2086 # empty or one flag
"$headway" ingest "$dir" --data "$data" $yes || true

cat <<EOF

  Dashboard   http://127.0.0.1:$port
  Library     http://127.0.0.1:$port/library
  Again       $headway ingest DIR --data $data
  Watch       $headway watch --data $data

  Ctrl-C stops the server; runs go on where they were at the next start.
EOF
wait $server || true
