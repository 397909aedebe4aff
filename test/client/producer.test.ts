import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AlreadyExistsError, ArgumentError, ClosedError, ConnectionError, NotFoundError, TimeoutError } from '../../src/client/index.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { clientFor, eventually, generations, numbers, readAll, serverForFile, topicFor } from './support/setup.ts';

const server = await serverForFile();

for (const generation of generations) {
  describe(`${generation}`, () => {
    test('tells where each message went', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client);
      const producer = client.producer({ ...topic, maxBatchMessages: 7 });
      const results = await producer.sendAll(numbers(20).map((payload) => ({ payload })));
      const told = generation === 'vsr';
      assert.deepEqual(
        results,
        results.map((_, offset) => ({ partition: 0, offset: told ? offset : undefined })),
      );
      assert.deepEqual(await producer.send({ payload: 'one more' }), { partition: 0, offset: told ? 20 : undefined });
      assert.deepEqual(await readAll(client, topic), [...numbers(20), 'one more']);
    });

    test('a key always goes to the partition that the server would choose for it', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client, { partitionsCount: 5 });
      const producer = client.producer(topic);
      for (const key of ['a', 'customer-17', 'ünïcode', 'x'.repeat(255)]) {
        const { partition } = await producer.send({ payload: 'by the client', key });
        await client.messages.send({
          ...topic,
          messages: [{ payload: 'by the server' }],
          partitioning: { kind: 'key', key: Buffer.from(key) },
        });
        const texts = await readAll(client, topic, partition);
        assert.deepEqual(texts.slice(-2), ['by the client', 'by the server'], key);
      }
    });

    test('balanced batches take the partitions in turn; a partition or an own function decides otherwise', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client, { partitionsCount: 3 });
      const balanced = client.producer({ ...topic, maxBatchMessages: 2 });
      const results = await balanced.sendAll(numbers(12).map((payload) => ({ payload })));
      const perPartition = [0, 1, 2].map((partition) => results.filter((result) => result.partition === partition).length);
      assert.deepEqual(perPartition, [4, 4, 4]);
      assert.equal((await balanced.send({ payload: 'x', partition: 2 })).partition, 2);
      const own = client.producer({ ...topic, partitioning: (message, count) => String(message.payload).length % count });
      assert.equal((await own.send({ payload: 'abcd' })).partition, 1);
      assert.equal((await own.send({ payload: 'abcde' })).partition, 2);
    });

    test('messages of one turn share a request, the linger time gathers more', async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation });
      const topic = await topicFor(client);
      const producer = client.producer({ ...topic, partitioning: { partition: 0 }, lingerMs: 80 });
      const began = performance.now();
      const first = producer.send({ payload: 'a' });
      await new Promise((resolve) => setImmediate(resolve));
      const second = producer.send({ payload: 'b' });
      await Promise.all([first, second]);
      assert.ok(performance.now() - began >= 75);
      const { messages } = await client.messages.poll({ ...topic, partition: 0, from: 'first' });
      assert.equal(messages[0]?.timestamp, messages[1]?.timestamp, 'one append');
      const patient = client.producer({ ...topic, partitioning: { partition: 0 }, lingerMs: 60_000 });
      const soon = patient.send({ payload: 'c' });
      const flushed = performance.now();
      await patient.flush();
      assert.ok(performance.now() - flushed < 30_000, 'flush does not linger');
      await soon;
    });

    test('a full queue makes senders wait, in order, and one that is aborted leaves', async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation });
      const topic = await topicFor(client);
      const producer = client.producer({ ...topic, partitioning: { partition: 0 }, maxQueueMessages: 5 });
      proxy.stall('replies');
      const sends = numbers(12).map((payload) => producer.send({ payload }));
      const aborter = new AbortController();
      const aborted = producer.send({ payload: 'never' }, { signal: aborter.signal });
      await new Promise((resolve) => setTimeout(resolve, 30));
      assert.equal(producer.queued, 5);
      aborter.abort(new Error('changed my mind'));
      await assert.rejects(aborted, /changed my mind/);
      proxy.flow();
      await Promise.all(sends);
      assert.equal(producer.queued, 0);
      assert.deepEqual(await readAll(client, topic), numbers(12));
    });

    test('the queue is bounded by bytes, and a message larger than it passes alone', async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation });
      const topic = await topicFor(client);
      const producer = client.producer({ ...topic, partitioning: { partition: 0 }, maxQueueBytes: 1000 });
      proxy.stall('replies');
      const sends = Array.from({ length: 4 }, () => producer.send({ payload: Buffer.alloc(400) }));
      await new Promise((resolve) => setTimeout(resolve, 30));
      assert.equal(producer.queued, 2);
      proxy.flow();
      await Promise.all(sends);
      await producer.send({ payload: Buffer.alloc(100_000) });
    });

    test('headers and ids arrive as they were sent', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client);
      const headers = {
        text: 'word',
        yes: true,
        small: -5,
        large: 2 ** 40,
        half: 0.5,
        huge: 2n ** 100n,
        raw: Buffer.from([1, 2]),
        byte: { kind: 'uint8', value: 7 },
      } as const;
      await client.producer(topic).send({ payload: 'x', id: 2n ** 127n + 1n, headers });
      const { messages } = await client.messages.poll({ ...topic, partition: 0, from: 'first' });
      assert.equal(messages[0]?.id, 2n ** 127n + 1n);
      assert.deepEqual(Object.fromEntries(messages[0]?.headers() ?? []), { ...headers, large: 2n ** 40n, byte: 7 });
    });

    test('what the server refuses rejects with its reason', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client);
      await assert.rejects(client.producer({ ...topic, topic: 'missing' }).send({ payload: 'x' }), NotFoundError);
      await assert.rejects(client.producer(topic).send({ payload: 'x', partition: 9 }), (error) => {
        assert.ok(error instanceof NotFoundError);
        assert.equal(error.outcome, 'not-executed');
        return true;
      });
      await assert.rejects(client.streams.create({ name: String(topic.stream) }), AlreadyExistsError);
    });

    test('what the client can see is refused before it is queued', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const producer = client.producer(await topicFor(client));
      await assert.rejects(producer.send({ payload: 'x', key: '' }), ArgumentError);
      await assert.rejects(producer.send({ payload: 'x', headers: { empty: '' } }), ArgumentError);
      await assert.rejects(producer.send({ payload: 'x', partition: -1 }), ArgumentError);
      assert.equal(producer.queued, 0);
    });

    test('a delivery that takes too long fails with an unknown outcome', async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation });
      const producer = client.producer({ ...(await topicFor(client)), partitioning: { partition: 0 }, deliveryTimeoutMs: 50 });
      proxy.stall('replies');
      await assert.rejects(producer.send({ payload: 'x' }), (error) => {
        assert.ok(error instanceof TimeoutError);
        assert.equal(error.outcome, 'unknown');
        return true;
      });
      assert.equal(producer.queued, 0);
    });

    test('with `fail` a batch that was on the wire is not sent again', async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation });
      const topic = await topicFor(client);
      const producer = client.producer({ ...topic, partitioning: { partition: 0 }, onUnknownOutcome: 'fail' });
      proxy.loseReplies();
      const send = producer.send({ payload: 'once' });
      send.catch(() => undefined);
      const reader = await clientFor(t, server.address, { generation });
      await eventually('stored', async () => (await readAll(reader, topic)).length === 1);
      proxy.cut();
      await assert.rejects(send, (error) => {
        assert.ok(error instanceof ConnectionError);
        assert.equal(error.outcome, 'unknown');
        return true;
      });
      assert.deepEqual(await readAll(reader, topic), ['once']);
    });

    test('drain takes no more, and settles what it took, also what waits for room', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client);
      const producer = client.producer({ ...topic, maxQueueMessages: 3, lingerMs: 10_000 });
      const sends = Promise.all(numbers(20).map((payload) => producer.send({ payload })));
      await producer.drain();
      await assert.rejects(producer.send({ payload: 'late' }), ClosedError);
      assert.equal((await sends).length, 20);
      assert.equal((await readAll(client, topic)).length, 20);
    });
  });
}
