import assert from 'node:assert/strict';
import { it } from 'node:test';
import { encodeClassicMessages } from '../../src/protocol/batch/classic-messages.ts';
import type { Message } from '../../src/protocol/batch/message.ts';
import { encodeBatch } from '../../src/protocol/batch/vsr-batch.ts';
import { deleteTopic } from '../../src/protocol/commands/delete-topic.ts';
import { getStats } from '../../src/protocol/commands/get-stats.ts';
import { sendMessages } from '../../src/protocol/commands/send-messages.ts';
import { decodeUserHeaders, encodeUserHeaders, type UserHeader } from '../../src/protocol/primitives/user-headers.ts';
import { xxh3 } from '../protocol/support/xxh3.ts';
import {
  assertMessages,
  createTestTopic,
  generations,
  poll,
  send,
  type TopicName,
  testMessage,
  testMessages,
} from '../support/messages.ts';
import type { RawClient } from '../support/raw-client.ts';
import { refused, serverSuite } from '../support/server-suite.ts';

const MiB = 1024 * 1024;
const payloadBytesMax = 64_000_000;
const headersBytesMax = 100_000;

const message = (fields: Partial<Message> = {}): Message => ({
  id: 1n,
  payload: Buffer.from('payload'),
  headers: undefined,
  originTimestamp: 1n,
  ...fields,
});

/** A batch of one message that is as long as it says, however long: the codec would refuse to make it. */
function rawBatch(client: RawClient, { payload, headers }: { payload: Buffer; headers: Buffer }): Buffer {
  const small = message({ payload: payload.subarray(0, 1), headers: headers.length > 0 ? headers.subarray(0, 1) : undefined });
  if (client.generation === 'classic') {
    const head = Buffer.from(encodeClassicMessages([small]).subarray(0, 16 + 64));
    head.writeUInt32LE(64 + payload.length + headers.length, 4);
    head.writeUInt32LE(headers.length, 16 + 48);
    head.writeUInt32LE(payload.length, 16 + 52);
    return Buffer.concat([head, payload, headers]);
  }
  const batch = Buffer.concat([encodeBatch([small], xxh3).subarray(0, 256 + 48), payload, headers]);
  batch.writeUInt32LE(headers.length, 256 + 32);
  batch.writeUInt32LE(payload.length, 256 + 36);
  batch.writeBigUInt64LE(xxh3(batch.subarray(256 + 8)), 256);
  batch.writeBigUInt64LE(BigInt(batch.length), 32);
  batch.writeBigUInt64LE(xxh3(Buffer.concat([batch.subarray(0, 40), batch.subarray(48, 52), batch.subarray(256, 264)])), 40);
  return batch;
}

function sendRaw(client: RawClient, name: TopicName, sizes: { payload: number; headers: number }) {
  // User headers that are none, but for their length: one key and one value of 1 to 255 bytes each, over and over.
  const batch = rawBatch(client, { payload: Buffer.alloc(sizes.payload, 'p'), headers: paddedHeaders(sizes.headers) });
  return client.call(sendMessages, { ...name, partitioning: { kind: 'partition', partition: 0 }, count: 1, batch });
}

/** Sound user headers of exactly `bytes` bytes, 0 or at least 520. */
function paddedHeaders(bytes: number): Buffer {
  const entry = (valueBytes: number) => {
    const head = Buffer.from([1, 1, 0, 0, 0, 107, 1, valueBytes, 0, 0, 0]);
    return Buffer.concat([head, Buffer.alloc(valueBytes, 'h')]);
  };
  const entries: Buffer[] = [];
  for (let left = bytes; left > 0; ) {
    const value = left - 11 <= 255 ? left - 11 : left - 11 - 255 < 12 ? 200 : 255;
    entries.push(entry(value));
    left -= 11 + value;
  }
  const all = Buffer.concat(entries);
  assert.equal(all.length, bytes);
  return all;
}

const everyKind: UserHeader[] = [
  { key: { kind: 'string', value: 'text' }, value: { kind: 'string', value: 'žluťoučký' } },
  { key: { kind: 'string', value: 'raw' }, value: { kind: 'raw', value: Buffer.from([0, 255, 7]) } },
  { key: { kind: 'string', value: 'bool' }, value: { kind: 'bool', value: true } },
  ...(['int8', 'int16', 'int32', 'uint8', 'uint16', 'uint32', 'float32', 'float64'] as const).map(
    (kind): UserHeader => ({ key: { kind: 'string', value: kind }, value: { kind, value: 100 } }),
  ),
  ...(['int64', 'int128', 'uint64', 'uint128'] as const).map(
    (kind): UserHeader => ({ key: { kind: 'string', value: kind }, value: { kind, value: 100n } }),
  ),
];

serverSuite('sending', {}, (suite) => {
  for (const generation of generations) {
    it(`${generation}: an empty batch is refused`, async () => {
      const client = await suite.login(generation);
      const name = await createTestTopic(client);
      const partitioning = { kind: 'partition' as const, partition: 0 };
      const batch = generation === 'classic' ? Buffer.alloc(0) : Buffer.from(encodeBatch([message()], xxh3).subarray(0, 256));
      if (generation === 'vsr') {
        batch.writeBigUInt64LE(256n, 32);
        batch.writeUInt32LE(0, 48);
        batch.writeBigUInt64LE(xxh3(Buffer.concat([batch.subarray(0, 40), batch.subarray(48, 52)])), 40);
      }
      await refused(client.call(sendMessages, { ...name, partitioning, count: 0, batch }), 4009);
    });

    it(`${generation}: user headers and payloads at their limits, and one byte beyond; the connection stays usable`, async () => {
      const client = await suite.login(generation);
      const name = await createTestTopic(client);
      await sendRaw(client, name, { payload: 10, headers: headersBytesMax });
      await refused(sendRaw(client, name, { payload: 10, headers: headersBytesMax + 1 }), 4017);
      await sendRaw(client, name, { payload: payloadBytesMax, headers: 0 });
      await refused(sendRaw(client, name, { payload: payloadBytesMax + 1, headers: 0 }), 4022);
      const { messages } = await poll(client, name, { strategy: { kind: 1, value: 0n }, count: 1 });
      assert.equal(messages[0]?.headers?.length, headersBytesMax);
      const large = await poll(client, name, { strategy: { kind: 1, value: 1n }, count: 1 });
      assert.ok(
        Buffer.from(large.messages[0]?.payload ?? []).equals(Buffer.alloc(payloadBytesMax, 'p')),
        'a reply of 64 MB arrives intact',
      );
      await client.call(deleteTopic, name);
    });

    it(`${generation}: offsets run over many batches, given ids survive`, async () => {
      const client = await suite.login(generation);
      const name = await createTestTopic(client);
      const messages = testMessages(0, 300);
      for (let first = 0; first < 300; first += 3) await send(client, name, messages.slice(first, first + 3));
      assertMessages((await poll(client, name)).messages, messages, 0n);
    });

    it(`${generation}: a message without an id gets one`, async () => {
      const client = await suite.login(generation);
      const name = await createTestTopic(client);
      await send(client, name, [message({ id: 0n }), message({ id: 0n })]);
      const ids = (await poll(client, name)).messages.map(({ id }) => id);
      assert.ok(ids.every((id) => id !== 0n));
      assert.equal(new Set(ids).size, 2);
    });

    it(`${generation}: user headers of every kind come back byte for byte`, async () => {
      const client = await suite.login(generation);
      const name = await createTestTopic(client);
      const headers = encodeUserHeaders(everyKind);
      await send(client, name, [message({ headers })]);
      for (const other of generations) {
        const reader = await suite.login(other);
        const [polled] = (await poll(reader, name)).messages;
        assert.ok(headers.equals(polled?.headers ?? Buffer.alloc(0)));
        assert.equal(decodeUserHeaders(polled?.headers ?? Buffer.alloc(0)).length, everyKind.length);
      }
    });
  }
});

serverSuite('sending to segments of 512 bytes', { SYSTEM_SEGMENT_SIZE: '512 B' }, (suite) => {
  it('messages sent one by one are readable at once, and after a restart', async () => {
    const client = await suite.login('classic');
    const name = await createTestTopic(client);
    const messages = testMessages(0, 60);
    for (const [index, each] of messages.entries()) {
      await send(client, name, [each]);
      assert.equal((await poll(client, name, { strategy: { kind: 4, value: 0n }, count: 1 })).messages[0]?.offset, BigInt(index));
    }
    await suite.restart('stop');
    assertMessages((await poll(await suite.login('vsr'), name)).messages, messages, 0n);
  });

  it('eight producers and two readers on one partition: nothing is lost, repeated or out of order, and memory stays low', async () => {
    const admin = await suite.login('vsr');
    const name = await createTestTopic(admin);
    const perProducer = 150;
    const producers = Array.from({ length: 8 }, async (_, producer) => {
      const client = await suite.login(generations[producer % 2] as 'classic' | 'vsr');
      for (let sent = 0; sent < perProducer; sent++) {
        const payload = Buffer.from(`${producer} ${sent}`);
        await send(client, name, [
          testMessage(producer * perProducer + sent),
          message({ id: BigInt(1_000_000 + sent), payload, originTimestamp: 1_700_000_000_000_000n }),
        ]);
      }
    });
    const readers = generations.map(async (generation) => {
      const client = await suite.login(generation);
      const next = new Array<number>(8).fill(0);
      for (let offset = 0; offset < 8 * perProducer * 2; ) {
        const { messages } = await poll(client, name, { strategy: { kind: 1, value: BigInt(offset) }, count: 100 });
        for (const polled of messages) {
          assert.equal(polled.offset, BigInt(offset++));
          if (polled.id < 1_000_000n) continue;
          const [producer, sent] = Buffer.from(polled.payload).toString().split(' ').map(Number) as [number, number];
          assert.equal(sent, next[producer]);
          next[producer] = sent + 1;
        }
      }
      assert.deepEqual(next, new Array(8).fill(perProducer));
    });
    await Promise.all([...producers, ...readers]);
    const stats = await admin.call(getStats, undefined);
    assert.ok(Number(stats?.memoryUsage) < 200 * MiB, `${stats?.memoryUsage} bytes`);
  });
});
