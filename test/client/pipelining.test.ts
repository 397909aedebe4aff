import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FrameSplitter } from '../../src/client/connection/frame-splitter.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { clientFor, eventually, generations, numbers, readAll, serverForFile, topicFor } from './support/setup.ts';

const server = await serverForFile();

for (const generation of generations) {
  describe(`${generation}`, () => {
    test('a hundred requests leave before the first answer, and every reply finds its request', async (t) => {
      const proxy = await startFaultProxy(server.address);
      t.after(() => proxy.close());
      const client = await clientFor(t, proxy.address, { generation });
      const names = Array.from({ length: 100 }, (_, index) => `${generation}-${index}`);
      const allAtOnce = async <Reply>(request: (name: string) => Promise<Reply>): Promise<Reply[]> => {
        let bytes = Buffer.alloc(0);
        proxy.tap((_connection, chunk) => {
          bytes = Buffer.concat([bytes, chunk]);
        });
        proxy.stall('replies');
        const replies = Promise.all(names.map(request));
        await eventually('all are on the wire', () => countFrames(bytes, generation) >= names.length);
        proxy.flow();
        return replies;
      };
      const created = await allAtOnce((name) => client.streams.create({ name }));
      const read = await allAtOnce((name) => client.streams.get(name));
      assert.deepEqual(
        created.map(({ name }) => name),
        names,
      );
      assert.deepEqual(
        read.map((stream) => stream?.id),
        created.map(({ id }) => id),
      );
    });

    test('reads, sends and changes in a mix', async (t) => {
      const client = await clientFor(t, server.address, { generation, maxInFlight: 16 });
      const topic = await topicFor(client);
      const results = await Promise.all(
        Array.from({ length: 90 }, async (_, index) => {
          if (index % 3 === 0)
            return client.messages.send({
              ...topic,
              messages: [{ payload: `message ${index / 3}` }],
              partitioning: { kind: 'partition', partition: 0 },
            });
          if (index % 3 === 1) return (await client.topics.get(topic))?.name;
          return (await client.streams.create({ name: `${topic.stream}-${index}` })).name;
        }),
      );
      for (const [index, result] of results.entries()) {
        if (index % 3 === 0) assert.deepEqual(result, generation === 'vsr' ? { partition: 0, offset: index / 3 } : undefined);
        else assert.equal(result, index % 3 === 1 ? 'topic' : `${topic.stream}-${index}`);
      }
      assert.deepEqual(await readAll(client, topic), numbers(30));
    });

    test('an error answers its own request alone', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const outcomes = await Promise.allSettled([client.system.me(), client.streams.delete('no such stream'), client.system.me()]);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      );
    });

    test('large requests and replies beside small ones', async (t) => {
      const client = await clientFor(t, server.address, { generation, maxInFlightBytes: 1024 * 1024 });
      const topic = await topicFor(client);
      const payload = Buffer.alloc(3_000_000, 'galgo');
      const sent = [1, 2, 3].map(() =>
        client.messages.send({ ...topic, messages: [{ payload }], partitioning: { kind: 'partition', partition: 0 } }),
      );
      await Promise.all([...sent, client.system.ping()]);
      const { messages } = await client.messages.poll({ ...topic, partition: 0, from: 'first' });
      assert.equal(messages.length, 3);
      for (const message of messages) assert.ok(payload.equals(message.payload));
    });
  });
}

test('frames are found whatever the chunks', () => {
  const framing = { headerBytes: 2, frameBytes: (bytes: Buffer, at: number) => bytes.readUInt16LE(at) };
  const frames = [2, 3, 2, 200, 2, 7].map((length) => {
    const frame = Buffer.alloc(length, length);
    frame.writeUInt16LE(length, 0);
    return frame;
  });
  const all = Buffer.concat(frames);
  for (let size = 1; size <= all.length; size++) {
    const splitter = new FrameSplitter(framing);
    const found: Buffer[] = [];
    for (let at = 0; at < all.length; at += size) {
      splitter.push(all.subarray(at, at + size), (frame) => {
        found.push(Buffer.from(frame));
        return true;
      });
    }
    assert.deepEqual(found, frames, `chunks of ${size}`);
  }
});

function countFrames(bytes: Buffer, generation: (typeof generations)[number]): number {
  const headBytes = generation === 'vsr' ? 256 : 8;
  let count = 0;
  for (let at = 0; at + headBytes <= bytes.length; count++)
    at += generation === 'vsr' ? bytes.readUInt32LE(at + 48) : 4 + bytes.readUInt32LE(at);
  return count;
}
