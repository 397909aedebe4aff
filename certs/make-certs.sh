#!/usr/bin/env bash
# Makes certificates for development: a CA of its own, and a certificate for localhost that it signed. Usage: certs/make-certs.sh [folder]
set -euo pipefail

out=${1:-$(dirname "$0")/local}
days=30

mkdir -p "$out"
cd "$out"
umask 077

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "$days" -subj '/CN=Galgo development CA' \
  -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign' -keyout ca_key.pem -out ca_cert.pem 2>/dev/null

openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=localhost' -keyout key.pem -out request.pem 2>/dev/null
openssl x509 -req -in request.pem -CA ca_cert.pem -CAkey ca_key.pem -CAcreateserial -days "$days" -out cert.pem 2>/dev/null \
  -extfile <(printf '%s\n' 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1' 'basicConstraints=critical,CA:FALSE' 'extendedKeyUsage=serverAuth')

rm -f request.pem ca_cert.srl
echo "$PWD: cert.pem and key.pem for the server, ca_cert.pem for clients; valid for $days days"
