// Personal access tokens: passwords of a user's programs, made by the server, each with a name and perhaps an end.
//
// A token is 256 random bits, and what is kept of it is its SHA-256. A slow hash, as for passwords, protects what can be guessed; of 2²⁵⁶ equally likely tokens none can, so
// that a fast hash gives nothing away and lets a login by token cost nothing. For the same reason the hash may be looked up like any key: how long that takes says something
// about the hash of a wrong token, and nothing about a right one.

import { createHash, randomBytes } from 'node:crypto';
import type { IHasher } from 'hash-wasm';
import type { TokenRow } from '../storage/metadata/rows.ts';
import type { User } from './users.ts';

const tokenBytes = 32;
const importedPrefix = 'blake3:';

export interface Token {
  /** Unique among the owner's, used in the store only. */
  readonly id: number;
  readonly name: string;
  readonly owner: User;
  /** SHA-256 of the token's text, hexadecimal; of one that was made by Iggy, see `importedHash`. */
  readonly hash: string;
  /** Microseconds since 1970; undefined: never. */
  readonly expiresAt: bigint | undefined;
}

/** Every token of every user. */
export class Tokens {
  readonly #byHash = new Map<string, Token>();
  #blake3: IHasher | undefined;

  /** To be called before tokens are looked for of which some were made by Iggy. */
  async prepareImported(): Promise<void> {
    const { createBLAKE3 } = await import('hash-wasm');
    this.#blake3 = await createBLAKE3();
  }

  add(token: Token): void {
    this.#byHash.set(token.hash, token);
    token.owner.tokens.add(token);
  }

  delete(token: Token): void {
    this.#byHash.delete(token.hash);
    token.owner.tokens.delete(token);
  }

  deleteAllOf(owner: User): void {
    for (const token of owner.tokens.list()) this.delete(token);
  }

  /** The token of this text. */
  find(text: string): Token | undefined {
    const token = this.#byHash.get(hashToken(text));
    if (token !== undefined || this.#blake3 === undefined) return token;
    return this.#byHash.get(importedHash(this.#blake3.init().update(text).digest('hex')));
  }

  expired(nowMicros: bigint): Token[] {
    return [...this.#byHash.values()].filter((token) => isExpired(token, nowMicros));
  }
}

export function isExpired(token: Token, nowMicros: bigint): boolean {
  return token.expiresAt !== undefined && token.expiresAt <= nowMicros;
}

/** A new token's text: 43 characters. */
export function makeToken(): string {
  return randomBytes(tokenBytes).toString('base64url');
}

export function hashToken(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The hash that Iggy kept of a token, BLAKE3 in hexadecimal, as it is kept here. */
export function importedHash(blake3: string): string {
  return importedPrefix + blake3;
}

export function isImported({ hash }: Pick<Token, 'hash'>): boolean {
  return hash.startsWith(importedPrefix);
}

/** A token as the store keeps it. */
export function tokenRow({ name, hash, expiresAt }: Pick<Token, 'name' | 'hash' | 'expiresAt'>): TokenRow {
  return { name, hash, expiresAt: expiresAt === undefined ? null : String(expiresAt) };
}

export function tokenOfRow(owner: User, id: number, { name, hash, expiresAt }: TokenRow): Token {
  return { id, name, owner, hash, expiresAt: expiresAt === null ? undefined : BigInt(expiresAt) };
}
