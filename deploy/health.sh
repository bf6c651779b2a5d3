#!/bin/bash
# health.sh PORT [PATH]: whether a process on this machine answers GET PATH (/health) with 200. Needs bash alone: the
# image has no curl.
set -u
port=${1:?health.sh: which port?} path=${2:-/health}

exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1 # bash says why
# By address, which a server with chosen names answers to as well.
printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' "$path" >&3
IFS= read -r -t 4 status <&3 || exit 1
case $status in
    'HTTP/1.1 200 '*) exit 0 ;;
    *) echo "${status%$'\r'}" && exit 1 ;;
esac
