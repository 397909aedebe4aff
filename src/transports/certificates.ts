// The certificate of TLS listeners as it is read: PEM files, or a self-signed one that is made once and kept in the data folder.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createSecureContext } from 'node:tls';

export interface CertificateSettings {
  selfSigned: boolean;
  certificateFile: string | undefined;
  keyFile: string | undefined;
  /** Certificates that those of clients must be signed by. */
  clientCaFile?: string | undefined;
}

/** All in PEM. */
export interface Certificate {
  /** The certificate, and those between it and its CA. */
  readonly certificate: string;
  readonly key: string;
  readonly clientCa: string | undefined;
  /** SHA-256 of the certificate, hexadecimal bytes with colons. */
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
  /** Made here, not read from the named files. */
  readonly selfSigned: boolean;
}

const validDays = 3650;

/**
 * Reads the named files; if none are named, or the certificate is not there and `selfSigned` is set, reads or makes the self-signed certificate below `dataPath`. Rejects, with
 * the file's name in the message, if a file cannot be read or parsed, or the key is not that of the certificate.
 */
export async function loadCertificate(settings: CertificateSettings, dataPath: string): Promise<Certificate> {
  const { certificateFile, keyFile, clientCaFile } = settings;
  const clientCa = clientCaFile === undefined ? undefined : await read(clientCaFile);
  if (clientCa !== undefined) parsed(clientCaFile as string, () => new X509Certificate(clientCa));
  const named = certificateFile !== undefined && keyFile !== undefined;
  if (named && (!settings.selfSigned || existsSync(certificateFile))) {
    return { ...(await readPair(certificateFile, keyFile)), clientCa, selfSigned: false };
  }
  const folder = path.join(dataPath, 'certificates');
  const ownCertificateFile = path.join(folder, 'self-signed.pem');
  const ownKeyFile = path.join(folder, 'self-signed-key.pem');
  if (!existsSync(ownCertificateFile)) await makeSelfSigned(folder, ownCertificateFile, ownKeyFile);
  return { ...(await readPair(ownCertificateFile, ownKeyFile)), clientCa, selfSigned: true };
}

async function makeSelfSigned(folder: string, certificateFile: string, keyFile: string): Promise<void> {
  const { generate } = await import('selfsigned');
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + validDays * 86_400_000),
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // The certificate goes last: what was interrupted is made anew.
  await writeFile(keyFile, made.private, { mode: 0o600 });
  await writeFile(certificateFile, made.cert);
}

async function readPair(certificateFile: string, keyFile: string) {
  const certificate = await read(certificateFile);
  const key = await read(keyFile);
  const x509 = parsed(certificateFile, () => new X509Certificate(certificate));
  const privateKey = parsed(keyFile, () => createPrivateKey(key));
  if (!x509.checkPrivateKey(privateKey)) throw new Error(`the key in ${keyFile} is not that of the certificate in ${certificateFile}`);
  // What else OpenSSL minds, such as a signature that is too weak.
  parsed(certificateFile, () => createSecureContext({ cert: certificate, key }));
  return { certificate, key, fingerprint: x509.fingerprint256, expiresAtMs: Date.parse(x509.validTo) };
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`the TLS file ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function parsed<Value>(file: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    throw new Error(`the TLS file ${file} is not understood: ${(error as Error).message}`, { cause: error });
  }
}
