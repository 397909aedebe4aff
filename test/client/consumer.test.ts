import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { ArgumentError, type Consumer, NotFoundError, type ReceivedMessage } from '../../src/client/index.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { clientFor, eventually, generations, numbers, serverForFile, topicFor } from './support/setup.ts';

const server = await serverForFile();

for (const generation of generations) {
  describe(`${generation}`, () => {
    test('reads all partitions, each in order, and waits for more', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client, { partitionsCount: 3 });
      const producer = client.producer({ ...topic, partitioning: (message, count) => Number(String(message.payload).slice(8)) % count });
      await producer.sendAll(numbers(300).map((payload) => ({ payload })));
      const consumer = client.consumer({ ...topic, name: 'reader', batchSize: 17 });
      const first = await take(consumer, 300);
      for (const partition of [0, 1, 2]) {
        assert.deepEqual(
          first.filter((message) => message.partition === partition).map((message) => message.text()),
          numbers(300).filter((_, index) => index % 3 === partition),
        );
      }
      const last = first.at(-1)?.text();
      const later = take(consumer, 2);
      await producer.send({ payload: 'message 300' });
      assert.deepEqual(texts(await later), [last, 'message 300']);
      await consumer.close();
    });

    test('goes on after what it processed; a message that was at hand is delivered again', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client);
      await client.producer(topic).sendAll(numbers(20).map((payload) => ({ payload })));
      const read = async (): Promise<string[]> => {
        const consumer = client.consumer({ ...topic, name: 'reader' });
        const messages = await take(consumer, 10);
        await consumer.close();
        return messages.map((message) => message.text());
      };
      assert.deepEqual(await read(), numbers(10));
      assert.deepEqual(await read(), numbers(10, 9));
    });

    test('a loop that was left early goes on with the message that it had', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client);
      await client.producer(topic).sendAll(numbers(3).map((payload) => ({ payload })));
      const consumer = client.consumer({ ...topic, name: 'reader' });
      assert.deepEqual(texts(await take(consumer, 2)), numbers(2));
      assert.deepEqual(texts(await take(consumer, 2)), numbers(2, 1));
      await consumer.close();
    });

    test('the same when more was fetched meanwhile', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client);
      await client.producer(topic).sendAll(numbers(30).map((payload) => ({ payload })));
      const consumer = client.consumer({ ...topic, name: 'reader', batchSize: 10 });
      for await (const message of consumer) {
        if (message.offset < 7) continue;
        await new Promise((resolve) => setTimeout(resolve, 100));
        break;
      }
      assert.deepEqual(texts(await take(consumer, 23)), numbers(23, 7));
      await consumer.close();
    });

    test('batches hand out what is there of a partition; a batch that was left is handed out again', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client, { partitionsCount: 2 });
      const producer = client.producer(topic);
      await producer.sendAll(numbers(40).map((payload, index) => ({ payload, partition: index % 2 })));
      const consumer = client.consumer({ ...topic, name: 'reader', batchSize: 15, commit: 'each' });
      for await (const [first] of consumer.batches()) {
        assert.equal(first?.offset, 0);
        break;
      }
      const seen: string[][] = [[], []];
      for await (const batch of consumer.batches()) {
        assert.equal(new Set(batch.map(({ partition }) => partition)).size, 1);
        seen[batch[0]?.partition ?? 0]?.push(...texts(batch));
        if (seen.flat().length === 40) break;
      }
      for (const partition of [0, 1]) {
        assert.deepEqual(
          seen[partition],
          numbers(40).filter((_, index) => index % 2 === partition),
        );
      }
      await consumer.close();
      const stored = await Promise.all(
        [0, 1].map((partition) => client.messages.getOffset({ ...topic, as: { consumer: 'reader' }, partition })),
      );
      // The last batch was at hand when the loop was left.
      assert.deepEqual(new Set(stored.map((offset) => offset?.storedOffset)), new Set([19, 14]));
    });

    test('a handler that throws ends the run, and its message is not counted', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client);
      await client.producer(topic).sendAll(numbers(5).map((payload) => ({ payload })));
      const consumer = client.consumer({ ...topic, name: 'reader', commit: 'each' });
      const failing = consumer.run((message) => {
        if (message.offset === 3) throw new Error('cannot digest');
      });
      await assert.rejects(failing, /cannot digest/);
      await consumer.close();
      assert.equal((await client.messages.getOffset({ ...topic, as: { consumer: 'reader' }, partition: 0 }))?.storedOffset, 2);
    });

    test('run resolves when the consumer is closed', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client);
      const consumer = client.consumer({ ...topic, name: 'reader' });
      const running = consumer.run(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 30));
      await consumer.close();
      await running;
    });

    const policies = { 'each message': 'each', 'a count': { count: 5 }, 'an interval': { intervalMs: 20 } } as const;
    for (const [name, commit] of Object.entries(policies)) {
      test(`offsets are stored by ${name}, while the consumer runs`, async (t) => {
        const client = await clientFor(t, server.address, { generation });
        const topic = await topicFor(client);
        await client.producer(topic).sendAll(numbers(10).map((payload) => ({ payload })));
        const consumer = client.consumer({ ...topic, name: 'reader', commit });
        const running = consumer.run(() => undefined);
        const stored = async () => (await client.messages.getOffset({ ...topic, as: { consumer: 'reader' }, partition: 0 }))?.storedOffset;
        await eventually('stored', async () => (await stored()) === 9);
        await consumer.close();
        await running;
      });
    }

    test('manual commits store what they are told, and closing stores nothing', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client);
      await client.producer(topic).sendAll(numbers(10).map((payload) => ({ payload })));
      const consumer = client.consumer({ ...topic, name: 'reader', commit: 'manual' });
      const stored = async () => (await client.messages.getOffset({ ...topic, as: { consumer: 'reader' }, partition: 0 }))?.storedOffset;
      const messages = await take(consumer, 8);
      assert.equal(await stored(), undefined);
      await consumer.commit(messages[2]);
      assert.equal(await stored(), 2);
      await consumer.commit();
      assert.equal(await stored(), 6);
      await take(consumer, 3);
      await consumer.close();
      assert.equal(await stored(), 6);
    });

    test('pause holds messages back, resume lets them go', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client, { partitionsCount: 2 });
      const producer = client.producer(topic);
      const consumer = client.consumer({ ...topic, name: 'reader' });
      const seen: number[] = [];
      const running = consumer.run((message) => void seen.push(message.partition));
      await eventually('started', () => consumer.partitions.length === 2);
      consumer.pause([0]);
      await producer.send({ payload: 'a', partition: 0 });
      await producer.send({ payload: 'b', partition: 1 });
      await eventually('the other partition', () => seen.length === 1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.deepEqual(seen, [1]);
      consumer.resume();
      await eventually('both', () => seen.length === 2);
      await consumer.close();
      await running;
    });

    test('seek goes back and forth, start says where to begin', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client);
      await client.producer(topic).sendAll(numbers(50).map((payload) => ({ payload })));
      const consumer = client.consumer({ ...topic, name: 'reader', start: { offset: 40 }, commit: 'manual' });
      assert.deepEqual(texts(await take(consumer, 3)), numbers(3, 40));
      await consumer.seek(0, { offset: 10 });
      assert.deepEqual(texts(await take(consumer, 3)), numbers(3, 10));
      await consumer.seek(0, 'first');
      assert.deepEqual(texts(await take(consumer, 2)), numbers(2));
      await consumer.seek(0, { offset: 49 });
      assert.deepEqual(texts(await take(consumer, 1)), numbers(1, 49));
      await assert.rejects(consumer.seek(7, 'first'), ArgumentError);
      await consumer.close();
    });

    test('lost connections neither lose nor repeat a message of a running loop', async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation });
      const topic = await topicFor(client, { partitionsCount: 2 });
      const writer = await clientFor(t, server.address, { generation });
      await writer.producer({ ...topic, maxBatchMessages: 10 }).sendAll(numbers(500).map((payload) => ({ payload })));
      const consumer = client.consumer({ ...topic, name: 'reader', batchSize: 20 });
      const seen: string[] = [];
      for await (const message of consumer) {
        seen.push(message.text());
        if (seen.length % 100 === 0) {
          await eventually('connected', () => client.connected);
          const again = once(client, 'connected');
          proxy.cut();
          await again;
        }
        if (seen.length === 500) break;
      }
      assert.deepEqual(new Set(seen), new Set(numbers(500)));
      await consumer.close();
    });

    test('goes on when the topic was purged', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client);
      const producer = client.producer(topic);
      await producer.sendAll(numbers(5).map((payload) => ({ payload })));
      const consumer = client.consumer({ ...topic, name: 'reader', commit: 'each' });
      const seen: string[] = [];
      const running = consumer.run((message) => void seen.push(message.text()));
      await eventually('all', () => seen.length === 5);
      await client.topics.purge(topic);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await producer.send({ payload: 'after' });
      await eventually('the new one', () => seen.includes('after'));
      await consumer.close();
      await running;
    });

    test('a topic that does not exist, or goes away, ends the loop with the reason', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client);
      await assert.rejects(take(client.consumer({ ...topic, topic: 'missing', name: 'reader' }), 1), NotFoundError);
      const consumer = client.consumer({ ...topic, name: 'reader' });
      const running = consumer.run(() => undefined);
      await eventually('started', () => consumer.partitions.length === 1);
      const ended = assert.rejects(running, NotFoundError);
      await client.topics.delete(topic);
      await ended;
    });

    test('an idle partition of a server that does not let polls wait is asked less and less often', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client);
      const { poll } = client.messages;
      let polls = 0;
      client.messages.poll = function (...request) {
        polls++;
        return poll.apply(this, request);
      };
      const consumer = client.consumer({ ...topic, name: 'reader', maxWaitMs: 0, minPollDelayMs: 10, maxPollDelayMs: 200 });
      const running = consumer.run(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 800));
      assert.ok(polls >= 4 && polls <= 9, `${polls} polls`);
      await consumer.close();
      await running;
    });

    test('only one loop reads at a time', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client);
      await client.producer(topic).send({ payload: 'x' });
      const consumer = client.consumer({ ...topic, name: 'reader' });
      await consumer.run(async () => {
        await assert.rejects(take(consumer, 1), ArgumentError);
        void consumer.close();
      });
    });
  });
}

test('options that contradict each other are refused', async (t) => {
  const client = await clientFor(t, server.address);
  const topic = { stream: 's', topic: 't' };
  assert.throws(() => client.consumer(topic), ArgumentError);
  assert.throws(() => client.consumer({ ...topic, name: 'a', group: 'b' }), ArgumentError);
  assert.throws(() => client.consumer({ ...topic, group: 'b', start: 'first' }), ArgumentError);
  assert.throws(() => client.consumer({ ...topic, name: 'a', commit: {} }), ArgumentError);
});

/** Leaves the loop with the last message at hand. */
async function take(consumer: Consumer, count: number): Promise<ReceivedMessage[]> {
  const messages: ReceivedMessage[] = [];
  for await (const message of consumer) {
    messages.push(message);
    if (messages.length === count) break;
  }
  return messages;
}

function texts(messages: readonly ReceivedMessage[]): string[] {
  return messages.map((message) => message.text());
}
