// Gives a producer its batches. Of fixed sizes there is one, of ranges a pool that is walked in turn; a shorter one is made where fewer messages are left.

import { drawn, type Range } from '../plan/amounts.ts';
import type { Batch, LoadClient } from './load-client.ts';

export interface BatchSource {
  /** A batch of at most so many messages. */
  next(messagesMax: number): Batch;
}

const pool = { batches: 64, bytes: 64_000_000 } as const;

export function createBatchSource(client: LoadClient, messageBytes: Range, messagesPerBatch: Range): BatchSource {
  const prepare = (messages: number) => client.prepare(Array.from({ length: messages }, () => drawn(messageBytes)));
  const fixed = messageBytes.min === messageBytes.max && messagesPerBatch.min === messagesPerBatch.max;
  const fitting = Math.floor(pool.bytes / (messageBytes.max * messagesPerBatch.max));
  const length = fixed ? 1 : Math.max(2, Math.min(pool.batches, fitting));
  const batches = Array.from({ length }, () => prepare(drawn(messagesPerBatch)));
  let at = 0;
  return {
    next(messagesMax) {
      const batch = batches[at++ % length] as Batch;
      return batch.messages <= messagesMax ? batch : prepare(messagesMax);
    },
  };
}
