// Every command against every grant. The rules stand here a second time, letter by letter as the protocol's description has them, and independently of the server's code.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { encodeClassicMessages } from '../../src/protocol/batch/classic-messages.ts';
import { encodeBatch } from '../../src/protocol/batch/vsr-batch.ts';
import type { Command, Generation } from '../../src/protocol/command.ts';
import { changePassword } from '../../src/protocol/commands/change-password.ts';
import { checkPartition } from '../../src/protocol/commands/check-partition.ts';
import { createConsumerGroup } from '../../src/protocol/commands/create-consumer-group.ts';
import { createPartitions } from '../../src/protocol/commands/create-partitions.ts';
import { createPersonalAccessToken } from '../../src/protocol/commands/create-personal-access-token.ts';
import { createStream } from '../../src/protocol/commands/create-stream.ts';
import { createTopic } from '../../src/protocol/commands/create-topic.ts';
import { createUser } from '../../src/protocol/commands/create-user.ts';
import { deleteConsumerGroup } from '../../src/protocol/commands/delete-consumer-group.ts';
import { deleteConsumerOffset } from '../../src/protocol/commands/delete-consumer-offset.ts';
import { deletePartitions } from '../../src/protocol/commands/delete-partitions.ts';
import { deletePersonalAccessToken } from '../../src/protocol/commands/delete-personal-access-token.ts';
import { deleteSegments } from '../../src/protocol/commands/delete-segments.ts';
import { deleteStream } from '../../src/protocol/commands/delete-stream.ts';
import { deleteTopic } from '../../src/protocol/commands/delete-topic.ts';
import { deleteUser } from '../../src/protocol/commands/delete-user.ts';
import { describeOptions } from '../../src/protocol/commands/describe-options.ts';
import { flushUnsavedBuffer } from '../../src/protocol/commands/flush-unsaved-buffer.ts';
import { getClient } from '../../src/protocol/commands/get-client.ts';
import { getClients } from '../../src/protocol/commands/get-clients.ts';
import { getClusterMetadata } from '../../src/protocol/commands/get-cluster-metadata.ts';
import { getConsumerGroup } from '../../src/protocol/commands/get-consumer-group.ts';
import { getConsumerGroups } from '../../src/protocol/commands/get-consumer-groups.ts';
import { getConsumerOffset } from '../../src/protocol/commands/get-consumer-offset.ts';
import { getExtensions } from '../../src/protocol/commands/get-extensions.ts';
import { getMe } from '../../src/protocol/commands/get-me.ts';
import { getPersonalAccessTokens } from '../../src/protocol/commands/get-personal-access-tokens.ts';
import { getSnapshot } from '../../src/protocol/commands/get-snapshot.ts';
import { getStats } from '../../src/protocol/commands/get-stats.ts';
import { getStream } from '../../src/protocol/commands/get-stream.ts';
import { getStreams } from '../../src/protocol/commands/get-streams.ts';
import { getTopic } from '../../src/protocol/commands/get-topic.ts';
import { getTopics } from '../../src/protocol/commands/get-topics.ts';
import { getUser } from '../../src/protocol/commands/get-user.ts';
import { getUsers } from '../../src/protocol/commands/get-users.ts';
import { joinConsumerGroup } from '../../src/protocol/commands/join-consumer-group.ts';
import { leaveConsumerGroup } from '../../src/protocol/commands/leave-consumer-group.ts';
import { logoutUser } from '../../src/protocol/commands/logout-user.ts';
import { pollMessages } from '../../src/protocol/commands/poll-messages.ts';
import { purgeStream } from '../../src/protocol/commands/purge-stream.ts';
import { purgeTopic } from '../../src/protocol/commands/purge-topic.ts';
import { classicCommands, sharedCommands, vsrCommands } from '../../src/protocol/commands/registry.ts';
import { sendMessages } from '../../src/protocol/commands/send-messages.ts';
import { stopWaiting } from '../../src/protocol/commands/stop-waiting.ts';
import { storeConsumerOffset } from '../../src/protocol/commands/store-consumer-offset.ts';
import { syncConsumerGroup } from '../../src/protocol/commands/sync-consumer-group.ts';
import { updatePermissions } from '../../src/protocol/commands/update-permissions.ts';
import { updateStream } from '../../src/protocol/commands/update-stream.ts';
import { updateTopic } from '../../src/protocol/commands/update-topic.ts';
import { updateUser } from '../../src/protocol/commands/update-user.ts';
import { waitForMessages } from '../../src/protocol/commands/wait-for-messages.ts';
import { EvictionReason } from '../../src/protocol/operations.ts';
import { OptionScope, SnapshotCompression, SnapshotType, UserStatus } from '../../src/protocol/primitives/enumerations.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import { PollingKind } from '../../src/protocol/primitives/polling-strategy.ts';
import { xxh3 } from '../protocol/support/xxh3.ts';
import { generations, send, testMessages } from '../support/messages.ts';
import { RawClient, StatusError } from '../support/raw-client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import {
  createTestUser,
  type GlobalFlag,
  type Granted,
  globalFlags,
  permissionsOf,
  type StreamFlag,
  streamFlags,
  type TestUser,
  type TopicFlag,
  topicFlags,
} from '../support/users.ts';

interface Rule {
  global: readonly GlobalFlag[];
  stream: readonly StreamFlag[];
  topic: readonly TopicFlag[];
}

/** Any one flag of a rule suffices. */
const rules = {
  serverReading: { global: ['manageServers', 'readServers'], stream: [], topic: [] },
  userReading: { global: ['manageUsers', 'readUsers'], stream: [], topic: [] },
  userManaging: { global: ['manageUsers'], stream: [], topic: [] },
  streamReading: { global: ['manageStreams', 'readStreams'], stream: ['manageStream', 'readStream'], topic: [] },
  streamListing: { global: ['manageStreams', 'readStreams'], stream: [], topic: [] },
  streamCreation: { global: ['manageStreams'], stream: [], topic: [] },
  streamManaging: { global: ['manageStreams'], stream: ['manageStream'], topic: [] },
  topicListing: {
    global: ['manageStreams', 'readStreams', 'manageTopics', 'readTopics'],
    stream: ['manageStream', 'readStream', 'manageTopics', 'readTopics'],
    topic: [],
  },
  topicReading: {
    global: ['manageStreams', 'readStreams', 'manageTopics', 'readTopics'],
    stream: ['manageStream', 'readStream', 'manageTopics', 'readTopics'],
    topic: ['manageTopic', 'readTopic'],
  },
  topicCreation: { global: ['manageStreams', 'manageTopics'], stream: ['manageStream', 'manageTopics'], topic: [] },
  topicManaging: { global: ['manageStreams', 'manageTopics'], stream: ['manageStream', 'manageTopics'], topic: ['manageTopic'] },
  polling: {
    global: ['manageStreams', 'readStreams', 'manageTopics', 'readTopics', 'pollMessages'],
    stream: ['manageStream', 'readStream', 'manageTopics', 'readTopics', 'pollMessages'],
    topic: ['manageTopic', 'readTopic', 'pollMessages'],
  },
  sending: {
    global: ['manageStreams', 'manageTopics', 'sendMessages'],
    stream: ['manageStream', 'manageTopics', 'sendMessages'],
    topic: ['manageTopic', 'sendMessages'],
  },
} as const satisfies Record<string, Rule>;

/** What the commands act on. */
interface Fixture {
  stream: string;
  streamId: number;
  topic: string;
  topicId: number;
  group: string;
  victim: TestUser;
  generation: Generation;
}

interface Row {
  command: Command<never, unknown>;
  /** `login`: nothing else is needed. */
  rule: keyof typeof rules | 'login';
  request: (fixture: Fixture) => unknown;
  /** Once allowed, it leaves nothing to try again on. */
  spends: boolean;
}

let names = 0;
const unique = () => `name-${names++}`;

function row<Request, Reply>(
  command: Command<Request, Reply>,
  rule: Row['rule'],
  request: (fixture: Fixture) => Request,
  options: { spends?: boolean } = {},
): Row {
  return { command: command as Command<never, unknown>, rule, request, spends: options.spends ?? false };
}

const consumer = { kind: 1, id: 9 } as const;
const spends = { spends: true };
const place = ({ stream, topic }: Fixture) => ({ stream, topic });
const topicSettings = ({ generation }: Fixture) => ({
  compression: generation === 'classic' ? (1 as const) : undefined,
  messageExpiry: generation === 'classic' ? 0n : undefined,
  maxTopicSize: generation === 'classic' ? 0n : undefined,
  replicationFactor: generation === 'classic' ? 1 : undefined,
  options: noOptions,
});

const shared: readonly Row[] = [
  row(getMe, 'login', () => undefined),
  row(getClusterMetadata, 'login', () => undefined),
  row(createPersonalAccessToken, 'login', () => ({ name: 'matrix', expiry: 0n })),
  row(getPersonalAccessTokens, 'login', () => undefined),
  row(deletePersonalAccessToken, 'login', () => ({ name: 'matrix' })),
  row(getStats, 'serverReading', () => undefined),
  row(getSnapshot, 'serverReading', () => ({ compression: SnapshotCompression.stored, types: [SnapshotType.test] })),
  row(getClient, 'serverReading', () => ({ clientId: 1 })),
  row(getClients, 'serverReading', () => undefined),
  row(getUser, 'userReading', ({ victim }) => ({ user: victim.id })),
  row(getUsers, 'userReading', () => undefined),
  row(createUser, 'userManaging', () => ({
    username: unique(),
    password: 'password',
    status: UserStatus.active,
    permissions: undefined,
    options: noOptions,
  })),
  row(updateUser, 'userManaging', ({ victim }) => ({
    user: victim.id,
    username: undefined,
    status: UserStatus.active,
    options: noOptions,
  })),
  row(updatePermissions, 'userManaging', ({ victim }) => ({ user: victim.id, permissions: undefined })),
  row(changePassword, 'userManaging', ({ victim }) => ({
    user: victim.id,
    currentPassword: victim.password,
    newPassword: victim.password,
  })),
  row(deleteUser, 'userManaging', ({ victim }) => ({ user: victim.id }), spends),
  row(getStream, 'streamReading', ({ stream }) => ({ stream })),
  row(getStreams, 'streamListing', () => undefined),
  row(createStream, 'streamCreation', () => ({ name: unique(), options: noOptions })),
  row(updateStream, 'streamManaging', ({ stream }) => ({ stream, name: stream, options: noOptions })),
  row(getTopics, 'topicListing', ({ stream }) => ({ stream })),
  row(getTopic, 'topicReading', place),
  row(createTopic, 'topicCreation', (fixture) => ({
    stream: fixture.stream,
    name: unique(),
    partitionsCount: 1,
    ...topicSettings(fixture),
  })),
  row(updateTopic, 'topicManaging', (fixture) => ({ ...place(fixture), name: fixture.topic, ...topicSettings(fixture) })),
  row(createPartitions, 'topicManaging', (fixture) => ({ ...place(fixture), partitionsCount: 1 })),
  row(deletePartitions, 'topicManaging', (fixture) => ({ ...place(fixture), partitionsCount: 1 })),
  row(deleteSegments, 'topicManaging', (fixture) => ({ ...place(fixture), partition: 0, segmentsCount: 0 })),
  row(getConsumerGroup, 'topicReading', (fixture) => ({ ...place(fixture), group: fixture.group })),
  row(getConsumerGroups, 'topicReading', place),
  row(createConsumerGroup, 'topicReading', (fixture) => ({ ...place(fixture), name: unique() })),
  row(joinConsumerGroup, 'topicReading', (fixture) => ({ ...place(fixture), group: fixture.group })),
  row(leaveConsumerGroup, 'topicReading', (fixture) => ({ ...place(fixture), group: fixture.group })),
  row(deleteConsumerGroup, 'topicReading', (fixture) => ({ ...place(fixture), group: fixture.group }), spends),
  row(sendMessages, 'sending', (fixture) => {
    const messages = testMessages(0, 1);
    const batch = fixture.generation === 'classic' ? encodeClassicMessages(messages) : encodeBatch(messages, xxh3);
    return { ...place(fixture), partitioning: { kind: 'partition' as const, partition: 0 }, count: 1, batch };
  }),
  row(flushUnsavedBuffer, 'sending', (fixture) => ({ ...place(fixture), partition: 0, fsync: false })),
  row(pollMessages, 'polling', (fixture) => ({
    ...place(fixture),
    consumer,
    partition: 0,
    strategy: { kind: PollingKind.offset, value: 0n },
    count: 1,
    autoCommit: false,
  })),
  row(storeConsumerOffset, 'polling', (fixture) => ({ ...place(fixture), consumer, partition: 0, offset: 0n })),
  row(getConsumerOffset, 'polling', (fixture) => ({ ...place(fixture), consumer, partition: 0 })),
  row(deleteConsumerOffset, 'polling', (fixture) => ({ ...place(fixture), consumer, partition: 0 })),
  row(purgeTopic, 'topicManaging', place, spends),
  row(deleteTopic, 'topicManaging', place, spends),
  row(purgeStream, 'streamManaging', ({ stream }) => ({ stream }), spends),
  row(deleteStream, 'streamManaging', ({ stream }) => ({ stream }), spends),
];

const rows: Record<Generation, readonly Row[]> = {
  classic: shared,
  vsr: [
    ...shared,
    row(describeOptions, 'login', () => ({ scope: OptionScope.topic })),
    row(getExtensions, 'login', () => undefined),
    // Ends waits of the connection itself alone.
    row(stopWaiting, 'login', () => ({ request: 0n })),
    row(waitForMessages, 'polling', (fixture) => ({
      ...place(fixture),
      ...{
        consumer,
        partition: 0,
        strategy: { kind: PollingKind.offset, value: 0n },
        count: 1,
        autoCommit: false,
        waitMs: 1000,
        messages: 1,
      },
    })),
    row(checkPartition, 'topicManaging', (fixture) => ({ action: 'tell' as const, ...place(fixture), partition: 0 })),
    // Tells a member its own partitions, and nobody else anything.
    row(syncConsumerGroup, 'login', (fixture) => ({ ...place(fixture), group: fixture.group })),
  ],
};

/** Tested elsewhere, since they are about the login itself; or not answered by this server. */
const others = new Set([
  'Ping',
  'LoginUser',
  'LoginWithPersonalAccessToken',
  'LogoutUser',
  'Register',
  'AttachConsumerSession',
  'GetPollRouting',
  'PollMessagesOnPrimary',
  'GetConsumerOffsetRouting',
]);

interface Case {
  name: string;
  granted: (fixture: Fixture) => Granted | undefined;
  allowed: (rule: Rule) => boolean;
}

const otherStreamId = 4_000_000_000;
const cases: readonly Case[] = [
  { name: 'no permission', granted: () => undefined, allowed: () => false },
  {
    name: 'every permission on another stream',
    granted: ({ topicId }) => ({ streams: { [otherStreamId]: { flags: streamFlags, topics: { [topicId]: topicFlags } } } }),
    allowed: () => false,
  },
  {
    name: 'every permission on another topic',
    granted: ({ streamId, topicId }) => ({ streams: { [streamId]: { topics: { [topicId + 1000]: topicFlags } } } }),
    allowed: () => false,
  },
  ...topicFlags.map((flag) => ({
    name: `topic permission ${flag}`,
    granted: ({ streamId, topicId }: Fixture) => ({ streams: { [streamId]: { topics: { [topicId]: [flag] } } } }),
    allowed: (rule: Rule) => rule.topic.includes(flag),
  })),
  ...streamFlags.map((flag) => ({
    name: `stream permission ${flag}`,
    granted: ({ streamId, topicId }: Fixture) => ({ streams: { [streamId]: { flags: [flag], topics: { [topicId]: [] } } } }),
    allowed: (rule: Rule) => rule.stream.includes(flag),
  })),
  ...globalFlags.map((flag) => ({
    name: `global permission ${flag}`,
    granted: ({ streamId }: Fixture) => ({ global: [flag], streams: { [streamId]: {} } }),
    allowed: (rule: Rule) => rule.global.includes(flag),
  })),
];

describe('permission matrix', () => {
  const folder = temporaryFolder();
  let server: ServerProcess;

  before(async () => {
    server = await startServerProcess(`${folder.path}/data`, { GALGO_SYSTEM_LOGGING_LEVEL: 'warn' });
  });

  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  for (const generation of generations) {
    describe(generation, () => {
      let root: RawClient;
      let client: RawClient;
      let user: TestUser;
      let fixture: Fixture;

      const makeFixture = async (): Promise<Fixture> => {
        const [stream, topic, group] = [unique(), unique(), unique()];
        const streamId = (await root.call(createStream, { name: stream, options: noOptions }))?.id as number;
        const settings = { ...topicSettings({ generation } as Fixture), partitionsCount: 2 };
        const topicId = (await root.call(createTopic, { stream, name: topic, ...settings }))?.id as number;
        await root.call(createConsumerGroup, { stream, topic, name: group });
        await send(root, { stream, topic }, testMessages(0, 1));
        return { stream, streamId, topic, topicId, group, victim: await createTestUser(root), generation };
      };

      const grant = async (granted: Granted | undefined): Promise<void> => {
        await root.call(updatePermissions, { user: user.id, permissions: granted && permissionsOf(granted) });
      };

      /** `ok`, a status, or an eviction. */
      const outcomeOf = async (by: RawClient, { command, request }: Row): Promise<'ok' | number | string> => {
        try {
          await by.call(command, request(fixture) as never);
          return 'ok';
        } catch (error) {
          assert.ok(error instanceof StatusError, String(error));
          return error.eviction === undefined ? error.status : `eviction ${error.eviction}`;
        }
      };

      before(async () => {
        root = await RawClient.connect(server.address, generation);
        await root.login();
        user = await createTestUser(root);
        client = await RawClient.connect(server.address, generation);
        await client.login(user.username, user.password);
        fixture = await makeFixture();
      });

      after(() => {
        root.close();
        client.close();
      });

      it('names every command', () => {
        const commands = [...sharedCommands, ...(generation === 'classic' ? classicCommands : vsrCommands)].map(({ name }) => name);
        const here = new Set(rows[generation].map(({ command }) => command.name));
        assert.deepEqual(
          commands.filter((name) => !here.has(name) && !others.has(name)),
          [],
        );
      });

      it('no login', async () => {
        const stranger = await RawClient.connect(server.address, generation);
        if (generation === 'vsr') {
          // A request names a session, so that there must have been one.
          await stranger.login();
          await stranger.call(logoutUser, undefined);
        }
        for (const each of rows[generation]) {
          const expected = generation === 'vsr' && each.command.operation !== 2 ? `eviction ${EvictionReason.noSession}` : 40;
          assert.equal(await outcomeOf(stranger, each), expected, each.command.name);
        }
        stranger.close();
      });

      for (const { name, granted, allowed } of cases) {
        it(name, async () => {
          await grant(granted(fixture));
          for (const each of rows[generation]) {
            const expected = each.rule === 'login' || allowed(rules[each.rule]) ? 'ok' : 41;
            assert.equal(await outcomeOf(client, each), expected, each.command.name);
            if (expected === 'ok' && each.spends) {
              fixture = await makeFixture();
              await grant(granted(fixture));
            }
          }
        });
      }

      it('root', async () => {
        for (const each of rows[generation]) {
          assert.equal(await outcomeOf(root, each), 'ok', each.command.name);
          if (each.spends) fixture = await makeFixture();
        }
      });
    });
  }
});
