// Runs a command that is not a send or a poll: decode, login check, handler, encode, audit. Decoding comes before the login check, as in the reference.

import type { AuditLog } from '../handlers/audit-log.ts';
import { Eviction } from '../handlers/eviction.ts';
import type { Handler, RequestContext } from '../handlers/handler.ts';
import type { Logger } from '../observability/logger.ts';
import type { Generation } from '../protocol/command.ts';
import { errorCodes, errorName } from '../protocol/errors.ts';
import { type EvictionReason, evictionName } from '../protocol/operations.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { Reader } from '../protocol/reader.ts';
import { Writer } from '../protocol/writer.ts';
import type { ClientRecord } from '../streaming/clients.ts';
import type { System } from '../streaming/system.ts';
import type { RequestSubject } from './request-observer.ts';

/** What a command came to. `early`: it was refused before its handler ran. */
export type ControlOutcome =
  | { kind: 'reply'; body: Buffer }
  | { kind: 'failure'; status: number; early: boolean }
  | { kind: 'eviction'; reason: EvictionReason };

/**
 * Runs one command. `body` must be memory of the caller's own: decoded requests keep views of it. `subject` gets what the request names. The result is a promise only if the
 * handler's is.
 */
export type RunControl = (
  client: ClientRecord,
  generation: Generation,
  handler: Handler,
  body: Buffer,
  subject: RequestSubject,
) => ControlOutcome | Promise<ControlOutcome>;

interface ControlParts {
  readonly system: System;
  readonly audit: AuditLog | undefined;
  readonly log: Logger;
}

export function createRunControl(parts: ControlParts): RunControl {
  return (client, generation, handler, body, subject) => runControl(parts, client, generation, handler, body, subject);
}

function runControl(
  services: ControlParts,
  client: ClientRecord,
  generation: Generation,
  handler: Handler,
  body: Buffer,
  subject: RequestSubject,
): ControlOutcome | Promise<ControlOutcome> {
  let request: unknown;
  try {
    request = handler.command.decodeRequest(new Reader(body), generation);
  } catch (error) {
    return failure(services, error, true);
  }
  noteSubject(request, subject);
  if (handler.login === 'required' && client.userId === undefined) {
    return { kind: 'failure', status: errorCodes.unauthenticated, early: true };
  }
  const context: RequestContext = { system: services.system, client, generation, log: services.log };
  const audited = services.audit?.begin(context, handler.command, request);
  const outcome = run(services, context, handler, request);
  if (audited === undefined) return outcome;
  if (!(outcome instanceof Promise)) {
    audited(outcomeName(outcome));
    return outcome;
  }
  return outcome.then((settled) => {
    audited(outcomeName(settled));
    return settled;
  });
}

function noteSubject(request: unknown, subject: RequestSubject): void {
  if (typeof request !== 'object' || request === null) return;
  const { stream, topic } = request as Partial<RequestSubject>;
  subject.stream = stream;
  subject.topic = topic;
}

function run(
  services: ControlParts,
  context: RequestContext,
  handler: Handler,
  request: unknown,
): ControlOutcome | Promise<ControlOutcome> {
  const { generation } = context;
  try {
    const reply = handler.handle(context, request);
    if (!(reply instanceof Promise)) return success(handler, reply, generation);
    return reply.then((value) => success(handler, value, generation)).catch((error: unknown) => failure(services, error, false));
  } catch (error) {
    return failure(services, error, false);
  }
}

function outcomeName(outcome: ControlOutcome): string {
  switch (outcome.kind) {
    case 'reply':
      return 'ok';
    case 'failure':
      return errorName(outcome.status) ?? String(outcome.status);
    case 'eviction':
      return evictionName(outcome.reason);
  }
}

function success(handler: Handler, reply: unknown, generation: Generation): ControlOutcome {
  const writer = new Writer();
  if (reply !== undefined) handler.command.encodeReply(writer, reply, generation);
  return { kind: 'reply', body: writer.written };
}

function failure(services: ControlParts, error: unknown, early: boolean): ControlOutcome {
  if (Eviction.is(error)) return { kind: 'eviction', reason: error.reason };
  if (ProtocolError.is(error)) return { kind: 'failure', status: error.status, early };
  services.log.error({ err: error }, 'command failed');
  return { kind: 'failure', status: errorCodes.error, early };
}
