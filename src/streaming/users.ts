// Users: who they are and what they may do.

import { type Permissions, readPermissions, writePermissions } from '../protocol/primitives/permissions.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { Reader } from '../protocol/reader.ts';
import { Writer } from '../protocol/writer.ts';
import type { UserRow } from '../storage/metadata/rows.ts';
import { Directory } from './directory.ts';
import { type Action, everyPermission, Grants } from './permissions.ts';
import type { Token } from './tokens.ts';

/** Made at the first start. May do everything, always: cannot be deleted, deactivated or given other permissions. */
export const rootUserId = 0;

const usernameBytes = { min: 3, max: 50 };

export interface UserFacts {
  name: string;
  /** Microseconds since 1970. */
  createdAt: bigint;
  /** Argon2id in PHC form. */
  passwordHash: string;
  active: boolean;
  /** Undefined: none at all. */
  permissions: Permissions | undefined;
}

export class User {
  readonly id: number;
  /** Microseconds since 1970. */
  readonly createdAt: bigint;
  readonly tokens = new Directory<Token>();
  name: string;
  passwordHash: string;
  active: boolean;
  #permissions: Permissions | undefined;
  #grants: Grants;

  constructor(id: number, facts: UserFacts) {
    this.id = id;
    this.createdAt = facts.createdAt;
    this.name = facts.name;
    this.passwordHash = facts.passwordHash;
    this.active = facts.active;
    this.#permissions = facts.permissions;
    this.#grants = new Grants(facts.permissions);
  }

  get permissions(): Permissions | undefined {
    return this.#permissions;
  }

  /** In force for the next request, also of open sessions. */
  set permissions(permissions: Permissions | undefined) {
    this.#permissions = permissions;
    this.#grants = new Grants(permissions);
  }

  get facts(): UserFacts {
    const { name, createdAt, passwordHash, active, permissions } = this;
    return { name, createdAt, passwordHash, active, permissions };
  }

  may(action: Action, streamId?: number, topicId?: number): boolean {
    return this.#grants.allows(action, streamId, topicId);
  }
}

export class Users extends Directory<User> {
  /** Throws 20. */
  require(identifier: number | string): User {
    const user = this.get(identifier);
    if (user === undefined) throw new ProtocolError('resource-not-found', `user ${identifier}`);
    return user;
  }

  /** Throws 41. Without ids the action concerns all streams, or all topics of the stream. */
  authorize(userId: number | undefined, action: Action, streamId?: number, topicId?: number): void {
    if (userId === rootUserId) return;
    if (userId !== undefined && this.get(userId)?.may(action, streamId, topicId)) return;
    const place = [streamId, topicId].filter((id) => id !== undefined).join('/');
    throw new ProtocolError('unauthorized', place === '' ? action : `${action} on ${place}`);
  }
}

/** Throws 43 for a length in bytes outside 3 to 50. */
export function requireUsername(username: string): void {
  const length = Buffer.byteLength(username);
  if (length < usernameBytes.min || length > usernameBytes.max) {
    throw new ProtocolError('invalid-username', `${length} bytes, ${usernameBytes.min} to ${usernameBytes.max} are allowed`);
  }
}

/** A user as the store keeps it. */
export function userRow(facts: UserFacts): UserRow {
  return {
    name: facts.name,
    createdAt: String(facts.createdAt),
    passwordHash: facts.passwordHash,
    active: facts.active,
    permissions: facts.permissions === undefined ? null : encodePermissions(facts.permissions),
  };
}

export function userOfRow(id: number, row: UserRow): User {
  const { name, passwordHash, active } = row;
  const stored = row.permissions ? readPermissions(new Reader(Buffer.from(row.permissions, 'base64'))) : undefined;
  const permissions = id === rootUserId ? everyPermission : stored;
  return new User(id, { name, createdAt: BigInt(row.createdAt), passwordHash, active, permissions });
}

function encodePermissions(permissions: Permissions): string {
  const writer = new Writer();
  writePermissions(writer, permissions);
  return writer.written.toString('base64');
}
