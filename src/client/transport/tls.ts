// Who the client trusts, and what it shows of itself: the same options for TLS on TCP, secure WebSocket and QUIC.

import type { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import tls from 'node:tls';

/** Whom the client trusts, and what it shows of itself. */
export interface TlsOptions {
  /** Certificate authorities in PEM form to trust instead of the well-known ones. */
  ca?: string | Buffer;
  /** The same, as a file, which is read anew for each connection. */
  caFile?: string;
  /** Name that the certificate must have, where it is not the host. */
  serverName?: string;
  /** SHA-256 of the server's certificate in hexadecimal digits, colons allowed. A server that shows this one needs neither a CA nor a name. */
  fingerprint?: string;
  /** False trusts any certificate: for tests alone. */
  rejectUnauthorized?: boolean;
  /** Certificate in PEM form that the client shows to a server that asks for one. */
  cert?: string | Buffer;
  /** Its private key in PEM form. */
  key?: string | Buffer;
  /** `cert` as a file, which is read anew for each connection. */
  certFile?: string;
  /** `key` as a file, which is read anew for each connection. */
  keyFile?: string;
}

/** The options with the contents of their files. */
export interface LoadedTls {
  host: string;
  serverName: string;
  ca: string | Buffer | undefined;
  cert: string | Buffer | undefined;
  key: string | Buffer | undefined;
  /** Undefined: CA and name decide. */
  fingerprint: string | undefined;
  /** CA and name decide. */
  verify: boolean;
}

/** Rejects with the system's error where a file cannot be read. */
export async function loadTls(options: TlsOptions, host: string): Promise<LoadedTls> {
  const file = (path: string | undefined) => (path === undefined ? undefined : readFile(path));
  const [ca, cert, key] = await Promise.all([file(options.caFile), file(options.certFile), file(options.keyFile)]);
  const fingerprint = options.fingerprint?.replaceAll(':', '').toLowerCase();
  return {
    host,
    serverName: options.serverName ?? host,
    ca: options.ca ?? ca,
    cert: options.cert ?? cert,
    key: options.key ?? key,
    fingerprint,
    verify: fingerprint === undefined && options.rejectUnauthorized !== false,
  };
}

/** For Node's own TLS. What it cannot check, `checkFingerprint` does once the connection stands. */
export function nodeTlsOptions({ serverName, ca, cert, key, verify }: LoadedTls): tls.ConnectionOptions {
  return {
    rejectUnauthorized: verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    // Addresses have no place in SNI.
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(serverName, certificate),
  };
}

/** Throws if another certificate is wanted than the one that the server showed. */
export function checkFingerprint({ fingerprint }: LoadedTls, certificate: X509Certificate | undefined): void {
  if (fingerprint === undefined) return;
  const shown = certificate?.fingerprint256.replaceAll(':', '').toLowerCase();
  if (shown !== fingerprint)
    throw new Error(`the server's certificate has the fingerprint ${shown ?? 'of no certificate'}, not ${fingerprint}`);
}
