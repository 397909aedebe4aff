import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { encodeClassicMessages } from '../../src/protocol/batch/classic-messages.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import { createConsumerGroup, deleteConsumerGroup, joinConsumerGroup, leaveConsumerGroup } from '../../src/streaming/group-commands.ts';
import { engineCall } from '../../src/streaming/partition.ts';
import { createPartitions, deletePartitions, deleteSegments } from '../../src/streaming/partition-commands.ts';
import { createStream, deleteStream, renameStream } from '../../src/streaming/stream-commands.ts';
import type { System } from '../../src/streaming/system.ts';
import type { Topic } from '../../src/streaming/topic.ts';
import { createTopic, deleteTopic, purgeTopic, updateTopic } from '../../src/streaming/topic-commands.ts';
import { hasStatus } from '../protocol/support/has-status.ts';
import { appendRequest } from '../storage/support/running-engine.ts';
import { testMessage } from '../support/messages.ts';
import { defaults, limits, plainSettings, RestartableSystem } from './support/restartable-system.ts';

let running: RestartableSystem;
let system: System;

beforeEach(async () => {
  running = new RestartableSystem();
  system = await running.start();
});

afterEach(() => running.remove());

const stream = (name: string) => createStream(system, name, noOptions);
const topic = (name: string, partitions = 1, streamId = 0) => createTopic(system, streamId, name, partitions, plainSettings);
const folderOf = (...place: string[]) => path.join(running.folder.path, ...place);
const append = ({ partitions }: Topic, partition: number) =>
  engineCall((done) =>
    system.engine.append(partitions[partition]?.handle ?? -1, appendRequest({ bytes: encodeClassicMessages([testMessage(1, 10)]) }), done),
  );
const messages = (of: Topic) => of.partitions.map(({ handle }) => system.engine.stats(handle).messages);

describe('ids', () => {
  it('of streams begin at 0, and the lowest free one is given again, also after a restart', async () => {
    for (const name of ['a', 'b', 'c']) await stream(name);
    await deleteStream(system, 'b');
    await deleteStream(system, 'a');
    assert.equal((await stream('d')).id, 0);
    system = await running.restart();
    assert.equal((await stream('e')).id, 1);
    assert.equal((await stream('f')).id, 3);
  });

  it('of topics are counted in each stream for itself', async () => {
    await stream('a');
    await stream('b');
    assert.equal((await topic('x', 0, 0)).id, 0);
    assert.equal((await topic('x', 0, 1)).id, 0);
    assert.equal((await topic('y', 0, 1)).id, 1);
  });

  it('of consumer groups are never given again, also after a restart', async () => {
    await stream('a');
    await topic('x');
    assert.equal((await createConsumerGroup(system, 0, 0, 'g')).id, 0);
    await deleteConsumerGroup(system, 0, 0, 'g');
    assert.equal((await createConsumerGroup(system, 0, 0, 'g')).id, 1);
    await deleteConsumerGroup(system, 0, 0, 1);
    system = await running.restart();
    assert.equal((await createConsumerGroup(system, 0, 0, 'g')).id, 2);
  });

  it('are not names: a stream named 5 is not the stream 5', async () => {
    await stream('5');
    assert.throws(() => system.stream(5), hasStatus(1009));
    assert.equal(system.stream('5').id, 0);
  });
});

describe('names', () => {
  it('are unique in their parent: of many creations at once exactly one succeeds', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => stream('same')));
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const outcome of outcomes) if (outcome.status === 'rejected') assert(hasStatus(1012)(outcome.reason));
    assert.equal(system.streams.size, 1);
  });

  it('are free at once after a rename, which keeps the id; the own name may be given again', async () => {
    await stream('old');
    await renameStream(system, 'old', 'old', noOptions);
    await renameStream(system, 'old', 'new', noOptions);
    assert.equal(system.stream('new').id, 0);
    assert.throws(() => system.stream('old'), hasStatus(1009));
    assert.equal((await stream('old')).id, 1);
    await assert.rejects(renameStream(system, 'old', 'new', noOptions), hasStatus(1012));
    system = await running.restart();
    assert.deepEqual(
      system.streams.list().map(({ name }) => name),
      ['new', 'old'],
    );
  });

  it('of topics may be the same in two streams, not in one', async () => {
    await stream('a');
    await stream('b');
    await topic('x', 1, 0);
    await topic('x', 1, 1);
    await assert.rejects(topic('x'), hasStatus(2013));
    await topic('y');
    await assert.rejects(updateTopic(system, 0, 'y', 'x', plainSettings), hasStatus(2013));
  });
});

describe('a restart', () => {
  it('brings back streams, topics, partitions and groups as they were', async () => {
    const created = await stream('a');
    const before = await topic('x', 3);
    await append(before, 1);
    await createConsumerGroup(system, 0, 0, 'g');
    const identities = before.partitions.map(({ incarnation }) => incarnation);
    assert.equal(new Set(identities).size, 3);

    system = await running.restart();
    assert.equal(system.stream('a').createdAt, created.createdAt);
    const after = system.topic('a', 'x');
    assert.deepEqual(
      after.partitions.map(({ id, incarnation }) => [id, incarnation]),
      identities.map((incarnation, id) => [id, incarnation]),
    );
    assert.deepEqual(messages(after), [0, 1, 0]);
    assert.equal(after.group('g').partitionsCount, 3);
    assert.equal(after.group('g').membersCount, 0);
  });

  it('does not change a topic when the defaults of the server change', async () => {
    await stream('a');
    await topic('x');
    system = await running.restart({ ...defaults, segmentBytes: 2 * defaults.segmentBytes, messageExpiry: 1000n, durability: 'group' });
    const { config } = system.topic(0, 0);
    assert.deepEqual(
      [config.segmentBytes, config.messageExpiry, config.durability],
      [defaults.segmentBytes, defaults.messageExpiry, defaults.durability],
    );
    assert.equal((await topic('y')).config.durability, 'group');
  });

  it('completes a partition whose folder was not made yet', async () => {
    await stream('a');
    await topic('x', 0);
    const row = { createdAt: '1', incarnation: '77', state: 'creating' } as const;
    await running.store.commit([{ put: 'partition', ids: [0, 0, 0], row }]);
    system = await running.restart();
    assert.equal(system.engine.stats(system.topic(0, 0).partition(0).handle).state, 'ready');
    assert.deepEqual(running.store.all('partition'), [{ ids: [0, 0, 0], row: { ...row, state: 'ready' } }]);
    await append(system.topic(0, 0), 0);
  });

  it('fences a partition whose folder is gone, alone, and does not make it anew', async () => {
    await stream('a');
    const before = await topic('x', 2);
    await append(before, 1);
    const folder = before.partition(1).directory;
    await running.stop();
    rmSync(folder, { recursive: true });
    system = await running.start();
    const after = system.topic(0, 0);
    assert.equal(system.engine.stats(after.partition(1).handle).state, 'fenced');
    assert.equal(existsSync(folder), false);
    await assert.rejects(append(after, 1));
    await append(after, 0);
  });
});

describe('what is deleted', () => {
  it('leaves the folder, the store and the trash', async () => {
    await stream('a');
    await topic('x', 2);
    await topic('y', 2);
    await deleteTopic(system, 0, 'x');
    assert.equal(existsSync(folderOf('streams/0/topics/0')), false);
    assert.equal(existsSync(folderOf('streams/0/topics/1/partitions/1')), true);
    await deleteStream(system, 0);
    await system.folders.settled();
    assert.equal(existsSync(folderOf('streams/0')), false);
    assert.deepEqual(readdirSync(folderOf('.trash')), []);
    for (const kind of ['stream', 'topic', 'partition', 'group'] as const) assert.deepEqual(running.store.all(kind), []);
  });

  it('does not come back in a new topic that gets its id', async () => {
    await stream('a');
    const before = await topic('x');
    await append(before, 0);
    await deleteTopic(system, 0, 'x');
    const after = await topic('x');
    assert.equal(after.id, before.id);
    assert.deepEqual(messages(after), [0]);
    assert.notEqual(after.partition(0).incarnation, before.partition(0).incarnation);
  });

  it('takes memberships out of the records of clients', async () => {
    await stream('a');
    await topic('x');
    await createConsumerGroup(system, 0, 0, 'g');
    const client = system.clients.connect('tcp', '127.0.0.1:1', 0);
    joinConsumerGroup(system, client, 0, 0, 'g');
    assert.equal(client.memberships.size, 1);
    await deleteStream(system, 0);
    assert.equal(client.memberships.size, 0);
  });

  it('are the last partitions; each group is dealt out anew', async () => {
    await stream('a');
    const of = await topic('x', 4);
    const group = await createConsumerGroup(system, 0, 0, 'g');
    const client = system.clients.connect('tcp', '127.0.0.1:1', 0);
    joinConsumerGroup(system, client, 0, 0, 'g');
    await deletePartitions(system, 0, 0, 3);
    assert.deepEqual(
      of.partitions.map(({ id }) => id),
      [0],
    );
    assert.deepEqual(group.assignment(client.id)?.partitions, [0]);
    assert.equal(existsSync(folderOf('streams/0/topics/0/partitions/1')), false);
    await createPartitions(system, 0, 0, 2);
    assert.deepEqual(group.assignment(client.id)?.partitions, [0, 1, 2]);
    await assert.rejects(deletePartitions(system, 0, 0, 4), hasStatus(2019));
  });

  it('are the offsets of a group with it', async () => {
    await stream('a');
    const of = await topic('x');
    await append(of, 0);
    const { id } = await createConsumerGroup(system, 0, 0, 'g');
    const { handle } = of.partition(0);
    await engineCall((done) => system.engine.storeOffset(handle, 2, id, 0n, done));
    await engineCall((done) => system.engine.storeOffset(handle, 1, id, 0n, done));
    await deleteConsumerGroup(system, 0, 0, 'g');
    assert.equal(system.engine.loadOffset(handle, 2, id), undefined);
    assert.equal(system.engine.loadOffset(handle, 1, id), 0n, 'the consumer of that number is somebody else');
  });
});

describe('purging a topic', () => {
  it('empties it and forgets offsets, but keeps partitions, groups and neighbours', async () => {
    await stream('a');
    const purged = await topic('x', 2);
    const neighbour = await topic('y');
    await createConsumerGroup(system, 0, 0, 'g');
    for (const [of, partition] of [
      [purged, 0],
      [purged, 1],
      [neighbour, 0],
    ] as const) {
      await append(of, partition);
    }
    await engineCall((done) => system.engine.storeOffset(purged.partition(0).handle, 1, 9, 0n, done));
    await purgeTopic(system, 0, 'x');
    assert.deepEqual(messages(purged), [0, 0]);
    assert.deepEqual(messages(neighbour), [1]);
    assert.equal(system.engine.loadOffset(purged.partition(0).handle, 1, 9), undefined);
    assert.equal(purged.group('g').partitionsCount, 2);
    await append(purged, 0);
    assert.equal(system.engine.stats(purged.partition(0).handle).nextOffset, 1);
  });
});

describe('limits', () => {
  it('of streams and topics refuse one more, and allow it once another is gone', async () => {
    for (let count = 0; count < limits.streamsMax; count++) await stream(`s${count}`);
    await assert.rejects(stream('more'), hasStatus(1020));
    await deleteStream(system, 0);
    await stream('more');
    for (let count = 0; count < limits.topicsPerStreamMax; count++) await topic(`t${count}`, 0);
    await assert.rejects(topic('more', 0), hasStatus(2021));
  });

  it('of partitions hold at creation and later', async () => {
    await stream('a');
    await assert.rejects(topic('x', limits.partitionsPerTopicMax + 1), hasStatus(3013));
    await topic('x', limits.partitionsPerTopicMax);
    await assert.rejects(createPartitions(system, 0, 0, 1), hasStatus(3013));
    await assert.rejects(topic('y', 1001), hasStatus(2015));
    for (const count of [0, 1001]) {
      await assert.rejects(createPartitions(system, 0, 0, count), hasStatus(2015));
      await assert.rejects(deletePartitions(system, 0, 0, count), hasStatus(2015));
    }
  });

  it('of members do not turn away who is in the group already', async () => {
    await stream('a');
    await topic('x');
    await createConsumerGroup(system, 0, 0, 'g');
    const [first, second, third] = [1, 2, 3].map((port) => system.clients.connect('tcp', `127.0.0.1:${port}`, 0));
    assert(first && second && third);
    joinConsumerGroup(system, first, 0, 0, 'g');
    joinConsumerGroup(system, second, 0, 0, 'g');
    assert.throws(() => joinConsumerGroup(system, third, 0, 0, 'g'), hasStatus(5));
    joinConsumerGroup(system, first, 0, 0, 'g');
    leaveConsumerGroup(system, second, 0, 0, 'g');
    joinConsumerGroup(system, third, 0, 0, 'g');
  });
});

describe('a topic', () => {
  it('gives balanced batches to its partitions in turn, also when their number shrinks', async () => {
    await stream('a');
    const of = await topic('x', 3);
    const turns = (count: number) => Array.from({ length: count }, () => of.nextBalancedPartition().id);
    assert.deepEqual(turns(4), [0, 1, 2, 0]);
    await deletePartitions(system, 0, 0, 2);
    assert.deepEqual(turns(3), [0, 0, 0]);
  });

  it('gives a key to the partition of its XXH32', async () => {
    await stream('a');
    const of = await topic('x', 3);
    const partition = (key: string) => of.partitionOfHash(system.engine.xxh32(Buffer.from(key))).id;
    assert.deepEqual(['', 'a', 'abc', 'key-1', 'order-123', 'hello world'].map(partition), [1, 0, 0, 1, 0, 1]);
  });

  it('without partitions takes no batch', async () => {
    await stream('a');
    const of = await topic('x', 0);
    assert.throws(() => of.nextBalancedPartition(), hasStatus(2010));
    assert.throws(() => of.partitionOfHash(7), hasStatus(2010));
    assert.throws(() => of.partition(0), hasStatus(3007));
    await assert.rejects(deleteSegments(system, 0, 0, 0, 1), hasStatus(3007));
  });
});

describe('a connection that ends', () => {
  it('leaves its groups and the list of clients', async () => {
    await stream('a');
    await topic('x', 2);
    const group = await createConsumerGroup(system, 0, 0, 'g');
    const [gone, stays] = [1, 2].map((port) => system.clients.connect('tcp', `127.0.0.1:${port}`, 0));
    assert(gone && stays);
    joinConsumerGroup(system, gone, 0, 0, 'g');
    joinConsumerGroup(system, stays, 0, 0, 'g');
    system.disconnected(gone);
    assert.equal(system.clients.get(gone.id), undefined);
    assert.deepEqual(group.assignment(stays.id)?.partitions, [0, 1]);
    assert.throws(() => leaveConsumerGroup(system, gone, 0, 0, 'g'), hasStatus(5006));
  });
});
