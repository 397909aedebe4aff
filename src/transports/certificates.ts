// The certificate of TLS listeners: PEM files, or a self-signed one that is made once and kept in the data folder.

import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { generate } from 'selfsigned';

export interface CertificateSettings {
  selfSigned: boolean;
  certificateFile: string | undefined;
  keyFile: string | undefined;
}

export interface Certificate {
  certificate: string;
  key: string;
  /** SHA-256 of the certificate, hexadecimal bytes with colons. */
  fingerprint: string;
}

const validDays = 3650;

/** Reads the named files; without them reads or makes the self-signed certificate below `dataPath`. Rejects with the file's name in the message. */
export async function loadCertificate(settings: CertificateSettings, dataPath: string): Promise<Certificate> {
  if (settings.certificateFile !== undefined && settings.keyFile !== undefined) {
    return described(await read(settings.certificateFile), await read(settings.keyFile));
  }
  const folder = path.join(dataPath, 'certificates');
  const certificateFile = path.join(folder, 'self-signed.pem');
  const keyFile = path.join(folder, 'self-signed-key.pem');
  try {
    return described(await readFile(certificateFile, 'utf8'), await readFile(keyFile, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const notAfterDate = new Date(Date.now() + validDays * 86_400_000);
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    notAfterDate,
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
  return described(made.cert, made.private);
}

function described(certificate: string, key: string): Certificate {
  return { certificate, key, fingerprint: new X509Certificate(certificate).fingerprint256 };
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`the TLS file ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
