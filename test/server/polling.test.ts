import assert from 'node:assert/strict';
import { it } from 'node:test';
import { deleteSegments } from '../../src/protocol/commands/delete-segments.ts';
import { PollingKind } from '../../src/protocol/primitives/polling-strategy.ts';
import { assertMessages, createTestTopic, generations, poll, send, testMessages } from '../support/messages.ts';
import { refused, serverSuite } from '../support/server-suite.ts';

for (const size of ['512 B', '1 KiB', '10 MiB']) {
  serverSuite(`polling segments of ${size}`, { SYSTEM_SEGMENT_SIZE: size, ENGINE_INDEX_CACHE_SIZE_MAX: '1 MiB' }, (suite) => {
    for (const generation of generations) {
      it(`${generation}: by offset and by time from any position, exactly what is asked for`, async () => {
        const client = await suite.login(generation);
        const name = await createTestTopic(client);
        const messages = testMessages(0, 400);
        for (let first = 0, size = 1; first < messages.length; first += size, size = 1 + ((size * 7) % 23)) {
          await send(client, name, messages.slice(first, first + size));
          // So that batches can be told apart by their time.
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        const all = (await poll(client, name)).messages;
        assertMessages(all, messages, 0n);
        for (let position = 0; position < messages.length; position += 13) {
          for (const count of [1, 7, 64]) {
            const expected = messages.slice(position, position + count);
            const byOffset = await poll(client, name, { strategy: { kind: PollingKind.offset, value: BigInt(position) }, count });
            assertMessages(byOffset.messages, expected, BigInt(position));
          }
          const timestamp = all[position]?.timestamp as bigint;
          const first = all.findIndex((message) => message.timestamp >= timestamp);
          const byTime = await poll(client, name, { strategy: { kind: PollingKind.timestamp, value: timestamp }, count: 9 });
          assertMessages(byTime.messages, messages.slice(first, first + 9), BigInt(first));
        }
      });
    }
  });
}

serverSuite('polling', { SYSTEM_SEGMENT_SIZE: '5 KiB' }, (suite) => {
  for (const generation of generations) {
    it(`${generation}: first, last and next`, async () => {
      const client = await suite.login(generation);
      const name = await createTestTopic(client);
      await send(client, name, testMessages(0, 25));
      const offsets = async (kind: PollingKind, count: number, autoCommit = false) =>
        (await poll(client, name, { strategy: { kind, value: 0n }, count, autoCommit })).messages.map(({ offset }) => Number(offset));
      assert.deepEqual(await offsets(PollingKind.first, 3), [0, 1, 2]);
      assert.deepEqual(await offsets(PollingKind.last, 3), [22, 23, 24], 'ascending');
      const walked: number[] = [];
      for (let more = true; more; ) {
        const step = await offsets(PollingKind.next, 4, true);
        walked.push(...step);
        more = step.length > 0;
      }
      assert.deepEqual(
        walked,
        Array.from({ length: 25 }, (_, index) => index),
      );
    });

    it(`${generation}: beyond the end nothing, more than there is a short result, no messages for a count of 0`, async () => {
      const client = await suite.login(generation);
      const name = await createTestTopic(client);
      await send(client, name, testMessages(0, 10));
      const count = async (value: bigint, wanted: number) =>
        (await poll(client, name, { strategy: { kind: PollingKind.offset, value }, count: wanted })).messages.length;
      assert.equal(await count(10n, 5), 0);
      assert.equal(await count(8n, 5), 2);
      assert.equal(await count(0n, 0), 0);
      await refused(poll(client, name, { partition: 1 }), 3007);
    });

    it(`${generation}: a time before all gives the first message, between two batches the second, after all nothing`, async () => {
      const client = await suite.login(generation);
      const name = await createTestTopic(client);
      await send(client, name, testMessages(0, 5));
      await new Promise((resolve) => setTimeout(resolve, 5));
      await send(client, name, testMessages(5, 5));
      const [first, second] = [0, 5].map((at) => BigInt(at));
      const timestamps = (await poll(client, name)).messages.map(({ timestamp }) => timestamp);
      const firstOffset = async (value: bigint) =>
        (await poll(client, name, { strategy: { kind: PollingKind.timestamp, value }, count: 1 })).messages[0]?.offset;
      assert.equal(await firstOffset(0n), first);
      assert.equal(await firstOffset((timestamps[4] as bigint) + 1n), second);
      assert.equal(await firstOffset((timestamps[9] as bigint) + 1n), undefined);
    });

    it(`${generation}: of messages with the same time stamp the first one is found`, async () => {
      const client = await suite.login(generation);
      const name = await createTestTopic(client);
      await send(client, name, testMessages(0, 30));
      const timestamp = (await poll(client, name)).messages[20]?.timestamp as bigint;
      const polled = await poll(client, name, { strategy: { kind: PollingKind.timestamp, value: timestamp }, count: 100 });
      assertMessages(polled.messages, testMessages(0, 30), 0n);
    });

    it(`${generation}: after segments were deleted every start below the first message begins there, with a full result`, async () => {
      const client = await suite.login(generation);
      const name = await createTestTopic(client);
      for (let index = 0; index < 25; index++) await send(client, name, testMessages(index, 1, 936 - (index % 3 === 0 ? 30 : 0)));
      await client.call(deleteSegments, { ...name, partition: 0, segmentsCount: 2 });
      const starts = [];
      for (const kind of [PollingKind.first, PollingKind.offset, PollingKind.timestamp, PollingKind.next]) {
        const { messages } = await poll(client, name, { strategy: { kind, value: 1n }, count: 5 });
        assert.equal(messages.length, 5);
        starts.push(Number(messages[0]?.offset));
      }
      assert.equal(new Set(starts).size, 1);
      assert.ok((starts[0] as number) > 0);
    });
  }
});
