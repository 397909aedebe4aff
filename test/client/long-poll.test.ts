import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ArgumentError, type Client, type ConsumerOptions, connect, type TopicAddress } from '../../src/client/index.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { clientFor, eventually, serverForFile, topicFor } from './support/setup.ts';

const server = await serverForFile({ GALGO_LIMITS_CONNECTION_WAITING_POLLS_MAX: '4' });
const impatient = await serverForFile({ GALGO_LONG_POLL_WAIT_MAX: '0 s' });

/** A consumer that runs, with what it was given and how often the client polled for it. */
function reading(client: Client, options: ConsumerOptions) {
  const state = { polls: 0, seen: [] as string[] };
  const { poll } = client.messages;
  client.messages.poll = function (...request) {
    state.polls++;
    return poll.apply(this, request);
  };
  const consumer = client.consumer(options);
  const running = consumer.run((message) => void state.seen.push(message.text()));
  // The client is closed behind the test, which ends the loop with an error.
  running.catch(() => undefined);
  return { consumer, running, state };
}

/** A server of Iggy 0.9, as far as the extensions go: their codes become ones that nobody knows. */
async function withoutExtensions(t: TestContext, address: string): Promise<string> {
  const [host = '', port = ''] = address.split(':');
  const proxy = net.createServer((socket) => {
    const upstream = net.connect(Number(port), host);
    let bytes: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 256 && bytes.length >= bytes.readUInt32LE(48)) {
        const frame = bytes.subarray(0, bytes.readUInt32LE(48));
        if (frame.readUInt8(176) === 2 && frame.readUInt32LE(196) >= 0x4700_0000) frame.writeUInt32LE(0x4600_0000, 196);
        bytes = bytes.subarray(frame.length);
        upstream.write(Buffer.from(frame));
      }
    });
    upstream.pipe(socket);
    for (const end of [socket, upstream])
      end.on('error', () => undefined).on('close', () => [socket, upstream].map((other) => other.destroy()));
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.after(() => proxy.close());
  return `127.0.0.1:${(proxy.address() as net.AddressInfo).port}`;
}

describe('a consumer of a server that lets polls wait', () => {
  test('asks once and is told of each message at once', async (t) => {
    const client = await clientFor(t, server.address);
    const topic = await topicFor(client);
    const { state } = reading(client, { ...topic, name: 'reader' });
    await eventually('waits', () => state.polls === 1);
    await sleep(300);
    assert.equal(state.polls, 1);
    const producer = client.producer(topic);
    for (let sent = 1; sent <= 5; sent++) {
      await producer.send({ payload: `message ${sent}` });
      await eventually('delivered', () => state.seen.length === sent);
    }
    await eventually('waits again', () => state.polls === 6);
  });

  test('asks again when the wait is over', async (t) => {
    const client = await clientFor(t, server.address);
    const topic = await topicFor(client);
    const { state } = reading(client, { ...topic, name: 'reader', maxWaitMs: 100 });
    await sleep(1000);
    assert.ok(state.polls >= 2 && state.polls <= 11, `${state.polls} polls`);
  });

  test('with more partitions than may wait, reads all of them', async (t) => {
    const client = await clientFor(t, server.address);
    const topic = await topicFor(client, { partitionsCount: 10 });
    const { state } = reading(client, { ...topic, name: 'reader' });
    const producer = client.producer(topic);
    await sleep(100);
    await Promise.all(Array.from({ length: 10 }, (_, partition) => producer.send({ payload: `${partition}`, partition })));
    await eventually('all', () => state.seen.length === 10);
    assert.deepEqual(
      state.seen.toSorted(),
      Array.from({ length: 10 }, (_, partition) => `${partition}`),
    );
  });

  test('is not held up by its wait: seek, close and an aborted signal take effect at once', async (t) => {
    const client = await clientFor(t, server.address);
    const topic = await topicFor(client);
    const producer = client.producer(topic);
    await producer.sendAll(['a', 'b'].map((payload) => ({ payload })));
    const { consumer, running, state } = reading(client, { ...topic, name: 'reader' });
    await eventually('read', () => state.seen.length === 2);
    await sleep(50);
    await consumer.seek(0, { offset: 1 });
    await eventually('read again', () => state.seen.length === 3);
    await sleep(50);
    await within(3000, consumer.close());
    await running;

    const controller = new AbortController();
    const other = client.consumer({ ...topic, name: 'other', signal: controller.signal, commit: 'each' });
    const seen: string[] = [];
    const loop = other.run((message) => void seen.push(message.text()));
    await eventually('read', () => seen.length === 2);
    await sleep(50);
    controller.abort();
    await within(3000, loop);
    assert.equal((await client.messages.getOffset({ ...topic, as: { consumer: 'other' } }))?.storedOffset, 1);
    await client.consumer({ ...topic, name: 'late', signal: controller.signal }).run(() => assert.fail('it was closed before it began'));
  });

  test('goes on after a lost connection and after a purge', async (t) => {
    const proxy = await startFaultProxy(server.address);
    t.after(() => proxy.close());
    const client = await clientFor(t, proxy.address);
    const writer = await clientFor(t, server.address);
    const topic = await topicFor(writer);
    const { state } = reading(client, { ...topic, name: 'reader' });
    const producer = writer.producer(topic);
    await producer.sendAll(['a', 'b', 'c'].map((payload) => ({ payload })));
    await eventually('read', () => state.seen.length === 3);
    const again = once(client, 'connected');
    proxy.cut();
    await again;
    await producer.send({ payload: 'd' });
    await eventually('after the loss', () => state.seen.length === 4);
    await sleep(50);
    await writer.topics.purge(topic);
    await sleep(50);
    await producer.send({ payload: 'e' });
    await eventually('after the purge', () => state.seen.length === 5);
    assert.deepEqual(state.seen, ['a', 'b', 'c', 'd', 'e']);
  });

  test('in a group, hears at once that partitions were dealt out anew', async (t) => {
    const [first, second] = [await clientFor(t, server.address), await clientFor(t, server.address)];
    const topic = await topicFor(first, { partitionsCount: 2 });
    const one = reading(first, { ...topic, group: 'readers' });
    await eventually('the only member', () => one.consumer.partitions.length === 2);
    await sleep(50);
    const two = reading(second, { ...topic, group: 'readers' });
    const beganMs = performance.now();
    await eventually('one each', () => one.consumer.partitions.length === 1 && two.consumer.partitions.length === 1);
    await two.consumer.close();
    await eventually('back', () => one.consumer.partitions.length === 2);
    // A member asks by itself every five seconds.
    assert.ok(performance.now() - beganMs < 3000, `${performance.now() - beganMs} ms`);
    const producer = second.producer(topic);
    await Promise.all([0, 1].map((partition) => producer.send({ payload: `${partition}`, partition })));
    await eventually('both', () => one.state.seen.length === 2);
  });

  test('draining the client does not wait for it', async (t) => {
    const client = await clientFor(t, server.address);
    const topic = await topicFor(client);
    const { running } = reading(client, { ...topic, name: 'reader' });
    await sleep(100);
    await within(3000, client.drain());
    await running;
  });
});

describe('a poll by hand', () => {
  test('waits for as many messages as it says', async (t) => {
    const client = await clientFor(t, server.address);
    const topic = await topicFor(client);
    const poll = client.messages.poll({ ...topic, from: 'first', waitMs: 10_000, minMessages: 3 });
    await client.messages.send({ ...topic, messages: [{ payload: 'a' }, { payload: 'b' }] });
    assert.equal(await Promise.race([poll, sleep(50, 'waits')]), 'waits');
    await client.messages.send({ ...topic, messages: [{ payload: 'c' }] });
    assert.deepEqual(
      (await poll).messages.map((message) => message.text()),
      ['a', 'b', 'c'],
    );
    await assert.rejects(client.messages.poll({ ...topic, from: 'first', waitMs: -1 }), ArgumentError);
    await assert.rejects(client.messages.poll({ ...topic, from: 'first', waitMs: 1, minMessages: 0 }), ArgumentError);
  });

  test('an aborted signal ends it, and its place in the server is free again', async (t) => {
    const client = await clientFor(t, server.address);
    const topic = await topicFor(client);
    // Ten times as many as may wait: each is one of those that do.
    for (let count = 0; count < 40; count++) {
      const controller = new AbortController();
      const poll = client.messages.poll({ ...topic, from: 'next', autoCommit: true, waitMs: 10_000 }, { signal: controller.signal });
      assert.equal(await Promise.race([poll, sleep(5, 'waits')]), 'waits', `poll ${count}`);
      controller.abort(new Error('enough'));
      await assert.rejects(poll, /enough/);
    }
    await client.messages.send({ ...topic, messages: [{ payload: 'a' }] });
    assert.equal((await client.messages.poll({ ...topic, from: 'next' })).messages.length, 1, 'nobody took the message');
  });

  test('many that wait hold up nothing else on the connection', async (t) => {
    const client = await clientFor(t, server.address, { maxInFlight: 1 });
    const topic = await topicFor(client);
    const polls = [1, 2, 3].map(() => client.messages.poll({ ...topic, from: 'first', waitMs: 10_000 }));
    await client.system.ping();
    await client.messages.send({ ...topic, messages: [{ payload: 'a' }] });
    for (const { messages } of await Promise.all(polls)) assert.equal(messages.length, 1);
  });
});

const dials = {
  quic: () => ({ address: server.quicAddress, tls: { rejectUnauthorized: false } }),
  websocket: () => ({ address: server.websocketAddress.replace(/^ws:\/\//, '') }),
};
for (const [transport, dial] of Object.entries(dials)) {
  test(`over ${transport} too`, async (t) => {
    const { address, ...options } = dial();
    const [host, port] = [address.slice(0, address.lastIndexOf(':')), Number(address.slice(address.lastIndexOf(':') + 1))];
    const client = await connect({ transport: transport as 'quic' | 'websocket', host, port, ...options });
    t.after(() => client.close());
    const topic = await topicFor(client);
    const { consumer, running, state } = reading(client, { ...topic, name: 'reader' });
    await eventually('waits', () => state.polls === 1);
    await sleep(100);
    await client.messages.send({ ...topic, messages: [{ payload: 'a' }] });
    await eventually('read', () => state.seen.length === 1);
    assert.ok(state.polls <= 2, `${state.polls} polls`);
    await sleep(50);
    await within(3000, consumer.close());
    await running;
  });
}

const others = {
  'that does not let polls wait': async (_t: TestContext) => ({ address: impatient.address }),
  'that does not know the commands': async (t: TestContext) => ({ address: await withoutExtensions(t, server.address) }),
  'of Iggy 0.8': async (_t: TestContext) => ({ address: server.address, generation: 'classic' as const }),
};
for (const [what, start] of Object.entries(others)) {
  test(`a server ${what} is asked at intervals`, async (t) => {
    const { address, ...options } = await start(t);
    const client = await clientFor(t, address, options);
    assert.equal(await client.messages.longestWaitMs(), 0);
    const topic: TopicAddress = await topicFor(client);
    const { state } = reading(client, { ...topic, name: 'reader', maxPollDelayMs: 20 });
    const poll = client.messages.poll({ ...topic, from: 'first', waitMs: 10_000 });
    await eventually('asks again and again', () => state.polls > 5);
    await client.messages.send({ ...topic, messages: [{ payload: 'a' }] });
    await eventually('read', () => state.seen.length === 1);
    assert.equal((await poll).messages.length, 1);
    assert.deepEqual((await client.messages.poll({ ...topic, from: { offset: 1 }, waitMs: 30 })).messages, []);
    const aborted = client.messages.poll({ ...topic, from: { offset: 1 }, waitMs: 10_000 }, { signal: AbortSignal.timeout(30) });
    await assert.rejects(aborted, { name: 'TimeoutError' });
  });
}

async function within<Result>(ms: number, promise: Promise<Result>): Promise<Result> {
  const late = Symbol('late');
  const result = await Promise.race([promise, sleep(ms, late)]);
  assert.notEqual(result, late, `not within ${ms} ms`);
  return result as Result;
}
