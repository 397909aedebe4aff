// What TLS listeners have in common: how they are set up from a certificate, and how they follow it when it is replaced.

import type { X509Certificate } from 'node:crypto';
import type tls from 'node:tls';
import type { LiveCertificate } from './certificate-store.ts';
import type { Certificate } from './certificates.ts';

export type ClientCertificates = 'off' | 'optional' | 'required';

export interface TlsListenerOptions {
  certificate: LiveCertificate;
  /** Whether clients are asked for certificates. */
  clientCertificates: ClientCertificates;
}

/** Options of a TLS or HTTPS server. */
export function tlsServerOptions({ certificate, clientCertificates }: TlsListenerOptions, handshakeTimeoutMs: number): tls.TlsOptions {
  return {
    ...secureContext(certificate.current),
    handshakeTimeout: handshakeTimeoutMs,
    requestCert: clientCertificates !== 'off',
    rejectUnauthorized: clientCertificates === 'required',
  };
}

/** New connections get what the certificate is replaced by; open ones keep what they have. */
export function followCertificate(server: tls.Server, certificate: LiveCertificate): void {
  certificate.onChange((replacement) => server.setSecureContext(secureContext(replacement)));
}

/** The peer's certificate, undefined if it has none. `refused`: it has one that does not verify. */
export function peerCertificate(socket: tls.TLSSocket): X509Certificate | 'refused' | undefined {
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined || socket.authorized ? certificate : 'refused';
}

function secureContext({ certificate, key, clientCa }: Certificate): tls.SecureContextOptions {
  return { cert: certificate, key, minVersion: 'TLSv1.2', ...(clientCa === undefined ? {} : { ca: clientCa }) };
}
