// Changes of personal access tokens. Everybody manages their own, nobody another's.

import { ProtocolError } from '../protocol/protocol-error.ts';
import type { System } from './system.ts';
import { hashToken, makeToken, type Token, tokenRow } from './tokens.ts';
import type { User } from './users.ts';

const nameBytes = { min: 3, max: 30 };
const u64Max = 0xffff_ffff_ffff_ffffn;

/**
 * Makes a token that ends `lifetimeMicros` from now, 0 and 2⁶⁴ − 1 meaning never. Resolves to its text, which is kept nowhere.
 * Errors: 50 length of the name, 20 the owner is gone, 52 too many, 51 name taken.
 */
export function createToken(system: System, owner: User, name: string, lifetimeMicros: bigint): Promise<string> {
  const length = Buffer.byteLength(name);
  if (length < nameBytes.min || length > nameBytes.max) {
    throw new ProtocolError('invalid-personal-access-token-name', `${length} bytes, ${nameBytes.min} to ${nameBytes.max} are allowed`);
  }
  return system.mutate(async () => {
    requirePresent(system, owner);
    const max = system.limits.tokensPerUserMax;
    if (owner.tokens.size >= max) throw new ProtocolError('personal-access-tokens-limit-reached', `${max} exist`);
    if (owner.tokens.get(name) !== undefined) throw new ProtocolError('personal-access-token-already-exists', name);
    const text = makeToken();
    const expiresAt = expiryOf(system.clock.nowMicros(), lifetimeMicros);
    const token: Token = { id: owner.tokens.lowestFreeId(), name, owner, hash: hashToken(text), expiresAt };
    await system.store.commit([{ put: 'token', ids: [owner.id, token.id], row: tokenRow(token) }]);
    system.tokens.add(token);
    return text;
  });
}

/** Sessions that were opened with the token live on. Error: 20 no such token. */
export function deleteToken(system: System, owner: User, name: string): Promise<void> {
  return system.mutate(async () => {
    requirePresent(system, owner);
    const token = owner.tokens.get(name);
    if (token === undefined) throw new ProtocolError('resource-not-found', `token ${name}`);
    await removeTokens(system, [token]);
  });
}

/** Resolves to how many there were. */
export function removeExpiredTokens(system: System): Promise<number> {
  return system.mutate(async () => {
    const expired = system.tokens.expired(system.clock.nowMicros());
    if (expired.length > 0) await removeTokens(system, expired);
    return expired.length;
  });
}

async function removeTokens(system: System, tokens: readonly Token[]): Promise<void> {
  await system.store.commit(tokens.map(({ owner, id }) => ({ remove: 'token', ids: [owner.id, id] })));
  for (const token of tokens) system.tokens.delete(token);
}

/** The id may be another user's by now. */
function requirePresent(system: System, owner: User): void {
  if (system.users.get(owner.id) !== owner) throw new ProtocolError('resource-not-found', `user ${owner.id}`);
}

/** An end beyond what 64 bits can say is no end. */
function expiryOf(nowMicros: bigint, lifetimeMicros: bigint): bigint | undefined {
  if (lifetimeMicros === 0n) return undefined;
  const at = nowMicros + lifetimeMicros;
  return at >= u64Max ? undefined : at;
}
