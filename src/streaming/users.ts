// Users and their passwords (Argon2id, PHC form).

import { hash, verify } from '@node-rs/argon2';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { UserRow } from '../storage/metadata/rows.ts';

export const rootUserId = 0;

const usernameBytes = { min: 3, max: 50 };
const passwordBytes = { min: 3, max: 100 };
/** A hash takes about 20 MB and a processor for tens of milliseconds. */
const verificationsAtOnce = 2;
const verificationsWaitingMax = 256;

/** Hash of nothing that anybody knows: verified for unknown users, so that they take as long as known ones. */
const decoyHash = '$argon2id$v=19$m=19456,t=2,p=1$Z2FsZ28tZGVjb3ktc2FsdA$qLml5fSq1pAaTj2x0dGq3bH2a0nV5m5l0Q0mS4o0nEw';

export class Users {
  readonly #byId = new Map<number, UserRow>();
  readonly #byName = new Map<string, number>();
  #verifying = 0;
  readonly #waiting: (() => void)[] = [];

  add(id: number, row: UserRow): void {
    this.#byId.set(id, row);
    this.#byName.set(row.name, id);
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: number): UserRow | undefined {
    return this.#byId.get(id);
  }

  /**
   * The id of the user with this name and password. Names are names, also when they consist of digits.
   * Errors: 43 and 44 for lengths, 42 for unknown users and wrong passwords, 47 for inactive users, 58 when too many logins wait.
   */
  async authenticate(username: string, password: string): Promise<number> {
    requireBytes(username, usernameBytes, 'invalid-username');
    requireBytes(password, passwordBytes, 'invalid-password');
    const id = this.#byName.get(username);
    const row = id === undefined ? undefined : this.#byId.get(id);
    if (row !== undefined && !row.active) throw new ProtocolError('user-inactive');
    const matches = await this.#verify(row?.passwordHash ?? decoyHash, password);
    if (id === undefined || !matches) throw new ProtocolError('invalid-credentials');
    return id;
  }

  async #verify(passwordHash: string, password: string): Promise<boolean> {
    if (this.#verifying >= verificationsAtOnce) {
      if (this.#waiting.length >= verificationsWaitingMax) throw new ProtocolError('transient-not-accepted', 'too many logins wait');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#verifying++;
    try {
      return await verify(passwordHash, password);
    } catch {
      return false;
    } finally {
      this.#verifying--;
      this.#waiting.shift()?.();
    }
  }
}

export function hashPassword(password: string): Promise<string> {
  return hash(password);
}

function requireBytes(text: string, { min, max }: { min: number; max: number }, error: 'invalid-username' | 'invalid-password'): void {
  const length = Buffer.byteLength(text);
  if (length < min || length > max) throw new ProtocolError(error, `${length} bytes, ${min} to ${max} are allowed`);
}
