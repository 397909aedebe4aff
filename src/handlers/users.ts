// Login and logout of both generations.

import { loginUser } from '../protocol/commands/login-user.ts';
import { logoutUser } from '../protocol/commands/logout-user.ts';
import { register } from '../protocol/commands/register.ts';
import { EvictionReason } from '../protocol/operations.ts';
import { isCompatibleProtocolVersion, protocolVersion } from '../protocol/primitives/protocol-version.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { Eviction } from './eviction.ts';
import { type Handler, handler, publicHandler } from './handler.ts';
import type { SystemFacts } from './system.ts';

export function userHandlers(facts: SystemFacts): Handler[] {
  return [
    publicHandler(loginUser, async ({ system, client }, { username, password }) => {
      const userId = await system.users.authenticate(username, password);
      client.userId = userId;
      return { userId };
    }),

    handler(logoutUser, ({ system, client, generation }) => {
      // A classic client stays in its groups, which belong to the connection; a VSR session takes them with it.
      if (generation === 'vsr') system.sessions.close(client);
      else client.userId = undefined;
      return undefined;
    }),

    publicHandler(register, async ({ system, client }, request) => {
      if (!isCompatibleProtocolVersion(request.protocolVersion)) throw new Eviction(EvictionReason.incompatibleProtocol);
      const userId = await authenticate(request.password, (login) => system.users.authenticate(login.username, login.password));
      if (userId === undefined) {
        // No access tokens exist, so that none can be right.
        if (request.token !== undefined) throw new Eviction(EvictionReason.invalidToken);
        throw new Eviction(request.password === undefined ? EvictionReason.malformedLogin : EvictionReason.invalidCredentials);
      }
      const session = system.sessions.open(client, client.presentedClientId, userId);
      if (session === undefined) throw new Eviction(EvictionReason.sessionError);
      return { userId, session, protocolVersion, serverVersion: facts.version };
    }),
  ];
}

/** Undefined for a refused login; other failures are thrown. */
async function authenticate<Login>(login: Login | undefined, verify: (login: Login) => Promise<number>): Promise<number | undefined> {
  if (login === undefined) return undefined;
  try {
    return await verify(login);
  } catch (error) {
    if (ProtocolError.is(error) && error.code !== 'transient-not-accepted') return undefined;
    throw error;
  }
}
