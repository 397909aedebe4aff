// Login, refresh and logout. A login runs the same command as on a connection, on a connection that lasts no longer.

import type { FastifyRequest } from 'fastify';
import type { Command, Generation } from '../../../protocol/command.ts';
import { type LoginReply, loginUser } from '../../../protocol/commands/login-user.ts';
import { loginWithPersonalAccessToken } from '../../../protocol/commands/login-with-personal-access-token.ts';
import { ProtocolError } from '../../../protocol/protocol-error.ts';
import { addressOf } from '../application/authentication.ts';
import type { HttpApp, HttpServices } from '../application/http-app.ts';
import { done, operation } from '../application/operation.ts';
import { runCommand } from '../application/run-command.ts';
import type { IssuedToken } from '../auth/access-tokens.ts';
import { body, nullable, ref, text } from '../views/schema.ts';
import { identitySchema } from '../views/user-view.ts';

interface LoginBody {
  username: string;
  password: string;
  version?: string | null;
  context?: string | null;
}

const tag = 'Logins';
const username = { ...text, domain: { minLength: 3, maxLength: 50 } };
const password = { ...text, domain: { minLength: 3, maxLength: 100 } };

export function loginRoutes(app: HttpApp, services: HttpServices): void {
  app.addSchema(identitySchema);
  const { accessTokens, loginThrottle, system } = services;

  const login = async <Request>(request: FastifyRequest, command: Command<Request, LoginReply>, given: Request, generation: Generation) => {
    const { ip } = request;
    loginThrottle.check(ip);
    const client = services.connected('http', addressOf(request));
    try {
      const { userId } = (await runCommand(services, client, command, given)) as LoginReply;
      return identityView(userId, await accessTokens.issue(system.users.require(userId), generation));
    } catch (error) {
      // Waiting in vain for a free place to compare passwords is no wrong password.
      if (ProtocolError.is(error) && error.code !== 'transient-not-accepted') loginThrottle.failed(ip);
      throw error;
    } finally {
      services.disconnected(client);
    }
  };

  app.post<{ Body: LoginBody }>(
    '/users/login',
    {
      config: { isPublic: true },
      schema: operation('login', tag, 'An access token for a name and a password', {
        body: body({ username, password, version: nullable(text), context: nullable(text) }, ['version', 'context']),
        replies: { 200: ref('Identity') },
        isPublic: true,
      }),
    },
    (request) => {
      const { username, password, version, context } = request.body;
      return login(request, loginUser, { username, password, version: version ?? '', context: context ?? '' }, generationOf(version));
    },
  );

  app.post<{ Body: { token: string } }>(
    '/personal-access-tokens/login',
    {
      config: { isPublic: true },
      schema: operation('loginWithPersonalAccessToken', tag, 'An access token for a personal one', {
        body: body({ token: text }),
        replies: { 200: ref('Identity') },
        isPublic: true,
      }),
    },
    (request) => login(request, loginWithPersonalAccessToken, { token: request.body.token }, 'classic'),
  );

  app.post<{ Body: { token: string } }>(
    '/users/refresh-token',
    {
      config: { isPublic: true },
      schema: operation('refreshToken', tag, 'A new access token for one that still holds, which is revoked', {
        body: body({ token: text }),
        replies: { 200: ref('Identity') },
        isPublic: true,
      }),
    },
    async (request) => {
      loginThrottle.check(request.ip);
      try {
        const { user, issued } = await accessTokens.refresh(request.body.token);
        return identityView(user.id, issued);
      } catch (error) {
        loginThrottle.failed(request.ip);
        throw error;
      }
    },
  );

  app.delete(
    '/users/logout',
    { schema: operation('logout', tag, 'Revokes the access token of the request', { replies: { 204: done } }) },
    async (request, reply) => {
      if (request.accessToken !== null) await accessTokens.revoke(request.accessToken);
      return reply.code(204).send();
    },
  );
}

/** Iggy's client libraries speak as servers 0.9 do from their version 0.11 on. */
function generationOf(version: string | null | undefined): Generation {
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})\./.exec(version ?? '') ?? [];
  return Number(major) > 0 || Number(minor) >= 11 ? 'vsr' : 'classic';
}

function identityView(userId: number, { token, expiry }: IssuedToken) {
  return { user_id: userId, access_token: { token, expiry } };
}
