// A producer whose answers are lost, again and again: what it sends is stored once, and in order.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { clientFor, eventually, numbers, readAll, serverForFile, topicFor } from './support/setup.ts';

const server = await serverForFile();

/** Requests arrive and their answers do not; then the connection ends. */
async function loseAnswers(proxy: FaultProxy, sendOn: () => void, arrived: () => Promise<boolean>): Promise<void> {
  proxy.loseReplies();
  sendOn();
  await eventually('stored without an answer', arrived);
  proxy.cut();
}

for (const durability of ['none', 'group']) {
  for (const generation of ['vsr', 'auto'] as const) {
    test(`connections cut between request and answer, ${durability}, ${generation}`, async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation });
      const observer = await clientFor(t, server.address);
      const topic = await topicFor(client, { options: { 'galgo.durability': durability } });
      const producer = client.producer({ ...topic, partitioning: { partition: 0 }, maxBatchMessages: 3 });
      const sends: Promise<{ offset: number | undefined }>[] = [];
      const stored = async () => (await observer.topics.get(topic))?.messagesCount ?? 0;
      for (let round = 0; round < 15; round++) {
        const before = Number(await stored());
        const again = once(client, 'connected');
        const sendOn = () => {
          for (let index = 0; index < 20; index++) sends.push(producer.send({ payload: `message ${sends.length}` }));
        };
        await loseAnswers(proxy, sendOn, async () => Number(await stored()) > before);
        await again;
        await producer.flush();
      }
      const results = await Promise.all(sends);
      assert.deepEqual(await readAll(observer, topic), numbers(300));
      assert.deepEqual(
        results.map(({ offset }) => offset),
        Array.from({ length: 300 }, (_, index) => index),
        'also the offsets of what was sent again are told',
      );
    });
  }
}

for (const durability of ['none', 'interval', 'group']) {
  test(`a server killed between request and answer, ${durability}`, async (t) => {
    const folder = temporaryFolder();
    t.after(() => folder.remove());
    let own = await startServerProcess(folder.path);
    const proxy = await startFaultProxy(own.address);
    t.after(() => proxy.close());
    const client = await clientFor(t, proxy.address);
    const topic = await topicFor(client, { partitionsCount: 2, options: { 'galgo.durability': durability } });
    const producer = client.producer({ ...topic, partitioning: { partition: 1 }, maxBatchMessages: 3 });
    const sends: Promise<{ offset: number | undefined }>[] = [];
    for (let round = 0; round < 4; round++) {
      const observer = await clientFor(t, own.address);
      const stored = async () => Number((await observer.topics.get(topic))?.messagesCount ?? 0);
      const before = await stored();
      proxy.loseReplies();
      for (let index = 0; index < 60; index++) sends.push(producer.send({ payload: `message ${sends.length}` }));
      await eventually('stored without an answer', async () => (await stored()) > before);
      await own.kill();
      await observer.close();
      own = await startServerProcess(folder.path);
      proxy.retarget(own.address);
      proxy.cut();
      await producer.flush();
    }
    t.after(() => own.stop());
    const results = await Promise.all(sends);
    assert.deepEqual(await readAll(client, topic, 1), numbers(240));
    assert.deepEqual(
      results.map(({ offset }) => offset),
      Array.from({ length: 240 }, (_, index) => index),
    );
  });
}

test('classic requests have no numbers: there a topic with deduplication stores each message once', async (t) => {
  const folder = temporaryFolder();
  t.after(() => folder.remove());
  let own = await startServerProcess(folder.path);
  const proxy = await startFaultProxy(own.address);
  t.after(() => proxy.close());
  const client = await clientFor(t, proxy.address, { generation: 'classic' });
  const admin = await clientFor(t, own.address);
  const topic = await topicFor(admin, { options: { 'galgo.deduplication': 'true' } });
  await admin.close();
  const producer = client.producer({ ...topic, partitioning: { partition: 0 }, maxBatchMessages: 3 });
  const sends: Promise<unknown>[] = [];
  for (let round = 0; round < 6; round++) {
    const observer = await clientFor(t, own.address);
    const stored = async () => Number((await observer.topics.get(topic))?.messagesCount ?? 0);
    const before = await stored();
    proxy.loseReplies();
    for (let index = 0; index < 40; index++) sends.push(producer.send({ payload: `message ${sends.length}` }));
    await eventually('stored without an answer', async () => (await stored()) > before);
    await observer.close();
    if (round % 2 === 0) {
      await own.kill();
      own = await startServerProcess(folder.path);
      proxy.retarget(own.address);
    }
    proxy.cut();
    await producer.flush();
  }
  t.after(() => own.stop());
  await Promise.all(sends);
  assert.deepEqual(await readAll(client, topic), numbers(240));
});
