// Why a QUIC connection ended, in words.

import type { Connection } from '../../quic/quiche.ts';

// TLS alerts (RFC 8446 §6) as QUIC errors (RFC 9001 §4.8).
const alerts = 0x100;
const alertNames: Readonly<Record<number, string>> = {
  40: 'no common ground in TLS',
  42: 'the certificate is bad',
  43: 'the certificate is of an unsupported kind',
  44: 'the certificate is revoked',
  45: 'the certificate has expired',
  46: 'the certificate is not acceptable',
  48: 'the certificate is signed by no CA that is trusted',
  116: 'a client certificate is required',
  120: 'no application protocol in common',
};

// With which Iggy's servers close.
const closeNames: Readonly<Record<number, string>> = {
  4097: 'the handshake failed',
  4098: 'the login failed',
  4099: 'shutdown',
  4100: 'protocol violation',
};

/** `thrown`: by a call into the library, or undefined. */
export function failureOf(native: Connection, thrown: unknown): Error {
  const theirs = native.peerError();
  if (theirs !== null) return new Error(`the server closed the QUIC connection: ${describe(theirs)}`);
  const ours = native.localError();
  if (ours !== null) return new Error(`the QUIC connection failed: ${describe(ours)}`, { cause: thrown });
  if (native.isTimedOut()) return new Error('the QUIC connection timed out: nothing was heard from the server');
  if (thrown !== undefined) return new Error(`the QUIC connection failed: ${thrown instanceof Error ? thrown.message : thrown}`);
  return new Error('the QUIC connection ended');
}

function describe({ isApp, errorCode, reason }: { isApp: boolean; errorCode: number; reason: Uint8Array }): string {
  const known = isApp ? closeNames[errorCode] : alertNames[errorCode - alerts];
  const text = Buffer.from(reason).toString();
  return [known ?? `error 0x${errorCode.toString(16)}`, ...(text === '' || text === known ? [] : [text])].join(', ');
}
