#!/usr/bin/env bash
# The official Python client of both generations against one running server: each makes a stream and a topic, sends 10,000 messages to the same topic and reads back what
# both have sent, byte for byte. Then the same over TLS and secure WebSocket. The two releases are installed from PyPI into a cache outside the clone.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/galgo-ci
work=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT

for release in 0.8.0 0.9.0; do
  if ! "$cache/python-$release/bin/python" -c 'import apache_iggy' 2>/dev/null; then
    python3 -m venv --clear "$cache/python-$release"
    "$cache/python-$release/bin/pip" install --quiet --disable-pip-version-check "apache-iggy==$release"
  fi
done
classic() { timeout 120 "$cache/python-0.8.0/bin/python" "$root/test/interop/python/exchange.py" "$address" "$@"; }
vsr() { timeout 120 "$cache/python-0.9.0/bin/python" "$root/test/interop/python/exchange.py" "$address" "$@"; }

# Starts a server on a data folder of that name and waits until it says where it listens.
start() {
  node "$root/bin/galgo.js" server --path "$work/$1" --tcp-address 127.0.0.1:0 --quic-address 127.0.0.1:0 --websocket-address 127.0.0.1:0 --http-address 127.0.0.1:0 --with-default-root-credentials --log-level warn >"$work/notice" 2>"$work/log" &
  server=$!
  for _ in $(seq 300); do
    if grep -q 'Iggy server is running' "$work/notice"; then return; fi
    sleep 0.1
  done
  cat "$work/log"
  exit 1
}
stop() {
  kill -TERM "$server"
  wait "$server"
  server=
}
listens() { sed -nE "s#^  $1 +(\\w+://)?([^ ]*).*#\\2#p" "$work/notice"; }

start data
address=$(listens TCP)

classic create classic-stream topic
vsr create vsr-stream topic
classic send classic-stream topic from-classic 10000
vsr send classic-stream topic from-vsr 10000
for reader in classic vsr; do
  "$reader" read classic-stream topic 0 from-classic 10000 plain
  "$reader" read classic-stream topic 10000 from-vsr 10000 headers
done
vsr send vsr-stream topic from-vsr 10000
classic read vsr-stream topic 0 from-vsr 10000 plain

# What the README shows.
sed -n '/^```python$/,/^```$/{/^```/!p}' "$root/README.md" | sed "s/127\.0\.0\.1:8090/$address/" >"$work/readme.py"
printed=$(timeout 60 "$cache/python-0.9.0/bin/python" "$work/readme.py")
[[ $printed == "[b'first order']" ]] || { echo "the README's program printed: $printed"; exit 1; }

stop

export GALGO_TCP_TLS_ENABLED=true GALGO_WEBSOCKET_TLS_ENABLED=true
start secured
options="tls=true&tls_domain=localhost&tls_ca_file=$work/secured/certificates/self-signed.pem"
tcp="iggy+tcp://iggy:iggy@$(listens TCP)?$options"
websocket="iggy+ws://iggy:iggy@$(listens WS)?$options&tls_validate_certificate=true"
for release in classic vsr; do
  for address in "$tcp" "$websocket"; do
    stream=$release-${address%%:*}
    "$release" create "$stream" topic
    "$release" send "$stream" topic secured 2000
    "$release" read "$stream" topic 0 secured 2000 plain
  done
done
stop
echo "the Python clients of both generations agree, over TLS and secure WebSocket too"
