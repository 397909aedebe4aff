import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  AuthenticationError,
  CompressionAlgorithm,
  connect,
  NotFoundError,
  PermissionError,
  ServerError,
  UserStatus,
} from '../../src/client/index.ts';
import { permissionsOf } from '../support/users.ts';
import { clientFor, generations, serverForFile, topicFor } from './support/setup.ts';

const server = await serverForFile();

for (const generation of generations) {
  describe(`${generation}`, () => {
    test('streams', async (t) => {
      const { streams } = await clientFor(t, server.address, { generation });
      const name = `stream-${crypto.randomUUID()}`;
      const { id } = await streams.create({ name });
      assert.equal((await streams.get(name))?.id, id);
      assert.equal((await streams.get(id))?.topicsCount, 0);
      await streams.update({ stream: id, name: `${name}-renamed` });
      assert.ok((await streams.list()).some((stream) => stream.name === `${name}-renamed`));
      await streams.purge(id);
      await streams.delete(id);
      assert.equal(await streams.get(id), undefined);
      await assert.rejects(streams.delete(id), NotFoundError);
    });

    test('a topic is ensured by several at once, with its stream, and stays as it is', async (t) => {
      const clients = await Promise.all([1, 2, 3, 4].map(() => clientFor(t, server.address, { generation })));
      const stream = `stream-${crypto.randomUUID()}`;
      const made = await Promise.all(clients.map(({ topics }) => topics.ensure({ stream, name: 'topic', partitionsCount: 3 })));
      assert.equal(new Set(made.map(({ id }) => id)).size, 1);
      assert.equal((await clients[0]?.topics.ensure({ stream, name: 'topic', partitionsCount: 9 }))?.partitionsCount, 3);
    });

    test('topics, partitions and segments', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const { topics } = client;
      const address = await topicFor(client, {
        partitionsCount: 2,
        compression: CompressionAlgorithm.gzip,
        messageExpiry: 3_600_000_000,
        maxTopicSize: Number.POSITIVE_INFINITY,
      });
      const topic = await topics.get(address);
      assert.equal(topic?.compression, CompressionAlgorithm.gzip);
      assert.equal(topic?.messageExpiry, 3_600_000_000);
      assert.equal(topic?.maxTopicSize, Number.POSITIVE_INFINITY);
      await topics.createPartitions({ ...address, partitionsCount: 2 });
      await topics.deletePartitions({ ...address, partitionsCount: 1 });
      assert.equal((await topics.get(address))?.partitions.length, 3);
      await client.messages.send({ ...address, messages: [{ payload: 'x' }], partitioning: { kind: 'partition', partition: 1 } });
      await topics.flush({ ...address, partition: 1 });
      await topics.deleteSegments({ ...address, partition: 1, segmentsCount: 1 });
      assert.equal((await topics.list(address.stream))[0]?.messagesCount, 1);
      await topics.purge(address);
      assert.equal((await topics.get(address))?.messagesCount, 0);
      await topics.update({ ...address, name: 'renamed' });
      await topics.delete({ ...address, topic: 'renamed' });
      assert.deepEqual(await topics.list(address.stream), []);
    });

    test('messages and stored offsets', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const address = await topicFor(client);
      const partitioning = { kind: 'partition', partition: 0 } as const;
      await client.messages.send({ ...address, messages: ['a', 'b', 'c'].map((payload) => ({ payload })), partitioning });
      const from = async (strategy: Parameters<typeof client.messages.poll>[0]['from']) =>
        (await client.messages.poll({ ...address, partition: 0, from: strategy, count: 2, as: { consumer: 'me' } })).messages.map(
          (message) => message.text(),
        );
      assert.deepEqual(await from('first'), ['a', 'b']);
      assert.deepEqual(await from('last'), ['b', 'c']);
      assert.deepEqual(await from({ offset: 1 }), ['b', 'c']);
      assert.deepEqual(await from({ timestamp: 0 }), ['a', 'b']);
      const offset = { ...address, as: { consumer: 'me' }, partition: 0 };
      assert.equal(await client.messages.getOffset(offset), undefined);
      await client.messages.storeOffset({ ...offset, offset: 1 });
      assert.deepEqual(await client.messages.getOffset(offset), { partition: 0, currentOffset: 2, storedOffset: 1 });
      assert.deepEqual(await from('next'), ['c']);
      await client.messages.deleteOffset(offset);
      assert.equal(await client.messages.getOffset(offset), undefined);
    });

    test('consumer groups', async (t) => {
      const client = await clientFor(t, server.address, { generation });
      const address = { ...(await topicFor(client, { partitionsCount: 3 })), group: 'group' };
      await client.groups.create({ ...address, name: 'group' });
      assert.equal((await client.groups.list(address)).length, 1);
      await client.groups.join(address);
      if (generation === 'vsr') assert.deepEqual((await client.groups.sync(address))?.partitions, [0, 1, 2]);
      assert.deepEqual((await client.groups.get(address))?.members, [{ id: 0, partitions: [0, 1, 2] }]);
      await client.groups.leave(address);
      await client.groups.delete(address);
      assert.equal(await client.groups.get(address), undefined);
    });

    test('users and their permissions', async (t) => {
      const root = await clientFor(t, server.address, { generation });
      const { users } = root;
      const username = `user-${generation}`;
      const user = await users.create({ username, password: 'secret', permissions: permissionsOf({ global: ['readStreams'] }) });
      assert.equal(user.permissions?.global.readStreams, true);
      const client = await clientFor(t, server.address, { generation, username, password: 'secret' });
      await client.streams.list();
      await assert.rejects(client.streams.create({ name: 'not allowed' }), PermissionError);
      await users.updatePermissions({ user: user.id, permissions: undefined });
      assert.equal((await users.get(username))?.permissions, undefined);
      await users.changePassword({ user: user.id, currentPassword: 'secret', newPassword: 'other secret' });
      await assert.rejects(connect(`iggy://${username}:secret@${server.address}`, { generation }), AuthenticationError);
      await users.update({ user: user.id, username: `${username}-2`, status: UserStatus.inactive });
      assert.equal((await users.list()).find(({ id }) => id === user.id)?.status, UserStatus.inactive);
      await users.delete(user.id);
      assert.equal(await users.get(user.id), undefined);
    });

    test('tokens', async (t) => {
      const { tokens } = await clientFor(t, server.address, { generation });
      const name = `token-${generation}`;
      assert.ok((await tokens.create({ name, expiry: 60_000_000 })).length > 0);
      const expiryAt = (await tokens.list()).find((token) => token.name === name)?.expiryAt as number;
      assert.ok(Math.abs(expiryAt / 1000 - Date.now() - 60_000) < 10_000);
      await tokens.delete(name);
      await assert.rejects(tokens.delete(name), NotFoundError);
    });

    test('the server itself', async (t) => {
      const { system } = await clientFor(t, server.address, { generation });
      await system.ping();
      assert.ok((await system.stats()).processId > 0);
      const me = await system.me();
      assert.deepEqual(await system.client(me.clientId), me);
      assert.ok((await system.clients()).some(({ clientId }) => clientId === me.clientId));
      assert.equal((await system.clusterMetadata()).nodes.length, 1);
      if (generation === 'vsr') assert.ok((await system.describeOptions('topic')).some(({ key }) => key === 'segment_size'));
      else await assert.rejects(system.describeOptions('topic'), ServerError);
      assert.equal(Buffer.from(await system.snapshot()).toString('latin1', 0, 2), 'PK');
    });
  });
}
