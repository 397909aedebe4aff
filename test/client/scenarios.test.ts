// The scenarios that Iggy holds its SDKs to (its bdd/scenarios), on every transport and in both generations.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ArgumentError, type Client, connect, ServerError } from '../../src/client/index.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { generations } from './support/setup.ts';
import { clientTransports } from './support/transports.ts';

type Scenario = (client: Client) => Promise<void>;

const pingCode = 1;
const statsCode = 10;
const loginCode = 38;
const unknownCode = 60_000;

const scenarios: Readonly<Record<string, Scenario>> = {
  async 'basic messaging: what was sent is read, in order'(client) {
    assert.equal((await client.system.me()).userId, 0, 'root');
    assert.deepEqual(await client.streams.list(), []);
    const stream = await client.streams.create({ name: 'test-stream' });
    assert.deepEqual([stream.id, stream.name], [0, 'test-stream']);
    const topic = await client.topics.create({ stream: 0, name: 'test-topic', partitionsCount: 3 });
    assert.deepEqual([topic.id, topic.name, topic.partitionsCount], [0, 'test-topic', 3]);

    const payloads = Array.from({ length: 10 }, (_, index) => `message ${index}`);
    const messages = payloads.map((payload) => ({ payload }));
    await client.messages.send({ stream: 0, topic: 0, partitioning: { kind: 'partition', partition: 0 }, messages });
    const polled = await client.messages.poll({ stream: 0, topic: 0, partition: 0, from: { offset: 0 }, count: 100 });
    assert.deepEqual(
      polled.messages.map((message) => [message.offset, message.text()]),
      payloads.map((payload, offset) => [offset, payload]),
    );
  },

  async 'raw command: bytes in, bytes out'(client) {
    assert.equal((await client.system.raw(pingCode)).length, 0);
    assert.ok((await client.system.raw(statsCode)).length > 0);
    await assert.rejects(client.system.raw(unknownCode), (error) => error instanceof ServerError && error.code === 'invalid-command');
    await assert.rejects(client.system.raw(loginCode), (error) => error instanceof ArgumentError && error.code === 'invalid-command');
    assert.equal((await client.system.me()).userId, 0, 'the session goes on');
  },

  async 'stream CRUD: create and read back by id'(client) {
    const { id } = await client.streams.create({ name: 'stream-crud-create' });
    assert.equal((await client.streams.get(id))?.name, 'stream-crud-create');
  },

  async 'stream CRUD: the list has it'(client) {
    await client.streams.create({ name: 'stream-crud-list' });
    assert.ok((await client.streams.list()).some(({ name }) => name === 'stream-crud-list'));
  },

  async 'stream CRUD: rename'(client) {
    const { id } = await client.streams.create({ name: 'stream-crud-update' });
    await client.streams.update({ stream: id, name: 'stream-crud-updated' });
    assert.equal((await client.streams.get(id))?.name, 'stream-crud-updated');
  },

  async 'stream CRUD: delete'(client) {
    const { id } = await client.streams.create({ name: 'stream-crud-delete' });
    await client.streams.delete(id);
    assert.equal(await client.streams.get(id), undefined);
  },
};

for (const transport of clientTransports) {
  describe(`over ${transport.name}`, () => {
    const folder = temporaryFolder();
    let server: ServerProcess;

    before(async () => {
      server = await startServerProcess(folder.path, transport.environment);
    });
    after(async () => {
      assert.equal(await server.stop(), 0, server.output());
      folder.remove();
    });

    for (const generation of generations) {
      for (const [name, run] of Object.entries(scenarios)) {
        it(`${generation}: ${name}`, async () => {
          const client = await connect(transport.target(server, folder.path), { generation });
          try {
            for (const { id } of await client.streams.list()) await client.streams.delete(id);
            await run(client);
          } finally {
            await client.drain();
          }
        });
      }
    }

    it('finds out the generation by itself', async () => {
      const client = await connect(transport.target(server, folder.path));
      assert.equal(client.generation, 'vsr');
      await client.drain();
    });
  });
}
