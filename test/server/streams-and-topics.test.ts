import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Generation } from '../../src/protocol/command.ts';
import { createConsumerGroup } from '../../src/protocol/commands/create-consumer-group.ts';
import { createPartitions } from '../../src/protocol/commands/create-partitions.ts';
import { createStream } from '../../src/protocol/commands/create-stream.ts';
import { createTopic } from '../../src/protocol/commands/create-topic.ts';
import { deletePartitions } from '../../src/protocol/commands/delete-partitions.ts';
import { deleteStream } from '../../src/protocol/commands/delete-stream.ts';
import { deleteTopic } from '../../src/protocol/commands/delete-topic.ts';
import { getConsumerGroup } from '../../src/protocol/commands/get-consumer-group.ts';
import { getStream } from '../../src/protocol/commands/get-stream.ts';
import { getStreams } from '../../src/protocol/commands/get-streams.ts';
import { getTopic } from '../../src/protocol/commands/get-topic.ts';
import { purgeTopic } from '../../src/protocol/commands/purge-topic.ts';
import { updateTopic } from '../../src/protocol/commands/update-topic.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import { formatTypedValue } from '../../src/protocol/primitives/typed-value.ts';
import { generations, send } from '../support/messages.ts';
import type { RawClient, StatusError } from '../support/raw-client.ts';
import { refused, serverSuite } from '../support/server-suite.ts';

const never = 2n ** 64n - 1n;
const GiB = 2n ** 30n;

interface Settings {
  partitions?: number;
  messageExpiry?: bigint;
  maxTopicSize?: bigint;
  gzip?: boolean;
  replicationFactor?: number;
}

/** What a topic is to be, in the words of the generation. */
function topicSettings(generation: Generation, settings: Settings) {
  if (generation === 'classic') {
    return {
      compression: settings.gzip ? (2 as const) : (1 as const),
      messageExpiry: settings.messageExpiry ?? 0n,
      maxTopicSize: settings.maxTopicSize ?? 0n,
      replicationFactor: settings.replicationFactor ?? 0,
      options: noOptions,
    };
  }
  const options = new Map();
  if (settings.gzip) options.set('compression_algorithm', formatTypedValue({ kind: 'string', value: 'gzip' }));
  if (settings.messageExpiry) options.set('message_expiry', formatTypedValue({ kind: 'uint64', value: settings.messageExpiry }));
  if (settings.maxTopicSize) options.set('max_topic_size', formatTypedValue({ kind: 'uint64', value: settings.maxTopicSize }));
  return { compression: undefined, messageExpiry: undefined, maxTopicSize: undefined, replicationFactor: undefined, options };
}

function newTopic(client: RawClient, stream: string | number, name: string, settings: Settings = {}) {
  return client.call(createTopic, {
    stream,
    name,
    partitionsCount: settings.partitions ?? 1,
    ...topicSettings(client.generation, settings),
  });
}

async function newStream(client: RawClient, name = `stream-${crypto.randomUUID()}`) {
  const stream = await client.call(createStream, { name, options: noOptions });
  assert.ok(stream !== undefined);
  return stream;
}

for (const generation of generations) {
  serverSuite(`${generation}: streams, topics and partitions`, {}, (suite) => {
    it('the first stream, topic, partition and group have id 0', async () => {
      const client = await suite.login(generation);
      assert.deepEqual((await client.call(getStreams, undefined)) ?? [], []);
      const stream = await newStream(client, 'first');
      const topic = await newTopic(client, 'first', 'first');
      const group = await client.call(createConsumerGroup, { stream: 'first', topic: 'first', name: 'first' });
      assert.deepEqual([stream.id, topic?.id, topic?.partitions[0]?.id, group?.id], [0, 0, 0, 0]);
    });

    it('what is got by id and by name is equal', async () => {
      const client = await suite.login(generation);
      const stream = await newStream(client);
      await newTopic(client, stream.id, 'topic', { partitions: 2 });
      await client.call(createConsumerGroup, { stream: stream.id, topic: 'topic', name: 'group' });
      assert.deepEqual(await client.call(getStream, { stream: stream.id }), await client.call(getStream, { stream: stream.name }));
      const byName = { stream: stream.name, topic: 'topic' };
      assert.deepEqual(await client.call(getTopic, { stream: stream.id, topic: 0 }), await client.call(getTopic, byName));
      assert.deepEqual(
        await client.call(getConsumerGroup, { stream: stream.id, topic: 0, group: 0 }),
        await client.call(getConsumerGroup, { ...byName, group: 'group' }),
      );
    });

    it('a name is taken once, in each stream and topic', async () => {
      const client = await suite.login(generation);
      const stream = await newStream(client);
      await refused(newStream(client, stream.name), 1012);
      await newTopic(client, stream.id, 'topic');
      await refused(newTopic(client, stream.id, 'topic'), 2013);
      const group = { stream: stream.id, topic: 'topic', name: 'group' };
      await client.call(createConsumerGroup, group);
      await refused(client.call(createConsumerGroup, group), 5004);
      const other = await newStream(client);
      assert.equal((await newTopic(client, other.id, 'topic'))?.name, 'topic');
    });

    it('of 20 clients that create the same name at once, one does; different names get ids without gaps', async () => {
      const clients = await Promise.all(Array.from({ length: 20 }, () => suite.login(generation)));
      const [first] = clients as [RawClient, ...RawClient[]];
      const stream = await newStream(first);
      await newTopic(first, stream.id, 'shared');
      const creations: [string, number, (client: RawClient, name: string) => Promise<{ id: number } | undefined>][] = [
        ['stream', 1012, (client, name) => newStream(client, name)],
        ['topic', 2013, (client, name) => newTopic(client, stream.id, name)],
        ['group', 5004, (client, name) => client.call(createConsumerGroup, { stream: stream.id, topic: 'shared', name })],
      ];
      for (const [kind, status, create] of creations) {
        const same = await Promise.allSettled(clients.map((client) => create(client, `same ${kind}`)));
        assert.equal(same.filter((outcome) => outcome.status === 'fulfilled').length, 1, kind);
        for (const outcome of same) {
          if (outcome.status === 'rejected') assert.equal((outcome.reason as StatusError).status, status, kind);
        }
        const different = await Promise.all(clients.map((client, index) => create(client, `${kind} ${index}`)));
        const ids = different.map((created) => created?.id as number).sort((a, b) => a - b);
        assert.deepEqual(
          ids,
          Array.from({ length: 20 }, (_, index) => (ids[0] as number) + index),
          kind,
        );
      }
      await Promise.all(clients.map((client) => client.call(createPartitions, { stream: stream.id, topic: 'shared', partitionsCount: 2 })));
      const topic = await first.call(getTopic, { stream: stream.id, topic: 'shared' });
      assert.deepEqual(
        topic?.partitions.map(({ id }) => id),
        Array.from({ length: 41 }, (_, index) => index),
      );
    });

    it('a new partition has one segment and nothing in it', async () => {
      const client = await suite.login(generation);
      const stream = await newStream(client);
      await newTopic(client, stream.id, 'topic');
      const topic = await client.call(getTopic, { stream: stream.id, topic: 'topic' });
      const { createdAt: _, ...partition } = topic?.partitions[0] ?? assert.fail('a partition');
      assert.deepEqual(partition, { id: 0, segmentsCount: 1, currentOffset: 0n, sizeBytes: 0n, messagesCount: 0n });
    });

    it('a topic with default settings never expires, is unlimited, and has replication factor 1', async () => {
      const client = await suite.login(generation);
      const stream = await newStream(client);
      const topic = await newTopic(client, stream.id, 'topic');
      assert.deepEqual([topic?.messageExpiry, topic?.maxTopicSize, topic?.compression], [never, never, 1]);
      if (generation === 'classic') assert.equal(topic?.replicationFactor, 1);
    });

    it('an update of a topic changes its name and settings', async () => {
      const client = await suite.login(generation);
      const stream = await newStream(client);
      await newTopic(client, stream.id, 'before');
      const settings = topicSettings(generation, { gzip: true, messageExpiry: 60_000_000n, maxTopicSize: 2n * GiB, replicationFactor: 3 });
      await client.call(updateTopic, { stream: stream.id, topic: 'before', name: 'after', ...settings });
      assert.equal(await client.call(getTopic, { stream: stream.id, topic: 'before' }), undefined);
      const topic = await client.call(getTopic, { stream: stream.id, topic: 'after' });
      assert.deepEqual([topic?.compression, topic?.messageExpiry, topic?.maxTopicSize], [2, 60_000_000n, 2n * GiB]);
      if (generation === 'classic') assert.equal(topic?.replicationFactor, 3);
    });

    it('a greatest size below that of a segment is refused, when a topic is created and when it is updated', async () => {
      const client = await suite.login(generation);
      const stream = await newStream(client);
      await refused(newTopic(client, stream.id, 'small', { maxTopicSize: GiB - 1n }), 1019);
      await newTopic(client, stream.id, 'topic', { maxTopicSize: GiB });
      const settings = topicSettings(generation, { maxTopicSize: GiB - 1n });
      await refused(client.call(updateTopic, { stream: stream.id, topic: 'topic', name: 'topic', ...settings }), 1019);
    });

    it('partitions: 0 to 1000 at creation, 1 to 1000 more, no more deleted than there are', async () => {
      const client = await suite.login(generation);
      const stream = await newStream(client);
      await refused(newTopic(client, stream.id, 'many', { partitions: 1001 }), 2015);
      assert.equal((await newTopic(client, stream.id, 'none', { partitions: 0 }))?.partitionsCount, 0);
      const none = { stream: stream.id, topic: 'none' };
      await refused(client.call(createPartitions, { ...none, partitionsCount: 0 }), 2015);
      await refused(client.call(createPartitions, { ...none, partitionsCount: 1001 }), 2015);
      await refused(client.call(deletePartitions, { ...none, partitionsCount: 1 }), 2019);
    });

    it('added partitions continue the numbering, deleted ones are the last', async () => {
      const client = await suite.login(generation);
      const stream = await newStream(client);
      await newTopic(client, stream.id, 'topic', { partitions: 2 });
      const topic = { stream: stream.id, topic: 'topic' };
      const ids = async () => (await client.call(getTopic, topic))?.partitions.map(({ id }) => id);
      await client.call(createPartitions, { ...topic, partitionsCount: 3 });
      assert.deepEqual(await ids(), [0, 1, 2, 3, 4]);
      await client.call(deletePartitions, { ...topic, partitionsCount: 2 });
      assert.deepEqual(await ids(), [0, 1, 2]);
      await client.call(createPartitions, { ...topic, partitionsCount: 1 });
      assert.deepEqual(await ids(), [0, 1, 2, 3]);
    });

    it('a keyed send to a topic without partitions is refused', async () => {
      const client = await suite.login(generation);
      const stream = await newStream(client);
      await newTopic(client, stream.id, 'none', { partitions: 0 });
      const message = { id: 1n, payload: Buffer.from('x'), headers: undefined, originTimestamp: 1n };
      const name = { stream: stream.name, topic: 'none' };
      await refused(send(client, name, [message], { kind: 'key', key: Buffer.from('key') }), generation === 'vsr' ? 20 : 2010);
      await refused(send(client, name, [message], { kind: 'balanced' }), generation === 'vsr' ? 20 : 2010);
    });

    it('sizes add up, and what is purged or deleted is taken off exactly', async () => {
      const client = await suite.login(generation);
      const stream = await newStream(client);
      for (const topic of ['one', 'two', 'three']) {
        await newTopic(client, stream.id, topic);
        const messages = Array.from({ length: 1337 }, (_, index) => ({
          id: BigInt(index + 1),
          payload: Buffer.from(`message ${index}`),
          headers: undefined,
          originTimestamp: 1n,
        }));
        await send(client, { stream: stream.name, topic }, messages);
      }
      const size = 100_502n;
      const topicSize = async (topic: string) => (await client.call(getTopic, { stream: stream.id, topic }))?.sizeBytes;
      const streamSize = async () => (await client.call(getStream, { stream: stream.id }))?.sizeBytes;
      assert.deepEqual([await topicSize('one'), await streamSize()], [size, 3n * size]);
      await client.call(purgeTopic, { stream: stream.id, topic: 'one' });
      assert.deepEqual([await topicSize('one'), await topicSize('two'), await streamSize()], [0n, size, 2n * size]);
      for (const topic of ['two', 'three']) await client.call(deleteTopic, { stream: stream.id, topic });
      assert.equal(await streamSize(), 0n);
    });

    it('a deleted stream is gone, and its id is used again, also after a restart', async () => {
      let client = await suite.login(generation);
      const first = await newStream(client);
      const second = await newStream(client);
      await newStream(client);
      await client.call(deleteStream, { stream: second.id });
      assert.equal(await client.call(getStream, { stream: second.id }), undefined);
      for (const topic of ['0', '1', '2']) await newTopic(client, first.id, topic);
      for (const topic of ['1', '0']) await client.call(deleteTopic, { stream: first.id, topic });
      await suite.restart('stop');
      client = await suite.login(generation);
      assert.equal((await newStream(client)).id, second.id);
      assert.equal((await newTopic(client, first.id, 'new'))?.id, 0);
      for (const { id } of (await client.call(getStreams, undefined)) ?? []) await client.call(deleteStream, { stream: id });
      assert.deepEqual((await client.call(getStreams, undefined)) ?? [], []);
      assert.equal((await newStream(client)).id, 0);
    });
  });
}
