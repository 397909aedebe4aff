// The audit log: a line for every command that changes something or logs in: who, what, on which resource, from where, and what came of it.
//
// A line holds the fields named here and no others, so that neither a password nor a token can get into it. The name of a refused login is written only if a user has it:
// people type passwords into the wrong field.

import type { Logger } from '../observability/logger.ts';
import type { Command } from '../protocol/command.ts';
import { Operation } from '../protocol/operations.ts';
import type { User, Users } from '../streaming/users.ts';
import type { RequestContext } from './handler.ts';

/** Told what a command came to: `ok`, or the name of what it was refused with. */
export type AuditEnd = (outcome: string) => void;

export interface AuditLog {
  /** To be called before the command runs. Undefined for a command that is not audited. */
  begin(context: RequestContext, command: Command<unknown, unknown>, request: unknown): AuditEnd | undefined;
}

const loginCodes = new Set([38, 40, 44]);
const resourceFields = ['stream', 'topic', 'partitionsCount', 'partition', 'segmentsCount', 'group', 'user', 'username', 'name', 'status'];

/** Anybody can cause refused logins as fast as the network goes: of those in a second no more are written, the next line tells how many were not. */
const refusedLoginsPerSecond = 20;

export function createAuditLog(users: Users, log: Logger, nowMs: () => number): AuditLog {
  const mayWriteRefusal = rateLimit(nowMs);

  return {
    begin({ client, generation }, command, request) {
      const isLogin = loginCodes.has(command.code);
      if (!isLogin && !changesMetadata(command)) return undefined;
      const before = userOf(users, client.userId);
      return (outcome) => {
        const refusedLogin = isLogin && outcome !== 'ok';
        const unwritten = refusedLogin ? mayWriteRefusal() : 0;
        if (unwritten === undefined) return;
        const user = isLogin ? (refusedLogin ? userNamed(users, request) : userOf(users, client.userId)) : before;
        log.info(
          {
            audit: command.name,
            outcome,
            user: user && { id: user.id, name: user.name },
            resource: isLogin ? undefined : resourceOf(request),
            client: client.id,
            address: client.address,
            transport: client.transport,
            protocol: generation,
            unwritten: unwritten || undefined,
          },
          'audit',
        );
      };
    },
  };
}

/** Stored offsets are left out: they follow the messages, not the administration. */
function changesMetadata({ operation }: Command<unknown, unknown>): boolean {
  return operation === Operation.logout || (operation >= Operation.createStream && operation <= Operation.leaveConsumerGroup);
}

function userOf(users: Users, id: number | undefined): Pick<User, 'id' | 'name'> | undefined {
  const user = id === undefined ? undefined : users.get(id);
  return user && { id: user.id, name: user.name };
}

/** The user whom a login names, in the form of either generation. */
function userNamed(users: Users, request: unknown): User | undefined {
  const { username, password } = request as { username?: unknown; password?: unknown };
  const name = username ?? (password as { username?: unknown } | undefined)?.username;
  return typeof name === 'string' ? users.get(name) : undefined;
}

function resourceOf(request: unknown): Record<string, string | number> | undefined {
  const fields = (request ?? {}) as Record<string, unknown>;
  const named = resourceFields.flatMap((field): [string, string | number][] => {
    const value = fields[field];
    return typeof value === 'string' || typeof value === 'number' ? [[field, value]] : [];
  });
  return named.length === 0 ? undefined : Object.fromEntries(named);
}

/** How many were not written since the last one, or undefined if this one is not to be written either. */
function rateLimit(nowMs: () => number): () => number | undefined {
  let second = 0;
  let written = 0;
  let unwritten = 0;
  return () => {
    const now = Math.floor(nowMs() / 1000);
    if (now !== second) {
      second = now;
      written = 0;
    }
    if (written === refusedLoginsPerSecond) {
      unwritten++;
      return undefined;
    }
    written++;
    const skipped = unwritten;
    unwritten = 0;
    return skipped;
  };
}
