// What a handler is: one command, as a function of its request.

import type { Logger } from '../observability/logger.ts';
import type { Command, Generation } from '../protocol/command.ts';
import type { ClientRecord } from '../streaming/clients.ts';
import type { MessageSystem } from '../streaming/message-system.ts';
import type { System } from '../streaming/system.ts';

/** Of a handler that runs in workers too. */
export interface MessageContext {
  readonly system: MessageSystem;
  /** The connection that asks. */
  readonly client: ClientRecord;
  readonly generation: Generation;
  readonly log: Logger;
}

export interface RequestContext extends MessageContext {
  readonly system: System;
}

export interface Handler<Request = unknown, Reply = unknown> {
  readonly command: Command<Request, Reply>;
  /** `required`: refused with 40 on a connection that has not logged in. */
  readonly login: 'required' | 'none';
  /** Authorises, calls the domain, replies. Undefined is an empty reply: nothing to say, or nothing found. Refuses by throwing ProtocolError or Eviction. */
  handle(context: RequestContext, request: Request): Reply | undefined | Promise<Reply | undefined>;
}

/** A handler for those who have logged in. */
export function handler<Request, Reply>(
  command: Command<Request, Reply>,
  handle: (context: RequestContext, request: Request) => Reply | undefined | Promise<Reply | undefined>,
): Handler {
  return { command, login: 'required', handle } as Handler<Request, Reply> as Handler;
}

/** A handler that anybody may call. */
export function publicHandler<Request, Reply>(
  command: Command<Request, Reply>,
  handle: (context: RequestContext, request: Request) => Reply | undefined | Promise<Reply | undefined>,
): Handler {
  return { command, login: 'none', handle } as Handler<Request, Reply> as Handler;
}
