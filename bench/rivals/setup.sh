#!/usr/bin/env bash
# Brings what the rivals need: servers from Debian's packages, a broker from the Java registry, clients and a Node that they run on from npm. What cannot be had is left out
# here and named by run.ts. May be run again.
set -uo pipefail
cd "$(dirname "$0")"

missing=()
[[ -x /usr/sbin/nats-server ]] || command -v nats-server >/dev/null || missing+=(nats-server)
command -v redis-server >/dev/null || missing+=(redis-server)
if ((${#missing[@]} > 0)); then
  sudo=
  ((EUID == 0)) || sudo=sudo
  $sudo apt-get update -q
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
fi

npm install --no-audit --no-fund --ignore-scripts --silent
[[ -d .kafka ]] || timeout 600 mvn -q -B dependency:copy-dependencies -DoutputDirectory=.kafka -DincludeScope=runtime
