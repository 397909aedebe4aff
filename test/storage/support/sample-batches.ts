// Batches of both generations as a producer sends them.

import { encodeClassicMessages } from '../../../src/protocol/batch/classic-messages.ts';
import type { Message, Xxh3 } from '../../../src/protocol/batch/message.ts';
import { encodeBatch } from '../../../src/protocol/batch/vsr-batch.ts';
import type { Generation } from '../../../src/protocol/command.ts';

/** Ids 1, 2, …; the payload of message i is `payloadBytes` bytes of value i modulo 256. */
export function sampleMessages(count: number, payloadBytes: number): Message[] {
  return Array.from({ length: count }, (_, i) => ({
    id: BigInt(i + 1),
    payload: new Uint8Array(payloadBytes).fill(i),
    headers: undefined,
    originTimestamp: 1_700_000_000_000_000n + BigInt(i),
  }));
}

export function encodeSample(generation: Generation, messages: readonly Message[], xxh3: Xxh3): Uint8Array {
  return generation === 'vsr' ? encodeBatch(messages, xxh3) : encodeClassicMessages(messages);
}
