import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Generation } from '../../src/protocol/command.ts';
import { changePassword } from '../../src/protocol/commands/change-password.ts';
import { createConsumerGroup } from '../../src/protocol/commands/create-consumer-group.ts';
import { createPersonalAccessToken } from '../../src/protocol/commands/create-personal-access-token.ts';
import { createStream } from '../../src/protocol/commands/create-stream.ts';
import { createTopic } from '../../src/protocol/commands/create-topic.ts';
import { deleteConsumerGroup } from '../../src/protocol/commands/delete-consumer-group.ts';
import { deleteStream } from '../../src/protocol/commands/delete-stream.ts';
import { deleteTopic } from '../../src/protocol/commands/delete-topic.ts';
import { getConsumerGroup } from '../../src/protocol/commands/get-consumer-group.ts';
import { getStream } from '../../src/protocol/commands/get-stream.ts';
import { getStreams } from '../../src/protocol/commands/get-streams.ts';
import { getTopic } from '../../src/protocol/commands/get-topic.ts';
import { getTopics } from '../../src/protocol/commands/get-topics.ts';
import { getUser } from '../../src/protocol/commands/get-user.ts';
import { joinConsumerGroup } from '../../src/protocol/commands/join-consumer-group.ts';
import { leaveConsumerGroup } from '../../src/protocol/commands/leave-consumer-group.ts';
import { purgeStream } from '../../src/protocol/commands/purge-stream.ts';
import { purgeTopic } from '../../src/protocol/commands/purge-topic.ts';
import { storeConsumerOffset } from '../../src/protocol/commands/store-consumer-offset.ts';
import { updatePermissions } from '../../src/protocol/commands/update-permissions.ts';
import { updateStream } from '../../src/protocol/commands/update-stream.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import { createTestTopic, generations, poll, send, type TopicName, testMessages } from '../support/messages.ts';
import { RawClient } from '../support/raw-client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { createTestUser, type Granted, permissionsOf, streamFlags, type TestUser, topicFlags } from '../support/users.ts';

interface Place extends TopicName {
  streamId: number;
  topicId: number;
}

async function createPlace(root: RawClient): Promise<Place> {
  const name = await createTestTopic(root);
  const streamId = (await root.call(getStream, { stream: name.stream }))?.id as number;
  const topicId = (await root.call(getTopic, name))?.id as number;
  await send(root, name, testMessages(0, 3));
  return { ...name, streamId, topicId };
}

async function addTopic(root: RawClient, stream: string, name: string): Promise<void> {
  const classic = root.generation === 'classic';
  await root.call(createTopic, {
    stream,
    name,
    partitionsCount: 1,
    compression: classic ? 1 : undefined,
    messageExpiry: classic ? 0n : undefined,
    maxTopicSize: classic ? 0n : undefined,
    replicationFactor: classic ? 1 : undefined,
    options: noOptions,
  });
}

describe('permissions', () => {
  const folder = temporaryFolder();
  const dataPath = `${folder.path}/data`;
  let server: ServerProcess;

  before(async () => {
    server = await startServerProcess(dataPath);
  });

  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  for (const generation of generations) {
    describe(generation, () => {
      let root: RawClient;
      let place: Place;

      before(async () => {
        root = await RawClient.connect(server.address, generation);
        await root.login();
        place = await createPlace(root);
      });

      after(() => root.close());

      const connectWith = async (granted: Granted | undefined) => {
        const user = await createTestUser(root, granted);
        const client = await RawClient.connect(server.address, generation);
        await client.login(user.username, user.password);
        return { user, client };
      };

      it('a user without permissions reads its own record, manages its own tokens and changes its own password', async () => {
        const { user, client } = await connectWith(undefined);
        assert.equal((await client.call(getUser, { user: user.id }))?.username, user.username);
        await client.call(createPersonalAccessToken, { name: 'mine', expiry: 0n });
        await client.call(changePassword, { user: user.id, currentPassword: user.password, newPassword: 'next password' });
        await assert.rejects(client.call(getUser, { user: 0 }), { status: 41 });
        client.close();
      });

      it('what is missing is told before what is not allowed: empty to a read, 1009 or 2010 to a change', async () => {
        const { client } = await connectWith(undefined);
        const nowhere = { stream: 'nowhere', topic: 'nowhere' };
        assert.equal(await client.call(getStream, nowhere), undefined);
        assert.equal(await client.call(getTopic, { ...nowhere, stream: place.stream }), undefined);
        assert.deepEqual((await client.call(getTopics, nowhere)) ?? [], []);
        await assert.rejects(client.call(deleteStream, nowhere), { status: 1009 });
        await assert.rejects(client.call(purgeStream, nowhere), { status: 1009 });
        await assert.rejects(client.call(updateStream, { ...nowhere, name: 'any', options: noOptions }), { status: 1009 });
        await assert.rejects(addTopic(client, 'nowhere', 'any'), { status: 1009 });
        await assert.rejects(client.call(deleteTopic, { ...nowhere, stream: place.stream }), { status: 2010 });
        await assert.rejects(client.call(purgeTopic, { ...nowhere, stream: place.stream }), { status: 2010 });
        await assert.rejects(send(client, nowhere, testMessages(0, 1)), { status: generation === 'vsr' ? 20 : 1009 });
        await assert.rejects(poll(client, nowhere), { status: 1009 });
        await assert.rejects(client.call(joinConsumerGroup, { ...place, group: 'nowhere' }), { status: 5000 });
        client.close();
      });

      it('rights on one stream give nothing on another, and no list of streams', async () => {
        const other = await createPlace(root);
        const { client } = await connectWith({ streams: { [place.streamId]: { flags: streamFlags } } });
        assert.equal((await client.call(getStream, place))?.name, place.stream);
        await assert.rejects(client.call(getStream, other), { status: 41 });
        await assert.rejects(client.call(getStreams, undefined), { status: 41 });
        await assert.rejects(send(client, other, testMessages(0, 1)), { status: 41 });
        client.close();
      });

      it('rights on one topic give nothing on another, and no list of topics', async () => {
        await addTopic(root, place.stream, 'other');
        const { client } = await connectWith({ streams: { [place.streamId]: { topics: { [place.topicId]: topicFlags } } } });
        assert.equal((await client.call(getTopic, place))?.name, place.topic);
        await assert.rejects(client.call(getTopic, { stream: place.stream, topic: 'other' }), { status: 41 });
        await assert.rejects(client.call(getTopics, place), { status: 41 });
        await assert.rejects(poll(client, { stream: place.stream, topic: 'other' }), { status: 41 });
        client.close();
      });

      it('who manages a stream manages its topics, sends and polls', async () => {
        const { client } = await connectWith({ streams: { [place.streamId]: { flags: ['manageStream'] } } });
        await addTopic(client, place.stream, 'managed');
        const managed = { stream: place.stream, topic: 'managed' };
        await send(client, managed, testMessages(0, 2));
        assert.equal((await poll(client, managed)).messages.length, 2);
        await client.call(deleteTopic, managed);
        client.close();
      });

      it('a flag that is not set takes nothing away from a wider grant', async () => {
        const { client } = await connectWith({
          global: ['sendMessages'],
          streams: { [place.streamId]: { flags: ['readStream'], topics: { [place.topicId]: [] } } },
        });
        await send(client, place, testMessages(0, 1));
        await client.call(getTopic, place);
        await poll(client, place);
        client.close();
      });

      it('new permissions hold for the very next request of an open session, also for sends and polls', async () => {
        const { user, client } = await connectWith(undefined);
        const set = (granted: Granted) => root.call(updatePermissions, { user: user.id, permissions: permissionsOf(granted) });
        for (let round = 0; round < 3; round++) {
          await set({ global: ['sendMessages'] });
          await send(client, place, testMessages(0, 1));
          await assert.rejects(poll(client, place), { status: 41 });
          await set({ streams: { [place.streamId]: { topics: { [place.topicId]: ['pollMessages'] } } } });
          await poll(client, place);
          await assert.rejects(send(client, place, testMessages(0, 1)), { status: 41 });
        }
        client.close();
      });

      it('readers create, join, leave and delete groups, and store offsets', async () => {
        const { client } = await connectWith({ streams: { [place.streamId]: { topics: { [place.topicId]: ['readTopic'] } } } });
        const group = { ...place, group: 'readers' };
        await client.call(createConsumerGroup, { ...place, name: 'readers' });
        await client.call(joinConsumerGroup, group);
        assert.equal((await client.call(getConsumerGroup, group))?.members.length, 1);
        await client.call(storeConsumerOffset, { ...place, consumer: { kind: 1, id: 5 }, partition: 0, offset: 1n });
        await client.call(leaveConsumerGroup, group);
        await client.call(deleteConsumerGroup, group);
        client.close();
      });

      it('a deleted stream takes its permissions along: the next stream with its id is not open to those who had them', async () => {
        const doomed = await createPlace(root);
        const granted = { streams: { [doomed.streamId]: { flags: streamFlags }, [place.streamId]: { flags: streamFlags } } };
        const { user, client } = await connectWith(granted);
        await client.call(getStream, doomed);
        await root.call(deleteStream, doomed);
        const left = permissionsOf({ streams: { [place.streamId]: { flags: streamFlags } } });
        assert.deepEqual((await root.call(getUser, { user: user.id }))?.permissions, left);
        const next = await root.call(createStream, { name: `${generation}-next`, options: noOptions });
        assert.equal(next?.id, doomed.streamId, 'the id is used again');
        await assert.rejects(client.call(getStream, { stream: doomed.streamId }), { status: 41 });
        await client.call(getStream, place);
        client.close();
      });

      it('a deleted topic takes its permissions along', async () => {
        const doomed = await createPlace(root);
        const topics = { [doomed.topicId]: topicFlags, 77: topicFlags };
        const { user, client } = await connectWith({ streams: { [doomed.streamId]: { topics } } });
        await poll(client, doomed);
        await root.call(deleteTopic, doomed);
        const left = permissionsOf({ streams: { [doomed.streamId]: { topics: { 77: topicFlags } } } });
        assert.deepEqual((await root.call(getUser, { user: user.id }))?.permissions, left);
        await addTopic(root, doomed.stream, doomed.topic);
        assert.equal((await root.call(getTopic, doomed))?.id, doomed.topicId, 'the id is used again');
        await assert.rejects(poll(client, doomed), { status: 41 });
        client.close();
      });

      it('purging and renaming leave permissions alone', async () => {
        const kept = await createPlace(root);
        const { client } = await connectWith({ streams: { [kept.streamId]: { topics: { [kept.topicId]: ['pollMessages'] } } } });
        await root.call(purgeStream, kept);
        await root.call(updateStream, { stream: kept.stream, name: `${generation}-kept`, options: noOptions });
        await poll(client, { stream: `${generation}-kept`, topic: kept.topic });
        client.close();
      });
    });
  }

  it('permissions of a deleted stream or topic stay dropped after a restart', async () => {
    const generation: Generation = 'vsr';
    const root = await RawClient.connect(server.address, generation);
    await root.login();
    const [doomed, kept] = [await createPlace(root), await createPlace(root)];
    const ofStream = await createTestUser(root, { streams: { [doomed.streamId]: { flags: streamFlags } } });
    const ofTopic = await createTestUser(root, {
      streams: { [kept.streamId]: { topics: { [kept.topicId]: ['readTopic'], 9: ['readTopic'] } } },
    });
    await root.call(deleteStream, doomed);
    await root.call(deleteTopic, kept);
    root.close();
    assert.equal(await server.stop(), 0);
    server = await startServerProcess(dataPath);
    const again = await RawClient.connect(server.address, generation);
    await again.login();
    const stored = async (user: TestUser) => (await again.call(getUser, { user: user.id }))?.permissions;
    assert.deepEqual(await stored(ofStream), permissionsOf({}));
    assert.deepEqual(await stored(ofTopic), permissionsOf({ streams: { [kept.streamId]: { topics: { 9: ['readTopic'] } } } }));
    again.close();
  });
});
