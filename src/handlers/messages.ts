// What concerns messages and is not the hot path: flushing.

import { flushUnsavedBuffer } from '../protocol/commands/flush-unsaved-buffer.ts';
import { engineCall } from '../streaming/partition.ts';
import { handler } from './handler.ts';
import { authorizeTopic } from './topics.ts';

export const messageHandlers = [
  handler(flushUnsavedBuffer, async (context, request) => {
    const { system } = context;
    authorizeTopic(context, 'send-messages', request);
    const { handle } = system.topic(request.stream, request.topic).partition(request.partition);
    await engineCall((done) => void system.engine.flush(handle, request.fsync, done));
  }),
];
