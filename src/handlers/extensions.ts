// What is not Iggy's: the server tells what it has of it, and waits are taken back. docs/protocol-extensions.md describes the commands.

import { getExtensions } from '../protocol/commands/get-extensions.ts';
import { stopWaiting } from '../protocol/commands/stop-waiting.ts';
import { type Handler, handler } from './handler.ts';
import type { SystemFacts } from './system.ts';

export function extensionHandlers(facts: SystemFacts): Handler[] {
  return [
    handler(getExtensions, () => ({ longestWaitMs: facts.longestWaitMs })),

    handler(stopWaiting, ({ system, client }, { request }) => {
      system.pollWaits.stop(client, request);
      return undefined;
    }),
  ];
}
