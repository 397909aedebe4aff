// Tokens of other issuers, verified through the key sets that they publish (RFC 7517). Whatever such a token says of its subject, the caller is the one user that the settings
// name for the issuer.
//
// A key set is fetched when a token names a key that is not known, at most once in ten seconds whether that succeeds or not: anybody can make up tokens with unknown keys.

import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey, jwtVerify } from 'jose';

export interface TrustedIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly keySetUrl: string;
  /** Never root's. */
  readonly userId: number;
}

export interface ForeignToken {
  readonly userId: number;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

const fetchTimeoutMs = 5_000;
const fetchIntervalMs = 10_000;
const keySetLifetimeMs = 600_000;
const keySetBytesMax = 256 * 1024;
const leewaySeconds = 60;
/** What a public key can verify. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

export class TrustedIssuers {
  readonly #byName = new Map<string, { readonly settings: TrustedIssuer; readonly keys: JWTVerifyGetKey }>();

  constructor(issuers: readonly TrustedIssuer[], nowMs: () => number) {
    for (const settings of issuers)
      this.#byName.set(normalized(settings.issuer), { settings, keys: remoteKeys(settings.keySetUrl, nowMs) });
  }

  /** Whether tokens that say they are of this issuer are verified here. */
  knows(issuer: unknown): boolean {
    return typeof issuer === 'string' && this.#byName.has(normalized(issuer));
  }

  /** Rejects if the token does not verify. */
  async verify(token: string, issuer: string): Promise<ForeignToken> {
    const known = this.#byName.get(normalized(issuer));
    if (known === undefined) throw new Error('the issuer is not trusted');
    const { settings, keys } = known;
    const { payload } = await jwtVerify(token, keys, {
      algorithms,
      issuer: settings.issuer,
      audience: settings.audience,
      clockTolerance: leewaySeconds,
      requiredClaims: ['exp'],
    });
    return { userId: settings.userId, expiresAt: (payload.exp as number) + leewaySeconds };
  }
}

function remoteKeys(url: string, nowMs: () => number): JWTVerifyGetKey {
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  return createRemoteJWKSet(new URL(url), {
    timeoutDuration: fetchTimeoutMs,
    cooldownDuration: fetchIntervalMs,
    cacheMaxAge: keySetLifetimeMs,
    [customFetch]: async (address, options) => {
      if (nowMs() - fetchedAtMs < fetchIntervalMs) throw new Error('the key set was asked for a moment ago');
      fetchedAtMs = nowMs();
      const response = await fetch(address, options as RequestInit);
      return new Response(await boundedBody(response), { status: response.status });
    },
  });
}

async function boundedBody(response: Response): Promise<Blob> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > keySetBytesMax) throw new Error(`the key set is larger than ${keySetBytesMax} bytes`);
    chunks.push(chunk);
  }
  return new Blob(chunks);
}

/** Scheme and host in lower case, the path kept; what is no URL as a whole, without a slash at its end. */
function normalized(issuer: string): string {
  const [, origin, path] = /^([^/]+:\/\/[^/]*)(.*)$/.exec(issuer) ?? [];
  return origin === undefined ? issuer.toLowerCase().replace(/\/+$/, '') : origin.toLowerCase() + path;
}
