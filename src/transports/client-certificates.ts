// Users told by certificates: a TLS client whose certificate has a name that stands for a user is logged in as that user from the start.
//
// The transport has verified the certificate. The name is that of the subject, or one of its alternative names of a kind; the configured pattern makes a user name of it. A
// certificate of which two user names can be read stands for nobody.

import type { X509Certificate } from 'node:crypto';
import type { ClientRecord } from '../streaming/clients.ts';
import type { TransportServices } from './services.ts';

export interface CertificateUsers {
  readonly name: 'common_name' | 'dns' | 'email' | 'uri';
  /** Matches a whole name, with one capture: the user's name. */
  readonly pattern: RegExp;
}

const alternativeKinds = { dns: 'DNS', email: 'email', uri: 'URI' };
// Longer than any that makes sense; bounds what the pattern is tried on.
const nameLengthMax = 256;

/** Logs the connection in if the certificate stands for an active user. Passwords and tokens serve on this connection as on any other. */
export function signInByCertificate(services: TransportServices, client: ClientRecord, certificate: X509Certificate): void {
  if (services.certificateUsers === undefined) return;
  const username = usernameOf(certificate, services.certificateUsers);
  const user = username === undefined ? undefined : services.system.users.get(username);
  const who = { client: client.id, address: client.address, sha256: certificate.fingerprint256, user: user?.name };
  if (user?.active !== true) {
    services.log.info(who, 'the client’s certificate stands for no active user');
    return;
  }
  client.certificateUser = user.name;
  client.userId = user.id;
  services.log.info(who, 'logged in by certificate');
}

/** The user name that the rule reads from a certificate; undefined for none or several. */
export function usernameOf(certificate: X509Certificate, { name, pattern }: CertificateUsers): string | undefined {
  const names = name === 'common_name' ? commonNames(certificate) : alternativeNames(certificate, alternativeKinds[name]);
  const usernames = new Set<string>();
  for (const candidate of names) {
    const username = candidate.length > nameLengthMax ? undefined : pattern.exec(candidate)?.[1];
    if (username !== undefined) usernames.add(username);
  }
  return usernames.size === 1 ? [...usernames][0] : undefined;
}

function commonNames(certificate: X509Certificate): string[] {
  // A subject may have several, although the type says one.
  const subject = certificate.toLegacyObject().subject as { CN?: string | string[] } | undefined;
  return [subject?.CN ?? []].flat();
}

/** Names of one kind out of `DNS:a.example, URI:spiffe://b`, where those that hold delimiters are written as JSON strings. */
function alternativeNames(certificate: X509Certificate, kind: string): string[] {
  const names: string[] = [];
  for (const [, found, quoted, plain] of (certificate.subjectAltName ?? '').matchAll(
    /(?:^|, )([^:",]+):(?:("(?:[^"\\]|\\.)*")|([^,"]*))(?=, |$)/g,
  )) {
    if (found === kind) names.push(quoted === undefined ? (plain ?? '') : (JSON.parse(quoted) as string));
  }
  return names;
}
