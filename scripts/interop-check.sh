#!/usr/bin/env bash
# Runs the conformance steps of `iggy-clients`, which are official Iggy clients, against a server of this clone, in both generations.
#
# The steps that fail must be exactly those of test/interop/expected-failures.txt, one a line: generation, transport, step. Without the harness or cargo there is nothing
# to run, which is said and is no failure. Variables: CLIENTS_SOURCE, the folder of the harness; CLIENTS_BINARY, a built one.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
source=${CLIENTS_SOURCE:-$root/../shared/iggy-clients}
target=${XDG_CACHE_HOME:-$HOME/.cache}/galgo-ci/iggy-clients
expected=$root/test/interop/expected-failures.txt

binary=${CLIENTS_BINARY:-}
if [[ -z $binary ]]; then
  if [[ ! -f $source/Cargo.toml ]] || ! command -v cargo >/dev/null; then
    echo 'interop: no harness or no cargo here, nothing to run'
    exit 0
  fi
  # Built from a copy: its folder may be read-only, and it comes without the versions that its dependencies resolve to.
  rm -rf "$target/source"
  mkdir -p "$target/source"
  cp -R "$source/Cargo.toml" "$source/src" "$target/source/"
  chmod -R u+w "$target/source"
  cp "$root/test/interop/iggy-clients.lock" "$target/source/Cargo.lock"
  CARGO_TARGET_DIR=$target cargo build --quiet --release --manifest-path "$target/source/Cargo.toml"
  binary=$target/release/iggy-clients
fi

work=$(mktemp -d)
server=
finish() {
  if [[ -n $server ]]; then kill "$server" 2>/dev/null && wait "$server" || true; fi
  rm -rf "$work"
}
trap finish EXIT

node "$root/bin/galgo.js" server --path "$work/data" --tcp-address 127.0.0.1:0 --quic-address 127.0.0.1:0 --websocket-address 127.0.0.1:0 --http-address 127.0.0.1:0 --with-default-root-credentials --log-level warn >"$work/notice" 2>"$work/log" &
server=$!
for _ in {1..150}; do
  grep -q 'Iggy server is running' "$work/notice" && break
  kill -0 "$server" 2>/dev/null || break
  sleep 0.2
done
declare -A address=(
  [tcp]=$(sed -n 's/^  TCP *\([^ ]*\).*/\1/p' "$work/notice")
  [quic]=$(sed -n 's/^  QUIC *\([^ ]*\).*/\1/p' "$work/notice")
  [ws]=$(sed -n 's#^  WS *ws://\([^ ]*\).*#\1#p' "$work/notice")
  [http]=$(sed -n 's#^  HTTP *http://\([^ ]*\).*#\1#p' "$work/notice")
)
if [[ -z ${address[tcp]} || -z ${address[quic]} || -z ${address[ws]} || -z ${address[http]} ]]; then
  echo 'interop: the server did not start'
  cat "$work/log"
  exit 1
fi

check() {
  local generation=$1 transport=$2
  # Official clients offer no ALPN over QUIC, so the harness has a client of its own.
  if [[ $transport == quic ]]; then
    timeout 300 "$binary" quic --generation "$generation" --address "${address[quic]}" --alpn iggy --kind check
  else
    timeout 300 "$binary" check --generation "$generation" --transport "$transport" --address "${address[$transport]}"
  fi
}

for transport in quic tcp ws http; do
  for generation in classic vsr; do
    echo "== $generation over $transport"
    out=$work/$generation-$transport.out
    # Its exit code says that a step failed; which ones may is decided below.
    check "$generation" "$transport" | tee "$out" || true
    if ! grep -qE '^[0-9]+ passed, [0-9]+ failed' "$out"; then
      echo "interop: $generation over $transport did not come to its end"
      cat "$work/log"
      exit 1
    fi
    sed -nE "s/^FAIL ([^:]*)(:.*)?$/$generation $transport \1/p" "$out" >>"$work/failed"
  done
done

if timeout 60 "$binary" quic --generation vsr --address "${address[quic]}" --kind check >/dev/null || ! grep -q 'it offered no ALPN' "$work/log"; then
  echo 'interop: a QUIC client without ALPN was not refused with a line that says why'
  exit 1
fi

known() { sed 's/[[:space:]]*#.*//; /^$/d' "$expected" | sort; }
new=$(comm -23 <(sort "$work/failed") <(known))
passing=$(comm -13 <(sort "$work/failed") <(known))
if [[ -n $new ]]; then printf 'interop: fails, and is not listed in %s:\n%s\n' "${expected#"$root/"}" "$new"; fi
if [[ -n $passing ]]; then printf 'interop: passes, so take it out of %s:\n%s\n' "${expected#"$root/"}" "$passing"; fi
if [[ -n $new$passing ]]; then
  tail -n 40 "$work/log"
  exit 1
fi
