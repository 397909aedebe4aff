// Who asks to come in, and whether they may.

import { ProtocolError } from '../protocol/protocol-error.ts';
import type { ClientRecord } from './clients.ts';
import { requirePassword } from './passwords.ts';
import type { System } from './system.ts';
import { isExpired } from './tokens.ts';
import { requireUsername, type User } from './users.ts';

/**
 * The user with this name and password. Names are names, also when they consist of digits.
 * Errors: 43 and 44 for lengths, 42 for unknown users and wrong passwords, 47 for inactive users, 58 when too many logins wait.
 */
export async function authenticatePassword(system: System, username: string, password: string): Promise<User> {
  requireUsername(username);
  requirePassword(password);
  const user = system.users.get(username);
  if (user?.active === false) throw new ProtocolError('user-inactive');
  const passwordHash = user?.passwordHash;
  const matches = await system.passwords.matches(passwordHash, password);
  // The password may have been changed while it was compared.
  if (user === undefined || !matches || user.passwordHash !== passwordHash) throw new ProtocolError('invalid-credentials');
  return user;
}

/** The user that the connection's certificate stands for, if that is who asks: a login under this name needs no password. */
export function userByCertificate(system: System, client: ClientRecord, username: string): User | undefined {
  if (client.certificateUser !== username) return undefined;
  const user = system.users.get(username);
  return user?.active === true ? user : undefined;
}

/** The owner of a token. Errors: 20 unknown, 54 expired, 47 for inactive users. */
export function authenticateToken(system: System, text: string): User {
  const token = system.tokens.find(text);
  if (token === undefined) throw new ProtocolError('resource-not-found', 'token');
  if (isExpired(token, system.clock.nowMicros())) throw new ProtocolError('personal-access-token-expired');
  if (!token.owner.active) throw new ProtocolError('user-inactive');
  return token.owner;
}

/**
 * To be called at the moment of signing a connection in: a password takes its time to be compared, in which all may have changed.
 * Errors: 100 the connection has ended, 42 the user was deleted, 47 deactivated.
 */
export function requireStillWelcome(system: System, client: ClientRecord, user: User): void {
  if (system.clients.get(client.id) !== client) throw new ProtocolError('client-not-found');
  if (system.users.get(user.id) !== user) throw new ProtocolError('invalid-credentials');
  if (!user.active) throw new ProtocolError('user-inactive');
}
