import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { describe, test } from 'node:test';
import { ArgumentError, AuthenticationError, ConnectionError, connect, LimitError, TimeoutError } from '../../src/client/index.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { clientFor, eventually, generations, serverForFile } from './support/setup.ts';

const server = await serverForFile();

for (const generation of generations) {
  describe(`${generation}`, () => {
    test('logs in with a password and shows who it is', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      assert.equal(client.generation, generation);
      assert.ok(client.connected);
      assert.equal((await client.system.me()).userId, 0);
    });

    test('logs in with a token', async (t) => {
      const root = await clientFor(t, server.address, { generation });
      const token = await root.tokens.create({ name: `token-${generation}` });
      const client = await connect(`iggy://${token}@${server.address}`, { generation });
      t.after(() => client.close());
      assert.equal((await client.system.me()).userId, 0);
      assert.deepEqual(
        (await client.tokens.list()).filter(({ name }) => name === `token-${generation}`),
        [{ name: `token-${generation}`, expiryAt: 0 }],
      );
    });

    test('a wrong password is an AuthenticationError', async () => {
      await assert.rejects(connect(`iggy://iggy:wrong@${server.address}`, { generation }), (error) => {
        assert.ok(error instanceof AuthenticationError);
        assert.equal(error.status, 42);
        assert.equal(error.retryable, false);
        return true;
      });
    });

    test('a call gives up in time, the connection goes on', async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation });
      proxy.stall('replies');
      await assert.rejects(client.system.ping({ timeoutMs: 30 }), (error) => {
        assert.ok(error instanceof TimeoutError);
        assert.equal(error.outcome, 'unknown');
        return true;
      });
      proxy.flow();
      assert.equal((await client.system.me()).userId, 0);
      assert.equal(proxy.accepted, 1);
    });

    test('an aborted call rejects with the reason of its signal, and later answers find their calls', async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation });
      proxy.stall('replies');
      const aborter = new AbortController();
      const aborted = client.system.stats({ signal: aborter.signal });
      const kept = client.system.me();
      aborter.abort(new Error('enough'));
      await assert.rejects(aborted, /enough/);
      proxy.flow();
      assert.equal((await kept).userId, 0);
      await assert.rejects(client.system.ping({ signal: AbortSignal.abort(new Error('never')) }), /never/);
    });

    test('more requests than may wait are refused', async (t) => {
      const client = await clientFor(t, server.address, { generation, maxInFlight: 1, maxWaiting: 3 });
      const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => client.system.ping()));
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      assert.equal(refused.length, 2);
      assert.ok(refused.every(({ reason }) => reason instanceof LimitError));
    });
  });
}

for (const answer of ['status', 'close'] as const) {
  test(`a server that speaks classic alone is found out (it ${answer === 'status' ? 'answers with a status' : 'closes'})`, async (t) => {
    const proxy = await startFaultProxy(server.address, answer);
    t.after(() => proxy.close());
    const client = await clientFor(t, proxy.address);
    assert.equal(client.generation, 'classic');
    assert.equal(proxy.accepted, 2);
    proxy.cut();
    await eventually('reconnected', () => proxy.accepted >= 3 && client.connected);
    assert.equal(proxy.accepted, 3, 'what was found out once is not asked again');
  });
}

test('a refused password is not tried again in the other generation', async (t) => {
  const proxy = await startFaultProxy(server.address);
  t.after(() => proxy.close());
  await assert.rejects(connect(`iggy://iggy:wrong@${proxy.address}`), AuthenticationError);
  assert.equal(proxy.accepted, 1);
});

test('a server that never answers is given up in time', async (t) => {
  const silent = net.createServer((socket) => socket.on('error', () => undefined).resume()).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.after(() => silent.close());
  const { port } = silent.address() as net.AddressInfo;
  await assert.rejects(connect({ port, connectTimeoutMs: 100 }), ConnectionError);
});

test('a port where nobody listens is a ConnectionError', async () => {
  await assert.rejects(connect({ port: 1 }), (error) => {
    assert.ok(error instanceof ConnectionError);
    assert.equal(error.code, 'cannot-connect');
    return true;
  });
});

test('a peer that speaks something else is no crash', async (t) => {
  for (const bytes of [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), Buffer.alloc(256), Buffer.alloc(300, 0xff)]) {
    const other = net
      .createServer((socket) => socket.on('error', () => undefined).once('data', () => socket.end(bytes)))
      .listen(0, '127.0.0.1');
    await once(other, 'listening');
    t.after(() => other.close());
    const { port } = other.address() as net.AddressInfo;
    await assert.rejects(connect({ port, connectTimeoutMs: 2000 }));
  }
});

test('options that make no sense are refused before anything is opened', async () => {
  await assert.rejects(connect('iggy+http://iggy:iggy@127.0.0.1:3000'), ArgumentError);
  await assert.rejects(connect({ port: 70_000 }), ArgumentError);
  await assert.rejects(connect({ token: 'a', username: 'b', password: 'c' }), ArgumentError);
});
