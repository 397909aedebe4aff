import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createConsumerGroup } from '../../src/protocol/commands/create-consumer-group.ts';
import { createPartitions } from '../../src/protocol/commands/create-partitions.ts';
import { createStream } from '../../src/protocol/commands/create-stream.ts';
import { createTopic } from '../../src/protocol/commands/create-topic.ts';
import { deleteConsumerGroup } from '../../src/protocol/commands/delete-consumer-group.ts';
import { getConsumerGroup } from '../../src/protocol/commands/get-consumer-group.ts';
import { getStats } from '../../src/protocol/commands/get-stats.ts';
import { leaveConsumerGroup } from '../../src/protocol/commands/leave-consumer-group.ts';
import { ping } from '../../src/protocol/commands/ping.ts';
import { storeConsumerOffset } from '../../src/protocol/commands/store-consumer-offset.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import { createTestGroup, join } from '../support/groups.ts';
import { createTestTopic, generations, poll, send, testMessages } from '../support/messages.ts';
import { RawClient } from '../support/raw-client.ts';
import { eventually, refused, serverSuite } from '../support/server-suite.ts';

const KiB = 1024;

serverSuite(
  'limits of what is kept',
  {
    LIMITS_STREAMS_MAX: '12',
    LIMITS_TOPICS_MAX: '2',
    LIMITS_PARTITIONS_MAX: '5',
    LIMITS_GROUPS_MAX: '2',
    LIMITS_GROUP_MEMBERS_MAX: '2',
    ENGINE_CONSUMER_OFFSETS_MAX: '2',
  },
  (suite) => {
    for (const generation of generations) {
      it(`${generation}: topics of a stream, partitions of a topic`, async () => {
        const client = await suite.login(generation);
        const name = await createTestTopic(client, 5);
        await refused(client.call(createPartitions, { ...name, partitionsCount: 1 }), 3013);
        const classic = generation === 'classic';
        const fields = {
          stream: name.stream,
          compression: classic ? (1 as const) : undefined,
          messageExpiry: classic ? 0n : undefined,
          maxTopicSize: classic ? 0n : undefined,
          replicationFactor: classic ? 1 : undefined,
          options: noOptions,
        };
        await refused(client.call(createTopic, { ...fields, name: 'wide', partitionsCount: 6 }), 3013);
        await client.call(createTopic, { ...fields, name: 'second', partitionsCount: 1 });
        await refused(client.call(createTopic, { ...fields, name: 'third', partitionsCount: 1 }), 2021);
      });

      it(`${generation}: groups of a topic, members of a group; what is given back can be had again`, async () => {
        const [first, second, third] = (await Promise.all([0, 1, 2].map(() => suite.login(generation)))) as [
          RawClient,
          RawClient,
          RawClient,
        ];
        const name = await createTestGroup(first, 1);
        await first.call(createConsumerGroup, { ...name, name: 'second' });
        await refused(first.call(createConsumerGroup, { ...name, name: 'third' }), 5007);
        await first.call(deleteConsumerGroup, { ...name, group: 'second' });
        await first.call(createConsumerGroup, { ...name, name: 'third' });
        await join(first, name);
        await join(second, name);
        await refused(join(third, name), 5);
        await join(first, name);
        assert.equal((await first.call(getConsumerGroup, name))?.membersCount, 2);
        await second.call(leaveConsumerGroup, name);
        await join(third, name);
      });

      it(`${generation}: stored offsets of a partition`, async () => {
        const client = await suite.login(generation);
        const name = await createTestTopic(client);
        await send(client, name, testMessages(0, 3));
        const store = (id: string, offset: bigint) =>
          client.call(storeConsumerOffset, { ...name, consumer: { kind: 1, id }, partition: 0, offset });
        await store('one', 0n);
        await store('two', 0n);
        await refused(store('three', 0n), 3024);
        await store('two', 1n);
      });
    }

    it('streams', async () => {
      const client = await suite.login('vsr');
      const exist = (await client.call(getStats, undefined))?.streamsCount ?? 0;
      for (let count = exist; count < 12; count++) await client.call(createStream, { name: `stream ${count}`, options: noOptions });
      await refused(client.call(createStream, { name: 'one too many', options: noOptions }), 1020);
    });
  },
);

serverSuite(
  'limits of requests',
  {
    LIMITS_FRAME_SIZE_MAX: '128 KiB',
    LIMITS_CONTROL_SIZE_MAX: '64 KiB',
    LIMITS_ANONYMOUS_FRAME_SIZE_MAX: '4 KiB',
    LIMITS_BUFFERS_SIZE_MAX: '16 MiB',
    LIMITS_UNANSWERED_SIZE_MAX: '64 KiB',
    LIMITS_UNANSWERED_REQUESTS_MAX: '2',
  },
  (suite) => {
    for (const generation of generations) {
      const control = (client: RawClient, bytes: number) =>
        generation === 'classic' ? client.classic(1, Buffer.alloc(bytes)) : client.vsr(2, Buffer.alloc(bytes), { code: 1 });
      const head = generation === 'classic' ? 8 : 256;

      it(`${generation}: a request at the limit of those who have not logged in is looked at, a longer one is refused and read past`, async () => {
        const client = await suite.connect(generation);
        const atLimit = await control(client, 4 * KiB - head);
        assert.notEqual(atLimit.status, 40);
        assert.equal((await control(client, 4 * KiB - head + 1)).status, 40);
        assert.equal(await client.call(ping, undefined), undefined, 'the connection stays usable');
      });

      it(`${generation}: a frame at its limit is taken, a longer one ends the connection`, async () => {
        const client = await suite.login(generation);
        const name = await createTestTopic(client);
        await send(client, name, testMessages(0, 1, 128 * KiB - 1024));
        assert.equal((await poll(client, name)).messages.length, 1);
        await assert.rejects(send(client, name, testMessages(1, 1, 128 * KiB)));
        await eventually('the connection ends', () => client.closed);
      });

      it(`${generation}: requests beyond the unanswered ones wait, and all are answered`, async () => {
        const client = await suite.login(generation);
        const name = await createTestTopic(client);
        const sends = Array.from({ length: 50 }, (_, index) => send(client, name, testMessages(index, 1, 1000)));
        await Promise.all(sends);
        const polls = Array.from({ length: 20 }, () => poll(client, name));
        for (const { messages } of await Promise.all(polls)) assert.equal(messages.length, 50);
      });
    }

    it('a classic command other than a send is refused above its own limit', async () => {
      const client = await suite.login('classic');
      assert.notEqual((await client.classic(1, Buffer.alloc(64 * KiB))).status, undefined);
      const reply = await client.classic(1, Buffer.alloc(64 * KiB + 1));
      assert.equal(reply.status, 3);
      await eventually('the connection ends', () => client.closed);
    });
  },
);

serverSuite('limits of connections', { LIMITS_CONNECTIONS_MAX: '4' }, (suite) => {
  it('one connection too many is closed, and room is made by one that ends', async () => {
    const clients = await Promise.all([0, 1, 2, 3].map(() => suite.login('classic')));
    const surplus = await suite.connect('classic');
    await eventually('the surplus one is closed', () => surplus.closed);
    clients[0]?.close();
    await eventually('room', async () => {
      const next = await RawClient.connect(suite.server.address, 'vsr').catch(() => undefined);
      const answered = await next?.call(ping, undefined).then(
        () => true,
        () => false,
      );
      next?.close();
      return answered === true;
    });
  });
});
