// A CA for tests, and what it signs.

import { generate } from 'selfsigned';

export interface PemPair {
  certificate: string;
  key: string;
}

/** As selfsigned numbers them: 1 e-mail, 2 DNS, 6 URI. */
export type AlternativeName = { type: 1 | 2 | 6; value: string } | { type: 7; ip: string };

export interface TestAuthority extends PemPair {
  issue(commonName: string, options?: { names?: AlternativeName[]; validMs?: number }): Promise<PemPair>;
}

const dayMs = 86_400_000;

export async function createAuthority(): Promise<TestAuthority> {
  const own = await generate([{ name: 'commonName', value: 'Test CA' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true },
    ],
  });
  return {
    certificate: own.cert,
    key: own.private,
    async issue(commonName, { names = [], validMs = dayMs } = {}) {
      const now = Date.now();
      const made = await generate([{ name: 'commonName', value: commonName }], {
        keyType: 'ec',
        curve: 'P-256',
        algorithm: 'sha256',
        ca: { cert: own.cert, key: own.private },
        notBeforeDate: new Date(now - 2 * dayMs),
        notAfterDate: new Date(now + validMs),
        extensions: [
          { name: 'basicConstraints', cA: false },
          { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }, ...names] },
        ],
      });
      return { certificate: made.cert, key: made.private };
    },
  };
}
