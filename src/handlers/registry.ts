// Every command that the server answers, apart from sends and polls, which have a path of their own (messages/).

import type { Generation } from '../protocol/command.ts';
import { codeOfOperation } from '../protocol/operations.ts';
import { consumerGroupHandlers } from './consumer-groups.ts';
import { consumerOffsetHandlers } from './consumer-offsets.ts';
import { extensionHandlers } from './extensions.ts';
import type { Handler } from './handler.ts';
import { loginHandlers } from './logins.ts';
import { messageHandlers } from './messages.ts';
import { partitionHandlers } from './partitions.ts';
import { snapshotHandler } from './snapshot.ts';
import { streamHandlers } from './streams.ts';
import { type SystemFacts, systemHandlers } from './system.ts';
import { tokenHandlers } from './tokens.ts';
import { topicHandlers } from './topics.ts';
import { userHandlers } from './users.ts';

export interface Handlers {
  /** By classic code; under VSR that is a read or a ping. */
  byCode(code: number, generation: Generation): Handler | undefined;
  /** By VSR operation. */
  byOperation(operation: number): Handler | undefined;
}

export function createHandlers(facts: SystemFacts): Handlers {
  const handlers = [
    ...systemHandlers(facts),
    snapshotHandler(facts),
    ...loginHandlers(facts),
    ...userHandlers,
    ...tokenHandlers,
    ...streamHandlers,
    ...topicHandlers,
    ...partitionHandlers,
    ...consumerGroupHandlers,
    ...consumerOffsetHandlers,
    ...messageHandlers,
    ...extensionHandlers(facts),
  ];
  const byCode = new Map(handlers.map((handler) => [handler.command.code, handler]));
  return {
    byCode: (code) => byCode.get(code),
    byOperation: (operation) => byCode.get(codeOfOperation(operation) ?? -1),
  };
}
