import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { ClosedError, connect } from '../../src/client/index.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { clientFor, eventually, generations, numbers, readAll, serverForFile, topicFor } from './support/setup.ts';

const server = await serverForFile();

for (const generation of generations) {
  describe(`${generation}`, () => {
    test('drain sends what producers hold, then closes', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const topic = await topicFor(client);
      const producer = client.producer({ ...topic, partitioning: { partition: 0 }, lingerMs: 60_000 });
      const sends = numbers(50).map((payload) => producer.send({ payload }));
      const closed = once(client, 'closed');
      await client.drain();
      await Promise.all(sends);
      assert.equal((await closed)[0], undefined);
      await assert.rejects(client.system.ping(), ClosedError);
      await assert.rejects(producer.send({ payload: 'late' }), ClosedError);
      const reader = await clientFor(t, server.address, { generation });
      assert.deepEqual(await readAll(reader, topic), numbers(50));
    });

    test('drain awaits requests that are on their way', async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation });
      proxy.delay(50);
      const answers = Promise.all([client.system.me(), client.system.stats()]);
      await client.drain();
      assert.equal((await answers)[0].userId, 0);
    });

    test('close fails what is not answered, at once', async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation });
      proxy.stall('requests');
      const pending = client.system.ping();
      const rejected = assert.rejects(pending, ClosedError);
      await client.close();
      await rejected;
    });

    test('the session is gone from the server', async (t) => {
      const observer = await clientFor(t, server.address, { generation });
      const client = await connect(`iggy://iggy:iggy@${server.address}`, { generation });
      const { clientId } = await client.system.me();
      await client[Symbol.asyncDispose]();
      await eventually('forgotten', async () => (await observer.system.client(clientId)) === undefined);
    });
  });
}
