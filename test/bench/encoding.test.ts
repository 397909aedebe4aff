// Batches that are stamped anew are what the codecs would have written; replies are read as the codecs read them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readPolled } from '../../src/bench/load/polled.ts';
import { prepareBatch } from '../../src/bench/load/prepared-batch.ts';
import { encodeClassicMessages } from '../../src/protocol/batch/classic-messages.ts';
import type { Message } from '../../src/protocol/batch/message.ts';
import { encodeBatch } from '../../src/protocol/batch/vsr-batch.ts';
import { pollMessages, resyncPartition } from '../../src/protocol/commands/poll-messages.ts';
import { sendMessages } from '../../src/protocol/commands/send-messages.ts';
import { Writer } from '../../src/protocol/writer.ts';
import { xxh3 } from '../protocol/support/xxh3.ts';
import { generations } from '../support/messages.ts';

const target = { stream: 's', topic: 't', partitioning: { kind: 'balanced' } } as const;

for (const generation of generations) {
  describe(generation, () => {
    const payloads = [1, 100, 3000].map((length) => Buffer.alloc(length, length));
    const messages = (origin: bigint): Message[] =>
      payloads.map((payload, index) => ({
        id: generation === 'classic' ? 0n : BigInt(index + 1),
        payload,
        headers: undefined,
        originTimestamp: origin,
      }));
    const encoded = (origin: bigint) =>
      generation === 'classic' ? encodeClassicMessages(messages(origin)) : encodeBatch(messages(origin), xxh3);

    it('a batch of another time is encoded as if it were new', () => {
      let id = 0n;
      const batch = prepareBatch(target, payloads, generation, () => ++id, xxh3);
      assert.deepEqual([batch.messages, batch.payloadBytes], [3, 3101]);
      for (const origin of [1_700_000_000_000_001, 1_800_000_000_123_456]) {
        batch.stamp(origin);
        const writer = new Writer();
        sendMessages.encodeRequest(writer, { ...target, count: 3, batch: encoded(BigInt(origin)) }, generation);
        assert.deepEqual(batch.body, writer.written);
      }
    });

    it('a reply is counted, and its first message found', () => {
      const stored = Buffer.from(encoded(1_700_000_000_000_001n));
      stored.writeBigUInt64LE(77n, generation === 'classic' ? 24 : 8);
      const batch = generation === 'classic' ? stored.subarray(3 * 16) : Buffer.concat([stored, stored]);
      if (generation === 'classic') batch.writeBigUInt64LE(77n, 24);
      const count = generation === 'classic' ? 3 : 6;
      const writer = new Writer();
      pollMessages.encodeReply(writer, { partition: 0, currentOffset: 99n, count, batch }, generation);
      assert.deepEqual(readPolled(writer.written, generation), {
        messages: count,
        payloadBytes: (count / 3) * 3101,
        offset: 77,
        originMicros: 1_700_000_000_000_001,
        resync: false,
      });
    });

    it('an empty reply says whether a member must look again', () => {
      for (const partition of [0, resyncPartition]) {
        const writer = new Writer();
        pollMessages.encodeReply(writer, { partition, currentOffset: 0n, count: 0, batch: Buffer.alloc(0) }, generation);
        const { messages, resync } = readPolled(writer.written, generation);
        assert.deepEqual([messages, resync], [0, partition === resyncPartition]);
      }
    });
  });
}
