// Passwords, kept as Argon2id hashes in PHC form. A hash takes about 20 MB and a processor for tens of milliseconds, so that few are computed at once and those who
// come when too many wait are refused.

import { hash, verify } from '@node-rs/argon2';
import { ProtocolError } from '../protocol/protocol-error.ts';

const passwordBytes = { min: 3, max: 100 };
const hashesAtOnce = 2;
const hashesWaitingMax = 256;

/** Hash of nothing that anybody knows: compared for unknown users, so that they take as long as known ones. */
const decoyHash = '$argon2id$v=19$m=19456,t=2,p=1$Z2FsZ28tZGVjb3ktc2FsdA$qLml5fSq1pAaTj2x0dGq3bH2a0nV5m5l0Q0mS4o0nEw';

export class Passwords {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** Throws 58 when too many wait. */
  hash(password: string): Promise<string> {
    return this.#run(() => hash(password));
  }

  /** Whether the password is that of the hash; without a hash it takes the same time and is not. Throws 58 when too many wait. */
  async matches(passwordHash: string | undefined, password: string): Promise<boolean> {
    const matches = await this.#run(() => verify(passwordHash ?? decoyHash, password));
    return passwordHash !== undefined && matches;
  }

  async #run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running < hashesAtOnce) {
      this.#running++;
    } else {
      if (this.#waiting.length >= hashesWaitingMax)
        throw new ProtocolError('transient-not-accepted', 'too many passwords wait to be checked');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      // A place goes straight to the one that waits longest, so that nobody can slip in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

/** Throws 44 for a length in bytes outside 3 to 100. */
export function requirePassword(password: string): void {
  const length = Buffer.byteLength(password);
  if (length < passwordBytes.min || length > passwordBytes.max) {
    throw new ProtocolError('invalid-password', `${length} bytes, ${passwordBytes.min} to ${passwordBytes.max} are allowed`);
  }
}
