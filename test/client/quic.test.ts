// What only QUIC has: requests that overtake each other, limits of streams and windows, silence, resumption, and a library that is not loaded without need.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { ClosedError, ConnectionError, connect } from '../../src/client/index.ts';
import { startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { startUdpProxy } from '../support/udp-proxy.ts';
import { eventually, generations, numbers, readAll, serverForFile, topicFor } from './support/setup.ts';

const server = await serverForFile({ GALGO_QUIC_MAX_CONCURRENT_BIDI_STREAMS: '20' });
const insecure = { rejectUnauthorized: false };

function quicClient(address: string, options: Parameters<typeof connect>[1] = {}) {
  const [host = '', port] = address.split(':');
  const base = { transport: 'quic', host, port: Number(port), tls: insecure, reconnect: { initialDelayMs: 5, maxDelayMs: 50 } } as const;
  return connect(base, options);
}

for (const generation of generations) {
  describe(`${generation}`, () => {
    test('more requests at once than the server allows streams all get their own answers', async () => {
      const client = await quicClient(server.quicAddress, { generation, maxInFlight: 256 });
      const topic = await topicFor(client, { partitionsCount: 4 });
      await client.producer(topic).sendAll(numbers(400).map((payload, index) => ({ payload, partition: index % 4 })));
      const polls = await Promise.all(
        Array.from({ length: 400 }, (_, index) =>
          client.messages.poll({ ...topic, partition: index % 4, from: { offset: Math.floor(index / 4) }, count: 1 }),
        ),
      );
      assert.deepEqual(
        polls.map(({ messages }) => messages[0]?.text()),
        numbers(400),
      );
      await client.drain();
    });

    for (const udpSocket of ['auto', 'portable'] as const) {
      test(`messages of 4 MB go both ways over a ${udpSocket} socket, beside small requests`, async () => {
        const client = await quicClient(server.quicAddress, { generation, quic: { udpSocket } });
        const topic = await topicFor(client);
        const payload = Buffer.alloc(4_000_000, 'galgo');
        const sent = client.messages.send({ ...topic, messages: [{ payload }] });
        const pings = Array.from({ length: 50 }, () => client.system.ping());
        await Promise.all([sent, ...pings]);
        const { messages } = await client.messages.poll({ ...topic, from: 'first' });
        assert.ok(Buffer.from(messages[0]?.payload ?? []).equals(payload));
        await client.drain();
      });
    }

    test('a producer keeps the order within each partition over a network that loses and reorders', async () => {
      const proxy = await startUdpProxy(server.quicAddress);
      proxy.disturb({ lossRatio: 0.05, delayMsMax: 10 });
      const client = await quicClient(proxy.address, { generation });
      const topic = await topicFor(client, { partitionsCount: 2 });
      const producer = client.producer({ ...topic, maxBatchMessages: 5 });
      await Promise.all(numbers(200).map((payload, index) => producer.send({ payload, partition: index % 2 })));
      for (const partition of [0, 1]) {
        assert.deepEqual(
          await readAll(client, topic, partition),
          numbers(200).filter((_, index) => index % 2 === partition),
        );
      }
      await client.drain();
      await proxy.close();
    });

    test('commits that are not awaited end at the last one', async () => {
      const proxy = await startUdpProxy(server.quicAddress);
      const client = await quicClient(proxy.address, { generation });
      const topic = await topicFor(client);
      await client.producer(topic).sendAll(numbers(30).map((payload) => ({ payload })));
      const consumer = client.consumer({ ...topic, name: 'reader', commit: 'manual' });
      proxy.disturb({ lossRatio: 0.05, delayMsMax: 5 });
      const commits: Promise<void>[] = [];
      for await (const message of consumer) {
        commits.push(consumer.commit(message));
        if (message.offset === 29) break;
      }
      await Promise.all(commits);
      const stored = await client.messages.getOffset({ ...topic, as: { consumer: 'reader' }, partition: 0 });
      assert.equal(stored?.storedOffset, 29);
      await client.drain();
      await proxy.close();
    });

    test('a server that falls silent is noticed, and calls wait for the next connection', async () => {
      const proxy = await startUdpProxy(server.quicAddress);
      const client = await quicClient(proxy.address, { generation, quic: { maxIdleTimeoutMs: 300, keepAliveMs: 100 } });
      const lost = once(client, 'disconnected');
      proxy.silence(true);
      const call = client.system.me();
      const [error] = await lost;
      assert.match(error.message, /timed out/);
      proxy.silence(false);
      assert.equal((await call).userId, 0);
      await client.drain();
      await proxy.close();
    });

    test('an idle connection is kept alive by pings of QUIC alone', async () => {
      const quic = { maxIdleTimeoutMs: 300, keepAliveMs: 100 };
      const client = await quicClient(server.quicAddress, { generation, heartbeatIntervalMs: 0, reconnect: false, quic });
      await new Promise((resolve) => setTimeout(resolve, 800));
      assert.equal((await client.system.me()).userId, 0);
      await client.drain();
    });
  });
}

test('a reply that is longer than allowed ends the connection, not the process', async () => {
  const client = await quicClient(server.quicAddress, { reconnect: false, quic: { maxReplyBytes: 10_000 } });
  const lost = once(client, 'disconnected');
  const topic = await topicFor(client);
  await client.messages.send({ ...topic, messages: [{ payload: Buffer.alloc(20_000) }] });
  await assert.rejects(client.messages.poll({ ...topic, from: 'first' }), ClosedError);
  assert.match((await lost)[0].message, /a reply of more than 10000 bytes/);
});

test('a server that stops says so, and the client goes on with the next one', async () => {
  const folder = temporaryFolder();
  const first = await startServerProcess(folder.path);
  const client = await quicClient(first.quicAddress);
  const lost = once(client, 'disconnected');
  assert.equal(await first.stop(), 0);
  assert.match((await lost)[0].message, /shutdown/);
  const second = await startServerProcess(folder.path, { GALGO_QUIC_ADDRESS: first.quicAddress });
  assert.equal((await client.system.me()).userId, 0);
  await client.drain();
  assert.equal(await second.stop(), 0);
  folder.remove();
});

test('where nobody listens the attempt ends in time', async () => {
  const attempt = quicClient('127.0.0.1:1', { connectTimeoutMs: 300 });
  await assert.rejects(attempt, ConnectionError);
});

test('an aborted attempt ends with the reason of its signal', async () => {
  const aborter = new AbortController();
  const attempt = quicClient('127.0.0.1:1', { signal: aborter.signal });
  setTimeout(() => aborter.abort(new Error('enough')), 50);
  await assert.rejects(attempt, (reason) => reason === aborter.signal.reason);
});

test('the last of several addresses of a host can be the one that answers', async () => {
  const port = Number(server.quicAddress.split(':').at(-1));
  // `localhost` may stand for ::1 as well, where the server does not listen.
  const client = await quicClient(`localhost:${port}`);
  await eventually('connected', () => client.connected);
  await client.drain();
});

test('a program that uses TCP loads neither the QUIC library nor the addon', async () => {
  const program = `
    import { connect } from './src/client/index.ts';
    const client = await connect('iggy://iggy:iggy@${server.address}');
    await client.drain();
    const loaded = process.report.getReport().sharedObjects.filter((file) => /quic|galgo\\.node/.test(file.split('node_modules').at(-1)));
    console.log(JSON.stringify(loaded));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program]);
  assert.deepEqual(JSON.parse(stdout), []);
});
