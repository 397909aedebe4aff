#!/usr/bin/env bash
# Foreign QUIC stacks against a running server: aioquic (Python), which also writes frames that it must not, and ngtcp2's client (Debian's ngtcp2-client), which offers an
# application protocol that is not spoken here. aioquic is installed from PyPI into a cache outside the clone; without ngtcp2's client that part is left out, which is said.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/galgo-ci/python-quic
grown_kilobytes_max=65536
work=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT

if ! "$cache/bin/python" -c 'import aioquic' 2>/dev/null; then
  python3 -m venv --clear "$cache"
  "$cache/bin/pip" install --quiet --disable-pip-version-check 'aioquic==1.7.2'
fi

node "$root/bin/galgo.js" server --path "$work/data" --tcp-address 127.0.0.1:0 --quic-address 127.0.0.1:0 --websocket-address 127.0.0.1:0 --http-address 127.0.0.1:0 --with-default-root-credentials --log-level warn >"$work/notice" 2>"$work/log" &
server=$!
address=
for _ in $(seq 300); do
  address=$(sed -n 's/^  QUIC *\([^ ]*\).*/\1/p' "$work/notice")
  [[ -z $address ]] || break
  sleep 0.1
done
[[ -n $address ]] || { cat "$work/log"; exit 1; }

resident() { sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$server/status"; }
peer() { timeout 300 "$cache/bin/python" "$root/test/interop/python/quic_peer.py" "$address"; }

if command -v gtlsclient >/dev/null; then
  timeout 20 gtlsclient "${address%:*}" "${address##*:}" https://localhost/ >"$work/ngtcp2" 2>&1 || true
  if ! grep -q 'CRYPTO_ERROR(0x178)' "$work/ngtcp2"; then
    echo 'interop: ngtcp2 was not told that its application protocol is not spoken here'
    exit 1
  fi
  echo 'ok   ngtcp2 is refused with the alert'
else
  echo 'interop: no gtlsclient here, that part is left out'
fi

peer
before=$(resident)
peer >/dev/null
grown=$(($(resident) - before))
echo "memory after the same once more: $grown kB on top of $before kB"
((grown < grown_kilobytes_max))
