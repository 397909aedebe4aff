import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { backoffMs } from '../../src/client/connection/backoff.ts';
import { AuthenticationError, ClosedError, ConnectionError } from '../../src/client/index.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { clientFor, eventually, generations, readAll, serverForFile, topicFor } from './support/setup.ts';

const server = await serverForFile();

test('the delay doubles up to its limit, and chance takes at most half of it', () => {
  const limits = { initialDelayMs: 100, maxDelayMs: 1000 };
  assert.deepEqual(
    [1, 2, 3, 4, 5, 500].map((attempt) => backoffMs(limits, attempt, 1)),
    [100, 200, 400, 800, 1000, 1000],
  );
  assert.equal(backoffMs(limits, 2, 0), 100);
});

for (const generation of generations) {
  describe(`${generation}`, () => {
    test('a cut connection is opened and logged in again, and says so', async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation });
      const events: string[] = [];
      client.on('disconnected', (error) => events.push(`disconnected ${error.code}`));
      client.on('reconnecting', (attempt) => events.push(`reconnecting ${attempt}`));
      client.on('connected', (spoken) => events.push(`connected ${spoken}`));
      const connected = once(client, 'connected');
      proxy.cut();
      await connected;
      assert.deepEqual(events, ['disconnected connection-lost', 'reconnecting 1', `connected ${generation}`]);
      assert.equal((await client.system.me()).userId, 0);
    });

    test('a read on its way is repeated, a change fails and says that its outcome is unknown', async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation });
      proxy.loseReplies();
      const read = client.system.me();
      const name = `stream-${crypto.randomUUID()}`;
      const change = client.streams.create({ name });
      change.catch(() => undefined);
      const other = await clientFor(t, server.address, { generation });
      await eventually('the change was carried out', async () => (await other.streams.get(name)) !== undefined);
      proxy.cut();
      await assert.rejects(change, (error) => {
        assert.ok(error instanceof ConnectionError);
        assert.equal(error.outcome, 'unknown');
        assert.equal(error.retryable, true);
        return true;
      });
      assert.equal((await read).userId, 0);
    });

    test('calls made while there is no connection wait for it', async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation });
      proxy.refuse(true);
      const disconnected = once(client, 'disconnected');
      proxy.cut();
      await disconnected;
      const name = `stream-${crypto.randomUUID()}`;
      const created = client.streams.create({ name });
      await eventually('several attempts', () => proxy.accepted > 3);
      proxy.refuse(false);
      assert.equal((await created).name, name);
    });

    test('a connection that goes silent is given up', async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation, heartbeatIntervalMs: 20, stallTimeoutMs: 100 });
      const disconnected = once(client, 'disconnected');
      proxy.stall('requests');
      const [error] = await disconnected;
      assert.match(error.message, /nothing was heard/);
      proxy.flow();
      assert.equal((await client.system.me()).userId, 0);
    });

    test('an idle connection is kept alive by pings', async (t) => {
      const client = await clientFor(t, server.address, { generation, heartbeatIntervalMs: 20, stallTimeoutMs: 500 });
      client.once('disconnected', (error) => assert.fail(error));
      await new Promise((resolve) => setTimeout(resolve, 700));
      assert.ok(client.connected);
    });

    test('attempts run out: the client closes with the last error, and so do its calls', async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation, reconnect: { retries: 2, initialDelayMs: 5 } });
      proxy.refuse(true);
      const closed = once(client, 'closed');
      const disconnected = once(client, 'disconnected');
      proxy.cut();
      await disconnected;
      const waiting = assert.rejects(client.system.ping(), ClosedError);
      assert.ok((await closed)[0] instanceof ConnectionError);
      await waiting;
      await assert.rejects(client.system.ping(), ClosedError);
      assert.equal(proxy.accepted, 3);
    });

    test('a client that was told not to reconnect closes', async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation, reconnect: false });
      const closed = once(client, 'closed');
      proxy.cut();
      assert.ok((await closed)[0] instanceof ConnectionError);
    });

    test('credentials that are refused at a reconnect end the client', async (t) => {
      const root = await clientFor(t, server.address, { generation });
      const username = `user-${generation}`;
      await root.users.create({ username, password: 'secret' });
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation, username, password: 'secret' });
      await root.users.delete(username);
      const closed = once(client, 'closed');
      proxy.cut();
      assert.ok((await closed)[0] instanceof AuthenticationError);
    });

    test('messages keep their order across lost connections, and none that was acknowledged is lost', async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation });
      const topic = await topicFor(client);
      const producer = client.producer({ ...topic, partitioning: { partition: 0 }, maxBatchMessages: 10 });
      const sends: Promise<unknown>[] = [];
      for (let index = 0; index < 600; index++) {
        sends.push(producer.send({ payload: `message ${index}` }));
        if (index % 100 === 50) {
          await eventually('connected', () => client.connected);
          const again = once(client, 'connected');
          proxy.cut();
          await again;
        }
      }
      await Promise.all(sends);
      const texts = await readAll(client, topic);
      // A batch whose reply was lost may be there twice where requests have no numbers, but never out of order.
      assert.deepEqual(
        generation === 'vsr' ? texts : [...new Set(texts)],
        Array.from({ length: 600 }, (_, index) => `message ${index}`),
      );
    });
  });
}

test('a batch that is sent again keeps its client, its number and its bytes (VSR)', async (t) => {
  const proxy = await startFaultProxy(server.address);
  t.after(() => proxy.close());
  const client = await clientFor(t, proxy.address, { generation: 'vsr' });
  const producer = client.producer({ ...(await topicFor(client)), partitioning: { partition: 0 } });
  const sends: Buffer[][] = [[], []];
  const bytes = [Buffer.alloc(0), Buffer.alloc(0)];
  proxy.tap((connection, chunk) => {
    const at = connection - 1;
    let left = Buffer.concat([bytes[at] as Buffer, chunk]);
    while (left.length >= 256 && left.length >= left.readUInt32LE(48)) {
      const frame = left.subarray(0, left.readUInt32LE(48));
      if (frame[176] === 160) sends[at]?.push(Buffer.from(frame));
      left = left.subarray(frame.length);
    }
    bytes[at] = left;
  });
  proxy.loseReplies();
  const sent = Promise.all(['a', 'b', 'c'].map((payload) => producer.send({ payload }).then(() => producer.flush())));
  await eventually('on the wire', () => sends[0]?.length === 1);
  proxy.cut();
  await sent;
  const [first, again] = [sends[0]?.[0] as Buffer, sends[1]?.[0] as Buffer];
  assert.ok(first.readBigUInt64LE(168) > 0n, 'has a number');
  // All but the session, which is that of the new connection.
  assert.deepEqual(
    Buffer.concat([again.subarray(0, 184), again.subarray(192)]),
    Buffer.concat([first.subarray(0, 184), first.subarray(192)]),
  );
});

test('a server that is killed and started again neither loses nor repeats anything', async (t) => {
  const folder = temporaryFolder();
  t.after(() => folder.remove());
  let own = await startServerProcess(folder.path);
  const proxy = await startFaultProxy(own.address);
  t.after(() => proxy.close());
  const client = await clientFor(t, proxy.address);
  const topic = await topicFor(client);
  const producer = client.producer({ ...topic, partitioning: { partition: 0 }, maxBatchMessages: 5 });
  const sends: Promise<unknown>[] = [];
  for (let round = 0; round < 3; round++) {
    for (let index = 0; index < 100; index++) sends.push(producer.send({ payload: `message ${round * 100 + index}` }));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await own.kill();
    own = await startServerProcess(folder.path);
    proxy.retarget(own.address);
  }
  t.after(() => own.stop());
  await Promise.all(sends);
  assert.deepEqual(
    await readAll(client, topic),
    Array.from({ length: 300 }, (_, index) => `message ${index}`),
  );
});
