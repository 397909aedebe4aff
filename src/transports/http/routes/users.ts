// Users.

import type { FastifyRequest } from 'fastify';
import { changePassword } from '../../../protocol/commands/change-password.ts';
import { createUser } from '../../../protocol/commands/create-user.ts';
import { deleteUser } from '../../../protocol/commands/delete-user.ts';
import { getUser } from '../../../protocol/commands/get-user.ts';
import { getUsers } from '../../../protocol/commands/get-users.ts';
import { updatePermissions } from '../../../protocol/commands/update-permissions.ts';
import { updateUser } from '../../../protocol/commands/update-user.ts';
import { UserStatus } from '../../../protocol/primitives/enumerations.ts';
import type { Identifier } from '../../../protocol/primitives/identifier.ts';
import type { UserDetails } from '../../../protocol/primitives/user.ts';
import { callerOf, type HttpApp, type HttpServices } from '../application/http-app.ts';
import { done, operation, pathOf } from '../application/operation.ts';
import { runCommand } from '../application/run-command.ts';
import { notFound } from '../request/failure.ts';
import { parseIdentifier } from '../request/identifier.ts';
import { givenOptions, noOptionsSchema } from '../views/options-view.ts';
import { type PermissionsBody, permissionsOf, permissionsSchema } from '../views/permissions-view.ts';
import { body, listOf, ref } from '../views/schema.ts';
import { statusSchema, userDetailsSchema, userDetailsView, userSchema, userView } from '../views/user-view.ts';

interface UserParams {
  Params: { user_id: string };
}

interface NewUserBody {
  username: string;
  password: string;
  status: keyof typeof UserStatus;
  permissions?: PermissionsBody | null;
  options?: Record<string, string> | null;
}

interface UpdateUserBody {
  username?: string | null;
  status?: keyof typeof UserStatus | null;
  /** What Iggy's C# client sends for `status`. */
  user_status?: keyof typeof UserStatus | null;
  options?: Record<string, string> | null;
}

const tag = 'Users';
const path = pathOf('user_id');
const username = { type: 'string', domain: { minLength: 3, maxLength: 50 } };
const password = { type: 'string', domain: { minLength: 3, maxLength: 100 } };
const optionalStatus = { type: ['string', 'null'], enum: [...statusSchema.enum, null] };

export function userRoutes(app: HttpApp, services: HttpServices): void {
  app.addSchema(userSchema);
  app.addSchema(userDetailsSchema);

  app.get('/users', { schema: operation('getUsers', tag, 'All users', { replies: { 200: listOf(ref('User')) } }) }, async (request) =>
    ((await runCommand(services, callerOf(request), getUsers, undefined)) ?? []).map(userView),
  );

  app.post<{ Body: NewUserBody }>(
    '/users',
    {
      schema: operation('createUser', tag, 'Creates a user', {
        body: body({ username, password, status: statusSchema, permissions: permissionsSchema, options: noOptionsSchema }, [
          'permissions',
          'options',
        ]),
        replies: { 200: ref('UserDetails') },
      }),
    },
    async (request) => {
      const { username, password, status, permissions, options } = request.body;
      const user = await runCommand(services, callerOf(request), createUser, {
        username,
        password,
        status: UserStatus[status],
        permissions: permissionsOf(permissions),
        options: givenOptions(options),
      });
      return userDetailsView(user as UserDetails);
    },
  );

  app.get<UserParams>(
    '/users/:user_id',
    {
      schema: operation('getUser', tag, 'One user', {
        path,
        replies: { 200: ref('UserDetails') },
        description: '`me` is the caller.',
      }),
    },
    async (request) => {
      const user = await runCommand(services, callerOf(request), getUser, { user: userOf(request) });
      if (user === undefined) throw notFound();
      return userDetailsView(user);
    },
  );

  app.put<UserParams & { Body: UpdateUserBody }>(
    '/users/:user_id',
    {
      schema: operation('updateUser', tag, 'Changes the name or the status of a user', {
        path,
        body: body(
          {
            username: { ...username, type: ['string', 'null'] },
            status: optionalStatus,
            user_status: optionalStatus,
            options: noOptionsSchema,
          },
          ['username', 'status', 'user_status', 'options'],
        ),
        replies: { 204: done },
      }),
    },
    async (request, reply) => {
      const { username, status, user_status: otherStatus, options } = request.body;
      const given = status ?? otherStatus;
      await runCommand(services, callerOf(request), updateUser, {
        user: userOf(request),
        username: username ?? undefined,
        status: given ? UserStatus[given] : undefined,
        options: givenOptions(options),
      });
      return reply.code(204).send();
    },
  );

  app.delete<UserParams>(
    '/users/:user_id',
    { schema: operation('deleteUser', tag, 'Deletes a user with all tokens', { path, replies: { 204: done } }) },
    async (request, reply) => {
      await runCommand(services, callerOf(request), deleteUser, { user: userOf(request) });
      return reply.code(204).send();
    },
  );

  app.put<UserParams & { Body: { permissions?: PermissionsBody | null } }>(
    '/users/:user_id/permissions',
    {
      schema: operation('updatePermissions', tag, 'Replaces the permissions of a user', {
        path,
        body: body({ permissions: permissionsSchema }, ['permissions']),
        replies: { 204: done },
      }),
    },
    async (request, reply) => {
      const permissions = permissionsOf(request.body.permissions);
      await runCommand(services, callerOf(request), updatePermissions, { user: userOf(request), permissions });
      return reply.code(204).send();
    },
  );

  app.put<UserParams & { Body: { current_password: string; new_password: string } }>(
    '/users/:user_id/password',
    {
      schema: operation('changePassword', tag, 'Changes the password of a user', {
        path,
        body: body({ current_password: password, new_password: password }),
        replies: { 204: done },
      }),
    },
    async (request, reply) => {
      const { current_password: currentPassword, new_password: newPassword } = request.body;
      await runCommand(services, callerOf(request), changePassword, { user: userOf(request), currentPassword, newPassword });
      return reply.code(204).send();
    },
  );
}

function userOf(request: FastifyRequest<UserParams>): Identifier {
  const { user_id: text } = request.params;
  return text === 'me' ? (callerOf(request).userId as number) : parseIdentifier(text);
}
