// Changes of users.

import type { Identifier } from '../protocol/primitives/identifier.ts';
import type { Options } from '../protocol/primitives/options.ts';
import type { Permissions } from '../protocol/primitives/permissions.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { Change } from '../storage/metadata/metadata-store.ts';
import { requirePassword } from './passwords.ts';
import { withoutPlace } from './permissions.ts';
import { refuseOptions } from './refuse-options.ts';
import type { System } from './system.ts';
import { requireUsername, rootUserId, User, type UserFacts, userRow } from './users.ts';

export interface NewUser {
  username: string;
  password: string;
  active: boolean;
  permissions: Permissions | undefined;
  options: Options;
}

/** What is undefined stays as it is. */
export interface UserUpdate {
  username: string | undefined;
  active: boolean | undefined;
  options: Options;
}

/** Errors: 4041 for any option, 43 and 44 for lengths, 46 name taken, 55 too many, 58 when too many passwords wait. */
export async function createUser(system: System, { username, password, active, permissions, options }: NewUser): Promise<User> {
  refuseOptions(options, 'users');
  requireUsername(username);
  requirePassword(password);
  requireFreeName(system, username, undefined);
  requireRoom(system);
  const passwordHash = await system.passwords.hash(password);
  return system.mutate(async () => {
    requireFreeName(system, username, undefined);
    requireRoom(system);
    const createdAt = system.clock.nowMicros();
    const user = new User(system.users.lowestFreeId(), { name: username, createdAt, passwordHash, active, permissions });
    await system.store.commit([{ put: 'user', ids: [user.id], row: userRow(user.facts) }]);
    system.users.add(user);
    return user;
  });
}

/** Errors: 4041 for any option, 43 length, 20, 45 deactivating root, 46 name taken by another. */
export function updateUser(system: System, identifier: Identifier, { username, active, options }: UserUpdate): Promise<void> {
  refuseOptions(options, 'users');
  if (username !== undefined) requireUsername(username);
  return system.mutate(async () => {
    const user = system.users.require(identifier);
    const changed = { name: username ?? user.name, active: active ?? user.active };
    if (user.id === rootUserId && !changed.active) throw new ProtocolError('invalid-user-status', 'the root user stays active');
    requireFreeName(system, changed.name, user);
    await putUser(system, user, changed);
    system.users.rename(user, () => {
      user.name = changed.name;
      user.active = changed.active;
    });
  });
}

/** Removes a user with all tokens; connections that were logged in as that user no longer are. Errors: 20, 48 root. */
export function deleteUser(system: System, identifier: Identifier): Promise<void> {
  return system.mutate(async () => {
    const user = system.users.require(identifier);
    if (user.id === rootUserId) throw new ProtocolError('cannot-delete-user');
    const ids = [user.id];
    await system.store.commit([
      { remove: 'user', ids },
      { remove: 'token', ids, below: true },
    ]);
    system.users.delete(user);
    system.tokens.deleteAllOf(user);
    for (const client of system.clients.list()) {
      if (client.userId === user.id) system.sessions.close(client);
    }
  });
}

/** Replaces all permissions; undefined takes them away. Errors: 20, 49 root. */
export function updatePermissions(system: System, identifier: Identifier, permissions: Permissions | undefined): Promise<void> {
  return system.mutate(async () => {
    const user = system.users.require(identifier);
    if (user.id === rootUserId) throw new ProtocolError('cannot-change-permissions');
    await putUser(system, user, { permissions });
    user.permissions = permissions;
  });
}

/** Open sessions live on. Errors: 20, 42 the current password is wrong, 58 when too many passwords wait. Lengths are the caller's to check. */
export async function changePassword(system: System, user: User, current: string, replacement: string): Promise<void> {
  const compared = user.passwordHash;
  if (!(await system.passwords.matches(compared, current))) throw new ProtocolError('invalid-credentials');
  const passwordHash = await system.passwords.hash(replacement);
  await system.mutate(async () => {
    if (system.users.get(user.id) !== user) throw new ProtocolError('resource-not-found', `user ${user.id}`);
    // Of two changes at once the first one counts: for the second the current password is no longer that.
    if (user.passwordHash !== compared) throw new ProtocolError('invalid-credentials');
    await putUser(system, user, { passwordHash });
    user.passwordHash = passwordHash;
  });
}

/**
 * What must become of permissions when a stream, or a topic in it, is deleted: ids are given again, and a grant must not pass to the next holder.
 * `changes` belong in the commit of the deletion; `apply` is to be called after it. Within `mutate`.
 */
export function dropPermissions(system: System, streamId: number, topicId?: number): { changes: Change[]; apply(): void } {
  const affected: { user: User; permissions: Permissions }[] = [];
  for (const user of system.users.values()) {
    if (user.permissions === undefined) continue;
    const permissions = withoutPlace(user.permissions, streamId, topicId);
    if (permissions !== user.permissions) affected.push({ user, permissions });
  }
  return {
    changes: affected.map(({ user, permissions }) => ({ put: 'user', ids: [user.id], row: userRow({ ...user.facts, permissions }) })),
    apply() {
      for (const { user, permissions } of affected) user.permissions = permissions;
    },
  };
}

/** Commits a user's row with the changes. */
function putUser(system: System, user: User, changes: Partial<UserFacts>): Promise<void> {
  return system.store.commit([{ put: 'user', ids: [user.id], row: userRow({ ...user.facts, ...changes }) }]);
}

function requireFreeName(system: System, name: string, own: User | undefined): void {
  const holder = system.users.get(name);
  if (holder !== undefined && holder !== own) throw new ProtocolError('user-already-exists', name);
}

function requireRoom(system: System): void {
  const max = system.limits.usersMax;
  if (system.users.size >= max) throw new ProtocolError('users-limit-reached', `${max} exist`);
}
