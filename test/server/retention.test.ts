import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { createTopic } from '../../src/protocol/commands/create-topic.ts';
import { deleteConsumerOffset } from '../../src/protocol/commands/delete-consumer-offset.ts';
import { deleteSegments } from '../../src/protocol/commands/delete-segments.ts';
import { getConsumerOffset } from '../../src/protocol/commands/get-consumer-offset.ts';
import { getTopic } from '../../src/protocol/commands/get-topic.ts';
import { purgeStream } from '../../src/protocol/commands/purge-stream.ts';
import { purgeTopic } from '../../src/protocol/commands/purge-topic.ts';
import { storeConsumerOffset } from '../../src/protocol/commands/store-consumer-offset.ts';
import { updateTopic } from '../../src/protocol/commands/update-topic.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import { commit, createTestGroup, groupConsumer, join } from '../support/groups.ts';
import { createTestTopic, generations, poll, send, type TopicName } from '../support/messages.ts';
import type { RawClient } from '../support/raw-client.ts';
import { eventually, refused, serverSuite } from '../support/server-suite.ts';

const messageBytes = 1000;
/** Of 5 KiB: one is full when a message finds that much in it, and takes that message still. */
const perSegment = 7;

/** Sends messages of 1000 bytes each, its head of 64 included, one by one. */
async function sendThousands(client: RawClient, name: TopicName, count: number, partition = 0): Promise<void> {
  for (let index = 0; index < count; index++) {
    const payload = Buffer.alloc(messageBytes - 64, 'x');
    await send(client, name, [{ id: BigInt(index + 1), payload, headers: undefined, originTimestamp: 1n }], {
      kind: 'partition',
      partition,
    });
  }
}

const firstOffset = async (client: RawClient, name: TopicName, partition = 0): Promise<number> =>
  Number((await poll(client, name, { partition, count: 1 })).messages[0]?.offset);

const settings = { SYSTEM_SEGMENT_SIZE: '5 KiB', SYSTEM_PARTITION_ENFORCE_FSYNC: 'true', DATA_MAINTENANCE_MESSAGES_INTERVAL: '200 ms' };

for (const generation of generations) {
  serverSuite(`${generation}: retention`, settings, (suite) => {
    const logs = (): string[] =>
      readdirSync(suite.dataPath, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.log'))
        .sort();

    it('25 messages of 1000 bytes lie in segments that begin at 0, 7, 14 and 21', async () => {
      const client = await suite.login(generation);
      const name = await createTestTopic(client);
      await sendThousands(client, name, 25);
      const topic = await client.call(getTopic, name);
      assert.equal(topic?.sizeBytes, 25_000n);
      const starts = logs().map((file) => Number(path.basename(file, '.log')));
      assert.deepEqual(
        starts,
        starts.map((_, index) => index * perSegment),
      );
      assert.equal(topic?.partitions[0]?.segmentsCount, starts.length);
      for (const file of logs()) assert.ok(statSync(path.join(suite.dataPath, file)).size > 0);
    });

    it('delete_segments removes the oldest with all files; the active one stays; the numbering goes on, also after a restart', async () => {
      let client = await suite.login(generation);
      const name = await createTestTopic(client);
      await sendThousands(client, name, 25);
      const before = (await client.call(getTopic, name))?.partitions[0];
      await client.call(deleteSegments, { ...name, partition: 0, segmentsCount: 0 });
      assert.equal(await firstOffset(client, name), 0);
      await client.call(deleteSegments, { ...name, partition: 0, segmentsCount: 1 });
      assert.equal(await firstOffset(client, name), perSegment);
      const after = (await client.call(getTopic, name))?.partitions[0];
      assert.equal(after?.segmentsCount, (before?.segmentsCount ?? 0) - 1);
      assert.equal(after?.messagesCount, 25n - BigInt(perSegment));
      assert.equal(after?.currentOffset, 24n);
      await client.call(deleteSegments, { ...name, partition: 0, segmentsCount: 100 });
      assert.equal((await client.call(getTopic, name))?.partitions[0]?.segmentsCount, 1);
      const first = await firstOffset(client, name);
      await suite.restart('stop');
      client = await suite.login(generation);
      assert.equal(await firstOffset(client, name), first);
      assert.equal((await client.call(getTopic, name))?.partitions[0]?.currentOffset, 24n);
      await sendThousands(client, name, 1);
      assert.equal((await client.call(getTopic, name))?.partitions[0]?.currentOffset, 25n);
      await refused(client.call(deleteSegments, { ...name, partition: 9, segmentsCount: 1 }), 3007);
    });

    it('the lowest committed offset of consumers and groups decides what may be deleted', async () => {
      const client = await suite.login(generation);
      const name = await createTestGroup(client, 1);
      await sendThousands(client, name, 25);
      await join(client, name);
      const deleteAll = () => client.call(deleteSegments, { ...name, partition: 0, segmentsCount: 100 });
      const store = (id: string, offset: bigint) =>
        client.call(storeConsumerOffset, { ...name, consumer: { kind: 1, id }, partition: 0, offset });
      await commit(client, name, 0, BigInt(perSegment - 2));
      await store('ahead', 24n);
      await deleteAll();
      assert.equal(await firstOffset(client, name), 0, 'one message of the segment is not committed');
      await commit(client, name, 0, BigInt(perSegment - 1));
      await deleteAll();
      assert.equal(await firstOffset(client, name), perSegment);
      await commit(client, name, 0, 24n);
      await store('behind', BigInt(perSegment));
      await deleteAll();
      assert.equal(await firstOffset(client, name), perSegment, 'the lowest of several decides');
      await client.call(deleteConsumerOffset, { ...name, consumer: { kind: 1, id: 'behind' }, partition: 0 });
      await deleteAll();
      assert.equal((await client.call(getTopic, name))?.partitions[0]?.segmentsCount, 1);
    });

    for (const [what, purge] of [
      ['topic', (client: RawClient, name: TopicName) => client.call(purgeTopic, name)],
      ['stream', (client: RawClient, name: TopicName) => client.call(purgeStream, { stream: name.stream })],
    ] as const) {
      it(`a purged ${what} has no messages and no offsets, one segment, and begins at 0, also after a restart`, async () => {
        let client = await suite.login(generation);
        const name = await createTestGroup(client, 1);
        await sendThousands(client, name, 25);
        await join(client, name);
        await commit(client, name, 0, 20n);
        const consumer = { kind: 1, id: 'reader' } as const;
        await client.call(storeConsumerOffset, { ...name, consumer, partition: 0, offset: 20n });
        await purge(client, name);
        await suite.restart('kill');
        client = await suite.login(generation);
        const partition = (await client.call(getTopic, name))?.partitions[0];
        assert.deepEqual([partition?.messagesCount, partition?.segmentsCount, partition?.sizeBytes], [0n, 1, 0n]);
        for (const each of [consumer, groupConsumer]) {
          assert.equal(await client.call(getConsumerOffset, { ...name, consumer: each, partition: 0 }), undefined);
        }
        await sendThousands(client, name, 1);
        assert.equal(await firstOffset(client, name), 0);
        assert.equal((await poll(client, name)).messages.length, 1, 'nothing from before the purge comes back');
      });
    }
  });
}

// Segments of this size can be made small by the server alone, so that the classic fields are the way to set the limits here.
serverSuite('retention by the cleaner', settings, (suite) => {
  const limited = async (client: RawClient, partitionsCount: number, limits: { messageExpiry?: bigint; maxTopicSize?: bigint }) => {
    const { stream } = await createTestTopic(client);
    const name = { stream, topic: 'limited' };
    const fields = { compression: 1 as const, replicationFactor: 1, options: noOptions };
    await client.call(createTopic, {
      stream,
      name: name.topic,
      partitionsCount,
      messageExpiry: limits.messageExpiry ?? 0n,
      maxTopicSize: limits.maxTopicSize ?? 0n,
      ...fields,
    });
    return name;
  };

  it('expired sealed segments vanish, the active one stays; those of a topic without expiry stay', async () => {
    const client = await suite.login('classic');
    const name = await limited(client, 1, { messageExpiry: 500_000n });
    const forever = await limited(client, 1, {});
    for (const each of [name, forever]) await sendThousands(client, each, 25);
    await eventually('expiry', async () => (await client.call(getTopic, name))?.partitions[0]?.segmentsCount === 1);
    assert.equal((await client.call(getTopic, name))?.partitions[0]?.currentOffset, 24n);
    assert.equal(await firstOffset(client, forever), 0);
  });

  it('a topic is kept below its size by removing the oldest segments of all partitions, and a consumer is respected', async () => {
    const client = await suite.login('classic');
    const name = await limited(client, 3, { maxTopicSize: 40_000n });
    const consumer = { kind: 1, id: 'slow' } as const;
    for (let round = 0; round < 4; round++) {
      for (let partition = 0; partition < 3; partition++) {
        await sendThousands(client, name, 6, partition);
        if (round === 0 && partition === 0) await client.call(storeConsumerOffset, { ...name, consumer, partition: 0, offset: 0n });
      }
    }
    await eventually('the size', async () => ((await client.call(getTopic, name))?.sizeBytes ?? 0n) < 36_000n);
    assert.equal(await firstOffset(client, name, 0), 0, 'a consumer is behind');
    const others = [await firstOffset(client, name, 1), await firstOffset(client, name, 2)];
    assert.ok(
      others.every((offset) => offset > 0),
      `${others}`,
    );
    assert.ok(Math.abs((others[0] as number) - (others[1] as number)) <= perSegment, 'by age, not partition by partition');
    await client.call(storeConsumerOffset, { ...name, consumer, partition: 0, offset: 23n });
    await sendThousands(client, name, 12, 1);
    await eventually('the oldest go', async () => (await firstOffset(client, name, 0)) > 0);
  });

  it('limits that are set later hold too', async () => {
    const client = await suite.login('classic');
    const name = await limited(client, 1, {});
    await sendThousands(client, name, 25);
    const fields = { compression: 1 as const, replicationFactor: 1, options: noOptions };
    await client.call(updateTopic, { ...name, name: name.topic, messageExpiry: 1000n, maxTopicSize: 0n, ...fields });
    await eventually('expiry', async () => (await client.call(getTopic, name))?.partitions[0]?.segmentsCount === 1);
  });
});

serverSuite('retention that is switched off', { ...settings, DATA_MAINTENANCE_MESSAGES_CLEANER_ENABLED: 'false' }, (suite) => {
  it('removes nothing', async () => {
    const client = await suite.login('classic');
    const { stream } = await createTestTopic(client);
    const name = { stream, topic: 'limited' };
    const fields = { compression: 1 as const, replicationFactor: 1, options: noOptions };
    await client.call(createTopic, { stream, name: name.topic, partitionsCount: 1, messageExpiry: 1n, maxTopicSize: 0n, ...fields });
    await sendThousands(client, name, 25);
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal(await firstOffset(client, name), 0);
  });
});
