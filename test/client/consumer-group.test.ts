import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { Client, Consumer, TopicAddress } from '../../src/client/index.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { clientFor, eventually, generations, numbers, serverForFile, topicFor } from './support/setup.ts';

const server = await serverForFile();
const impatient = await serverForFile({ GALGO_CONSUMER_GROUP_REBALANCING_TIMEOUT: '1 s' });

interface Member {
  consumer: Consumer;
  running: Promise<void>;
  seen: string[];
}

/** A member that notes what it reads in `all` too. */
function join(client: Client, topic: TopicAddress, all: string[] = []): Member {
  const consumer = client.consumer({ ...topic, group: 'group', batchSize: 10, commit: { count: 20, intervalMs: 30 } });
  const seen: string[] = [];
  const running = consumer.run((message) => {
    seen.push(message.text());
    all.push(message.text());
  });
  return { consumer, running, seen };
}

async function leave({ consumer, running }: Member): Promise<void> {
  await consumer.close();
  await running;
}

for (const generation of generations) {
  describe(`${generation}`, () => {
    test('three members share the partitions, and each message goes to one of them', async (t) => {
      const clients = await Promise.all([1, 2, 3].map(() => clientFor(t, server.address, { generation })));
      const [client] = clients as [Client, Client, Client];
      const topic = await topicFor(client, { partitionsCount: 6 });
      const all: string[] = [];
      const members = clients.map((each) => join(each, topic, all));
      await eventually('three members', async () => (await client.groups.get({ ...topic, group: 'group' }))?.membersCount === 3);
      const dealt = async () =>
        (await client.groups.get({ ...topic, group: 'group' }))?.members.every(({ partitions }) => partitions.length > 0);
      await eventually('partitions for each', async () => (await dealt()) === true);
      if (generation === 'vsr') {
        await eventually(
          'members know theirs',
          () => String(members.flatMap(({ consumer }) => consumer.partitions).sort()) === '0,1,2,3,4,5',
        );
      }
      await client.producer({ ...topic, maxBatchMessages: 5 }).sendAll(numbers(300).map((payload) => ({ payload })));
      await eventually('all messages', () => all.length >= 300);
      assert.deepEqual(all.toSorted(), numbers(300).toSorted());
      assert.ok(members.every(({ seen }) => seen.length > 0));
      await Promise.all(members.map(leave));
      assert.equal((await client.groups.get({ ...topic, group: 'group' }))?.membersCount, 0);
    });

    test('a member that leaves hands its partitions over, nothing is lost', async (t) => {
      const [one, two] = (await Promise.all([1, 2].map(() => clientFor(t, server.address, { generation })))) as [Client, Client];
      const topic = await topicFor(one, { partitionsCount: 4 });
      const all: string[] = [];
      const staying = join(one, topic, all);
      const leaving = join(two, topic, all);
      const producer = one.producer({ ...topic, maxBatchMessages: 3 });
      await producer.sendAll(numbers(100).map((payload) => ({ payload })));
      await eventually('some', () => all.length > 20);
      await leave(leaving);
      await producer.sendAll(numbers(100, 100).map((payload) => ({ payload })));
      await eventually('all', () => new Set(all).size === 200);
      await leave(staying);
    });

    test('a member whose partition was taken by force, with a message in hand, goes on with the rest', async (t) => {
      const [one, two] = (await Promise.all([1, 2].map(() => clientFor(t, impatient.address, { generation })))) as [Client, Client];
      const topic = await topicFor(one, { partitionsCount: 2 });
      const producer = two.producer(topic);
      await producer.send({ payload: 'held', partition: 1 });
      const seen: string[] = [];
      const release = new AbortController();
      const slow = one.consumer({ ...topic, group: 'group', commit: 'each' });
      const running = slow.run(async (message) => {
        seen.push(message.text());
        if (message.text() === 'held') await once(release.signal, 'abort');
      });
      let failure: unknown;
      running.catch((error) => {
        failure = error;
      });
      await eventually('held', () => seen.length === 1);
      const taker = join(two, topic);
      await eventually('read by the other', () => taker.seen.length === 1);
      release.abort();
      await producer.send({ payload: 'next', partition: 0 });
      await eventually('goes on', () => seen.includes('next') || failure !== undefined);
      assert.equal(failure, undefined);
      await leave(taker);
      await slow.close();
      await running;
    });

    test('a lost session joins again and goes on', async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation });
      const writer = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client, { partitionsCount: 3 });
      const member = join(client, topic);
      const producer = writer.producer({ ...topic, maxBatchMessages: 3 });
      for (let round = 0; round < 3; round++) {
        await producer.sendAll(numbers(50, round * 50).map((payload) => ({ payload })));
        await eventually(`round ${round}`, () => new Set(member.seen).size === (round + 1) * 50);
        const again = once(client, 'connected');
        proxy.cut();
        await again;
      }
      await producer.send({ payload: 'last' });
      await eventually('the last one', () => member.seen.includes('last'));
      await leave(member);
    });

    test('what one member committed the next one does not see again', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client, { partitionsCount: 2 });
      await client.producer(topic).sendAll(numbers(40).map((payload) => ({ payload })));
      const first = join(client, topic);
      await eventually('all', () => first.seen.length === 40);
      await leave(first);
      const second = join(client, topic);
      await client.producer(topic).send({ payload: 'new' });
      await eventually('the new one', () => second.seen.length > 0);
      assert.deepEqual(second.seen, ['new']);
      await leave(second);
    });

    test('partitions that are added are read too', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client);
      const member = join(client, topic);
      await client.producer(topic).send({ payload: 'a' });
      await eventually('the first', () => member.seen.length === 1);
      await client.topics.createPartitions({ ...topic, partitionsCount: 1 });
      await client.producer(topic).send({ payload: 'b', partition: 1 });
      await eventually('the second', () => member.seen.length === 2);
      await leave(member);
    });
  });
}
