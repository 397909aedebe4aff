// Login and logout of both generations.

import { loginUser } from '../protocol/commands/login-user.ts';
import { loginWithPersonalAccessToken } from '../protocol/commands/login-with-personal-access-token.ts';
import { logoutUser } from '../protocol/commands/logout-user.ts';
import { type RegisterRequest, register } from '../protocol/commands/register.ts';
import { EvictionReason } from '../protocol/operations.ts';
import { isCompatibleProtocolVersion, protocolVersion } from '../protocol/primitives/protocol-version.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { ClientRecord } from '../streaming/clients.ts';
import { authenticatePassword, authenticateToken, requireStillWelcome, userByCertificate } from '../streaming/logins.ts';
import type { System } from '../streaming/system.ts';
import type { User } from '../streaming/users.ts';
import { Eviction } from './eviction.ts';
import { type Handler, handler, publicHandler } from './handler.ts';
import type { SystemFacts } from './system.ts';

export function loginHandlers(facts: SystemFacts): Handler[] {
  return [
    publicHandler(loginUser, async ({ system, client }, { username, password }) => {
      const user = userByCertificate(system, client, username) ?? (await authenticatePassword(system, username, password));
      requireStillWelcome(system, client, user);
      client.userId = user.id;
      return { userId: user.id };
    }),

    publicHandler(loginWithPersonalAccessToken, ({ system, client }, { token }) => {
      const user = authenticateToken(system, token);
      client.userId = user.id;
      return { userId: user.id };
    }),

    handler(logoutUser, ({ system, client, generation }) => {
      // A classic client stays in its groups, which belong to the connection; a VSR session takes them with it.
      if (generation === 'vsr') system.sessions.logout(client);
      else client.userId = undefined;
      return undefined;
    }),

    publicHandler(register, async ({ system, client }, request) => {
      // Of this request: another login may arrive on the connection while the password is compared.
      const { presentedClientId } = client;
      if (!isCompatibleProtocolVersion(request.protocolVersion)) throw new Eviction(EvictionReason.incompatibleProtocol);
      const user = await authenticate(system, client, request);
      const free = () => system.sessions.free(client, presentedClientId, user.id);
      const stillWelcome = () => evicting(EvictionReason.invalidCredentials, () => requireStillWelcome(system, client, user));
      stillWelcome();
      for (let freed = free(); freed !== undefined; freed = free()) {
        await freed;
        stillWelcome();
      }
      const session = system.sessions.open(client, presentedClientId, user.id);
      if (session === undefined) throw new Eviction(EvictionReason.sessionError);
      return { userId: user.id, session, protocolVersion, serverVersion: facts.version };
    }),
  ];
}

/** Refusals of a VSR login are evictions. */
function evicting(reason: EvictionReason, check: () => void): void {
  try {
    check();
  } catch (error) {
    throw ProtocolError.is(error) ? new Eviction(reason) : error;
  }
}

/** Tries the forms that the request fits: the password form, then the token form. What the last of them failed with is the answer. */
async function authenticate(system: System, client: ClientRecord, { password, token }: RegisterRequest): Promise<User> {
  let reason: EvictionReason = EvictionReason.malformedLogin;
  if (password !== undefined) {
    const certified = userByCertificate(system, client, password.username);
    if (certified !== undefined) return certified;
    try {
      return await authenticatePassword(system, password.username, password.password);
    } catch (error) {
      if (!ProtocolError.is(error) || error.code === 'transient-not-accepted') throw error;
      reason = EvictionReason.invalidCredentials;
    }
  }
  if (token !== undefined) {
    try {
      return authenticateToken(system, token.token);
    } catch (error) {
      if (!ProtocolError.is(error)) throw error;
      reason = error.code === 'user-inactive' ? EvictionReason.userInactive : EvictionReason.invalidToken;
    }
  }
  throw new Eviction(reason);
}
