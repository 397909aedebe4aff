// Access tokens that were revoked before their end. They are kept as long as they would be honoured otherwise, and their number is bounded.

import { ProtocolError } from '../protocol/protocol-error.ts';
import type { System } from './system.ts';

const revocationsMax = 100_000;

interface Revocation {
  /** The row's number in the store. */
  readonly id: number;
  /** Seconds since 1970. */
  readonly until: number;
}

export class Revocations {
  readonly #byTokenId = new Map<string, Revocation>();
  #lastId = 0;

  has(tokenId: string): boolean {
    return this.#byTokenId.has(tokenId);
  }

  get size(): number {
    return this.#byTokenId.size;
  }

  nextId(): number {
    return this.#lastId + 1;
  }

  add(tokenId: string, revocation: Revocation): void {
    this.#byTokenId.set(tokenId, revocation);
    this.#lastId = Math.max(this.#lastId, revocation.id);
  }

  delete(tokenId: string): void {
    this.#byTokenId.delete(tokenId);
  }

  /** Those that ended before a time, in seconds since 1970. */
  endedBefore(seconds: number): [tokenId: string, revocation: Revocation][] {
    return [...this.#byTokenId].filter(([, { until }]) => until < seconds);
  }
}

/** Revokes a token until it would have ended, in seconds since 1970. Errors: 78 it is revoked already, 58 too many are. */
export function revokeToken(system: System, tokenId: string, until: number): Promise<void> {
  const { revocations } = system;
  return system.mutate(async () => {
    if (revocations.has(tokenId)) throw new ProtocolError('invalid-access-token', 'it is revoked');
    if (revocations.size >= revocationsMax) throw new ProtocolError('transient-not-accepted', `${revocationsMax} tokens are revoked`);
    const id = revocations.nextId();
    await system.store.commit([{ put: 'revocation', ids: [id], row: { tokenId, until } }]);
    revocations.add(tokenId, { id, until });
  });
}

/** Forgets revocations of tokens that have ended. Resolves to how many there were. */
export function removeEndedRevocations(system: System): Promise<number> {
  return system.mutate(async () => {
    const ended = system.revocations.endedBefore(Math.floor(system.clock.nowMs() / 1000));
    if (ended.length > 0) await system.store.commit(ended.map(([, { id }]) => ({ remove: 'revocation' as const, ids: [id] })));
    for (const [tokenId] of ended) system.revocations.delete(tokenId);
    return ended.length;
  });
}
