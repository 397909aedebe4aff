import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createConsumerGroup } from '../../src/protocol/commands/create-consumer-group.ts';
import { createPersonalAccessToken } from '../../src/protocol/commands/create-personal-access-token.ts';
import { createTopic } from '../../src/protocol/commands/create-topic.ts';
import { createUser } from '../../src/protocol/commands/create-user.ts';
import { getConsumerGroups } from '../../src/protocol/commands/get-consumer-groups.ts';
import { getConsumerOffset } from '../../src/protocol/commands/get-consumer-offset.ts';
import { getPersonalAccessTokens } from '../../src/protocol/commands/get-personal-access-tokens.ts';
import { getStats } from '../../src/protocol/commands/get-stats.ts';
import { getStream } from '../../src/protocol/commands/get-stream.ts';
import { getTopic } from '../../src/protocol/commands/get-topic.ts';
import { getUsers } from '../../src/protocol/commands/get-users.ts';
import { storeConsumerOffset } from '../../src/protocol/commands/store-consumer-offset.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import { formatTypedValue, type TypedValue } from '../../src/protocol/primitives/typed-value.ts';
import { assertMessages, createTestTopic, generations, poll, send, type TopicName, testMessages } from '../support/messages.ts';
import type { RawClient } from '../support/raw-client.ts';
import { serverSuite } from '../support/server-suite.ts';

const option = (value: TypedValue) => formatTypedValue(value);

for (const how of ['stop', 'kill'] as const) {
  serverSuite(`a restart by ${how}`, {}, (suite) => {
    /** Everything that a client can see and that must not change. */
    async function view(client: RawClient, name: TopicName) {
      const { streamsCount, topicsCount, partitionsCount, segmentsCount, messagesCount, messagesSizeBytes, consumerGroupsCount } =
        (await client.call(getStats, undefined)) ?? assert.fail('statistics');
      return {
        counts: { streamsCount, topicsCount, partitionsCount, segmentsCount, messagesCount, messagesSizeBytes, consumerGroupsCount },
        stream: await client.call(getStream, { stream: name.stream }),
        topic: await client.call(getTopic, name),
        explicit: await client.call(getTopic, { stream: name.stream, topic: 'explicit' }),
        groups: await client.call(getConsumerGroups, name),
        offset: await client.call(getConsumerOffset, { ...name, consumer: { kind: 1, id: 'reader' }, partition: 0 }),
        users: await client.call(getUsers, undefined),
        tokens: await client.call(getPersonalAccessTokens, undefined),
      };
    }

    it('streams, topics, options, partitions, messages, sizes, offsets, groups, users and tokens are the same', async () => {
      const client = await suite.login('vsr');
      const name = await createTestTopic(client, 3);
      const options = new Map([
        ['message_expiry', option({ kind: 'string', value: '7 days' })],
        ['segment_size', option({ kind: 'string', value: '1 MiB' })],
        ['galgo.retention_count', option({ kind: 'uint64', value: 1000n })],
        ['galgo.durability', option({ kind: 'string', value: 'group' })],
      ]);
      const undefinedFields = { compression: undefined, messageExpiry: undefined, maxTopicSize: undefined, replicationFactor: undefined };
      await client.call(createTopic, { stream: name.stream, name: 'explicit', partitionsCount: 2, ...undefinedFields, options });
      const messages = testMessages(0, 500);
      await send(client, name, messages);
      await send(client, { stream: name.stream, topic: 'explicit' }, messages);
      await client.call(storeConsumerOffset, { ...name, consumer: { kind: 1, id: 'reader' }, partition: 0, offset: 123n });
      for (const group of ['one', 'two']) await client.call(createConsumerGroup, { ...name, name: group });
      await client.call(createUser, { username: 'reader', password: 'password', status: 1, permissions: undefined, options: noOptions });
      const token = await client.call(createPersonalAccessToken, { name: 'token', expiry: 0n });
      const before = await view(client, name);

      await suite.restart(how);
      const again = await suite.connect('vsr');
      assert.equal(await again.loginWithToken(token?.token ?? ''), 0);
      assert.deepEqual(await view(again, name), before);
      assert.equal(before.explicit?.messageExpiry, 7n * 86_400_000_000n);
      const user = await suite.connect('classic');
      assert.notEqual(await user.login('reader', 'password'), 0);
      for (const generation of generations) assertMessages((await poll(await suite.login(generation), name)).messages, messages, 0n);
    });

    for (const generation of generations) {
      it(`${generation}: after a lone message at offset 0 the next one has offset 1, and no offset is ever skipped`, async () => {
        let client = await suite.login(generation);
        const name = await createTestTopic(client);
        for (let index = 0; index < 4; index++) {
          await send(client, name, testMessages(index, 1));
          await suite.restart(how);
          client = await suite.login(generation);
        }
        assertMessages((await poll(client, name)).messages, testMessages(0, 4), 0n);
      });
    }
  });
}
