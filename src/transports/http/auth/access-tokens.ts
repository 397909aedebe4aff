// Access tokens: JWTs that a login hands out and every other request carries.
//
// A token names its user by number, and numbers are given again when users are deleted: so it also says when that user was made. What verified once is remembered for as long as
// it holds, since a signature costs more than the rest of a request; whether the user is still there and active, and the token not revoked, is looked at each time.

import { createHash, randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { Generation } from '../../../protocol/command.ts';
import { ProtocolError } from '../../../protocol/protocol-error.ts';
import { revokeToken } from '../../../streaming/revocations.ts';
import type { System } from '../../../streaming/system.ts';
import type { User } from '../../../streaming/users.ts';
import { type JwtKeySettings, type JwtKeys, jwtKeys } from './jwt-keys.ts';
import { type TrustedIssuer, TrustedIssuers } from './trusted-issuers.ts';

export interface JwtSettings extends JwtKeySettings {
  readonly issuer: string;
  readonly audience: string;
  readonly validIssuers: readonly string[];
  readonly validAudiences: readonly string[];
  /** Undefined: never, which is a thousand million seconds. */
  readonly lifetimeMs: number | undefined;
  readonly clockSkewMs: number;
  readonly notBeforeMs: number;
  readonly trustedIssuers: readonly TrustedIssuer[];
}

export interface IssuedToken {
  readonly token: string;
  /** Seconds since 1970. */
  readonly expiry: number;
}

export interface VerifiedToken {
  readonly user: User;
  /** What a revocation names. */
  readonly id: string;
  /** Seconds since 1970 after which it is not honoured, the clocks' tolerance included. */
  readonly until: number;
  /** Of the client that logged in. */
  readonly generation: Generation;
}

const neverSeconds = 1_000_000_000;
const rememberedMax = 4096;
const tokenLengthMax = 8 * 1024;
/** When the user was made, microseconds since 1970. */
const userClaim = 'galgo_user_since';
/** There for clients of Iggy 0.9, which expect other checksums of messages than those of 0.8. */
const generationClaim = 'galgo_generation';
const requiredClaims = ['jti', 'iss', 'aud', 'sub', 'iat', 'exp', 'nbf', userClaim];

export class AccessTokens {
  readonly #system: System;
  readonly #settings: JwtSettings;
  readonly #keys: JwtKeys;
  readonly #trusted: TrustedIssuers;
  readonly #remembered = new Map<string, VerifiedToken>();
  /** The one that was asked for last: to compare a token takes less than to hash it. */
  #latest: { readonly token: string; readonly verified: VerifiedToken } | undefined = undefined;

  /** Throws if the secrets do not serve the algorithm. */
  constructor(system: System, settings: JwtSettings) {
    this.#system = system;
    this.#settings = settings;
    this.#keys = jwtKeys(settings);
    this.#trusted = new TrustedIssuers(settings.trustedIssuers, () => system.clock.nowMs());
    if (this.#keys.warning !== undefined) system.log.warn(this.#keys.warning);
  }

  async issue(user: User, generation: Generation): Promise<IssuedToken> {
    const { algorithm, issuer, audience, lifetimeMs, notBeforeMs } = this.#settings;
    const now = this.#nowSeconds();
    const expiry = now + (lifetimeMs === undefined ? neverSeconds : Math.floor(lifetimeMs / 1000));
    const token = await new SignJWT({
      [userClaim]: String(user.createdAt),
      ...(generation === 'vsr' ? { [generationClaim]: generation } : {}),
    })
      .setProtectedHeader({ typ: 'JWT', alg: algorithm })
      .setJti(randomUUID())
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(String(user.id))
      .setIssuedAt(now)
      .setExpirationTime(expiry)
      .setNotBefore(now + Math.floor(notBeforeMs / 1000))
      .sign(this.#keys.sign);
    return { token, expiry };
  }

  /** A token that verified before and still holds. */
  remembered(token: string): VerifiedToken | undefined {
    if (this.#latest?.token !== token) {
      const verified = this.#remembered.get(token);
      if (verified === undefined) return undefined;
      this.#latest = { token, verified };
    }
    const { verified } = this.#latest;
    if (this.holds(verified)) return verified;
    this.#remembered.delete(token);
    this.#latest = undefined;
    return undefined;
  }

  /** Whether what was verified is still to be honoured. */
  holds({ user, id, until }: VerifiedToken): boolean {
    const { users, revocations } = this.#system;
    return this.#nowSeconds() <= until && user.active && users.get(user.id) === user && !revocations.has(id);
  }

  /** Rejects with 40 for a token that is not to be honoured. */
  async verify(token: string): Promise<VerifiedToken> {
    if (token.length > tokenLengthMax) throw new ProtocolError('unauthenticated', 'the token is too long');
    const verified = await this.#verifySignature(token).catch((error: unknown) => {
      if (ProtocolError.is(error)) throw error;
      throw new ProtocolError('unauthenticated', 'the token does not verify');
    });
    if (!this.holds(verified)) throw new ProtocolError('unauthenticated', 'the token is no longer honoured');
    this.#remember(token, verified);
    return verified;
  }

  /** Another token for one that still holds, which is revoked. Errors: 78, 73 for another algorithm, 40. */
  async refresh(token: string): Promise<{ user: User; issued: IssuedToken }> {
    const header = readHeader(token);
    if (header === undefined) throw new ProtocolError('invalid-access-token');
    if (this.#trusted.knows(header.issuer)) throw new ProtocolError('invalid-access-token', 'tokens of other issuers are not refreshed');
    if (header.algorithm !== this.#settings.algorithm) throw new ProtocolError('invalid-jwt-algorithm');
    const verified = await this.#verifySignature(token).catch(() => undefined);
    if (verified === undefined) throw new ProtocolError('unauthenticated', 'the token does not verify');
    if (this.#system.revocations.has(verified.id)) throw new ProtocolError('invalid-access-token', 'it is revoked');
    if (!this.holds(verified)) throw new ProtocolError('unauthenticated', 'the token is no longer honoured');
    await this.revoke(verified);
    return { user: verified.user, issued: await this.issue(verified.user, verified.generation) };
  }

  /** Survives a restart. Errors: 78 it is revoked already, 58 too many are. */
  revoke({ id, until }: VerifiedToken): Promise<void> {
    return revokeToken(this.#system, id, until);
  }

  async #verifySignature(token: string): Promise<VerifiedToken> {
    const header = readHeader(token);
    if (header === undefined) throw new ProtocolError('unauthenticated', 'the token cannot be read');
    if (this.#trusted.knows(header.issuer)) return await this.#verifyForeign(token, header.issuer as string);
    const { algorithm, validIssuers, validAudiences, clockSkewMs } = this.#settings;
    const clockSkew = Math.ceil(clockSkewMs / 1000);
    const { payload } = await jwtVerify(token, this.#keys.verify, {
      algorithms: [algorithm],
      issuer: [...validIssuers],
      audience: [...validAudiences],
      clockTolerance: clockSkew,
      currentDate: new Date(this.#system.clock.nowMs()),
      requiredClaims,
    });
    return {
      user: this.#userOf(payload),
      id: payload.jti as string,
      until: (payload.exp as number) + clockSkew,
      generation: payload[generationClaim] === 'vsr' ? 'vsr' : 'classic',
    };
  }

  async #verifyForeign(token: string, issuer: string): Promise<VerifiedToken> {
    const { userId, expiresAt } = await this.#trusted.verify(token, issuer);
    const user = this.#system.users.get(userId);
    if (user === undefined) throw new ProtocolError('unauthenticated', 'the user of the issuer does not exist');
    // Its own id may be missing, of any length, or that of another token.
    const id = createHash('sha256').update(token).digest('hex');
    return { user, id, until: expiresAt, generation: 'classic' };
  }

  #userOf(payload: JWTPayload): User {
    const user = /^\d{1,10}$/.test(payload.sub ?? '') ? this.#system.users.get(Number(payload.sub)) : undefined;
    if (user === undefined || payload[userClaim] !== String(user.createdAt)) {
      throw new ProtocolError('unauthenticated', 'the user of the token does not exist');
    }
    return user;
  }

  #remember(token: string, verified: VerifiedToken): void {
    if (this.#remembered.size >= rememberedMax) {
      const [oldest] = this.#remembered.keys();
      this.#remembered.delete(oldest as string);
    }
    this.#remembered.set(token, verified);
  }

  #nowSeconds(): number {
    return Math.floor(this.#system.clock.nowMs() / 1000);
  }
}

function readHeader(token: string): { algorithm: unknown; issuer: unknown } | undefined {
  if (token.length > tokenLengthMax) return undefined;
  try {
    return { algorithm: decodeProtectedHeader(token).alg, issuer: decodeJwt(token).iss };
  } catch {
    return undefined;
  }
}
