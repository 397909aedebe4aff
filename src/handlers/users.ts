// Users. For those who may not manage users, a classic change is refused whether or not its target exists; under VSR, and for passwords, a missing target is told first.

import { changePassword } from '../protocol/commands/change-password.ts';
import { createUser } from '../protocol/commands/create-user.ts';
import { deleteUser } from '../protocol/commands/delete-user.ts';
import { getUser } from '../protocol/commands/get-user.ts';
import { getUsers } from '../protocol/commands/get-users.ts';
import { updatePermissions } from '../protocol/commands/update-permissions.ts';
import { updateUser } from '../protocol/commands/update-user.ts';
import { UserStatus } from '../protocol/primitives/enumerations.ts';
import type { Identifier } from '../protocol/primitives/identifier.ts';
import { noOptions } from '../protocol/primitives/options.ts';
import type { User as UserView } from '../protocol/primitives/user.ts';
import { requirePassword } from '../streaming/passwords.ts';
import * as users from '../streaming/user-commands.ts';
import type { User } from '../streaming/users.ts';
import { handler, type RequestContext } from './handler.ts';

export const userHandlers = [
  handler(getUser, ({ system, client }, request) => {
    const user = system.users.get(request.user);
    // An unknown name is an empty reply to everybody, an unknown number only to those who may read users.
    if (user === undefined && typeof request.user === 'string') return undefined;
    if (user === undefined || user.id !== client.userId) system.users.authorize(client.userId, 'read-users');
    return user && { ...userView(user), permissions: user.permissions };
  }),

  handler(getUsers, ({ system, client }) => {
    system.users.authorize(client.userId, 'read-users');
    return system.users.list().map(userView);
  }),

  handler(createUser, async ({ system, client }, request) => {
    system.users.authorize(client.userId, 'manage-users');
    const user = await users.createUser(system, { ...request, active: request.status === UserStatus.active });
    return { ...userView(user), permissions: user.permissions };
  }),

  handler(updateUser, async (context, request) => {
    authorizeManaging(context, request.user);
    const active = request.status === undefined ? undefined : request.status === UserStatus.active;
    await users.updateUser(context.system, request.user, { username: request.username, active, options: request.options });
  }),

  handler(deleteUser, async (context, request) => {
    authorizeManaging(context, request.user);
    await users.deleteUser(context.system, request.user);
  }),

  handler(updatePermissions, async (context, request) => {
    authorizeManaging(context, request.user);
    await users.updatePermissions(context.system, request.user, request.permissions);
  }),

  handler(changePassword, async ({ system, client }, request) => {
    requirePassword(request.currentPassword);
    requirePassword(request.newPassword);
    const user = system.users.require(request.user);
    if (user.id !== client.userId) system.users.authorize(client.userId, 'manage-users');
    await users.changePassword(system, user, request.currentPassword, request.newPassword);
  }),
];

/** Throws 41, under VSR 20 before it. */
function authorizeManaging({ system, client, generation }: RequestContext, target: Identifier): void {
  if (generation === 'vsr') system.users.require(target);
  system.users.authorize(client.userId, 'manage-users');
}

function userView(user: User): UserView {
  return {
    id: user.id,
    createdAt: user.createdAt,
    status: user.active ? UserStatus.active : UserStatus.inactive,
    username: user.name,
    options: noOptions,
  };
}
