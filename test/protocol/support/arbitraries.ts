// Arbitrary values of the protocol's types, for property tests.

import fc from 'fast-check';
import type { Client, ClientDetails } from '../../../src/protocol/primitives/client-details.ts';
import type { ClusterNode } from '../../../src/protocol/primitives/cluster-node.ts';
import type { Consumer } from '../../../src/protocol/primitives/consumer.ts';
import type { Identifier } from '../../../src/protocol/primitives/identifier.ts';
import type { Options } from '../../../src/protocol/primitives/options.ts';
import type { Partitioning } from '../../../src/protocol/primitives/partitioning.ts';
import type { Permissions, StreamPermissions, TopicPermissions } from '../../../src/protocol/primitives/permissions.ts';
import type { PollingStrategy } from '../../../src/protocol/primitives/polling-strategy.ts';
import type { Stats } from '../../../src/protocol/primitives/stats.ts';
import type { TypedValue } from '../../../src/protocol/primitives/typed-value.ts';
import type { User, UserDetails } from '../../../src/protocol/primitives/user.ts';

/** Records as literals make them, so that strict equality holds. */
export const record = <Model extends object>(model: { [Key in keyof Model]: fc.Arbitrary<Model[Key]> }): fc.Arbitrary<Model> =>
  fc.record<Model>(model, { noNullPrototype: true });

const signed = (bits: bigint) => fc.bigInt({ min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n });
const unsigned = (bits: bigint) => fc.bigInt({ min: 0n, max: 2n ** bits - 1n });

export const u16 = fc.integer({ min: 0, max: 0xffff });
export const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
export const u64 = unsigned(64n);
export const u128 = unsigned(128n);
const f32 = fc.float({ noNaN: true });

/** Text of `min` to 255 bytes, any plane. */
const shortText = (min: number) =>
  fc.string({ unit: 'binary', minLength: min, maxLength: 80 }).filter((text) => Buffer.byteLength(text) <= 255);

export const text = shortText(0);
export const name = shortText(1);
export const bytes = fc.uint8Array({ maxLength: 300 });
export const identifier: fc.Arbitrary<Identifier> = fc.oneof(u32, name);
export const partition = fc.option(u32, { nil: undefined });
export const consumer: fc.Arbitrary<Consumer> = record({ kind: fc.constantFrom(1, 2), id: identifier });

export const partitioning: fc.Arbitrary<Partitioning> = fc.oneof(
  record({ kind: fc.constant('balanced' as const) }),
  record({ kind: fc.constant('partition' as const), partition: u32 }),
  record({ kind: fc.constant('key' as const), key: fc.uint8Array({ minLength: 1, maxLength: 255 }) }),
);

export const pollingStrategy: fc.Arbitrary<PollingStrategy> = record({ kind: fc.constantFrom(1, 2, 3, 4, 5), value: u64 });

const flag = fc.boolean();

const topicPermissions: fc.Arbitrary<TopicPermissions> = record({
  manageTopic: flag,
  readTopic: flag,
  pollMessages: flag,
  sendMessages: flag,
});

/** Maps by ascending key, as they are read back. */
const byId = <Value>(value: fc.Arbitrary<Value>) =>
  fc
    .uniqueArray(fc.tuple(u32, value), { maxLength: 4, selector: ([id]) => id })
    .map((entries) => new Map(entries.sort(([a], [b]) => a - b)));

const streamPermissions: fc.Arbitrary<StreamPermissions> = record({
  manageStream: flag,
  readStream: flag,
  manageTopics: flag,
  readTopics: flag,
  pollMessages: flag,
  sendMessages: flag,
  topics: byId(topicPermissions),
});

export const permissions: fc.Arbitrary<Permissions> = record({
  global: record({
    manageServers: flag,
    readServers: flag,
    manageUsers: flag,
    readUsers: flag,
    manageStreams: flag,
    readStreams: flag,
    manageTopics: flag,
    readTopics: flag,
    pollMessages: flag,
    sendMessages: flag,
  }),
  streams: byId(streamPermissions),
});

export const optionalPermissions = fc.option(permissions, { nil: undefined });

export const typedValue: fc.Arbitrary<TypedValue> = fc.oneof(
  record({ kind: fc.constant('raw' as const), value: fc.uint8Array({ minLength: 1, maxLength: 255 }) }),
  record({ kind: fc.constant('string' as const), value: name }),
  record({ kind: fc.constant('bool' as const), value: flag }),
  record({ kind: fc.constant('int8' as const), value: fc.integer({ min: -128, max: 127 }) }),
  record({ kind: fc.constant('int16' as const), value: fc.integer({ min: -32_768, max: 32_767 }) }),
  record({ kind: fc.constant('int32' as const), value: fc.integer() }),
  record({ kind: fc.constant('int64' as const), value: signed(64n) }),
  record({ kind: fc.constant('int128' as const), value: signed(128n) }),
  record({ kind: fc.constant('uint8' as const), value: fc.integer({ min: 0, max: 255 }) }),
  record({ kind: fc.constant('uint16' as const), value: u16 }),
  record({ kind: fc.constant('uint32' as const), value: u32 }),
  record({ kind: fc.constant('uint64' as const), value: u64 }),
  record({ kind: fc.constant('uint128' as const), value: u128 }),
  record({ kind: fc.constant('float32' as const), value: f32 }),
  record({ kind: fc.constant('float64' as const), value: fc.double({ noNaN: true }) }),
);

export const options: fc.Arbitrary<Options> = fc
  .uniqueArray(fc.tuple(name, record({ kind: fc.integer({ min: 1, max: 15 }), bytes: fc.uint8Array({ minLength: 1, maxLength: 255 }) })), {
    maxLength: 6,
    selector: ([key]) => key,
  })
  .map((entries) => new Map(entries));

const peer = {
  clientId: u32,
  userId: fc.option(fc.integer({ min: 0, max: 0xffff_fffe }), { nil: undefined }),
  transport: fc.constantFrom(1, 2, 3, 4),
  address: text,
} as const;

export const client: fc.Arbitrary<Client> = record({ ...peer, groupsCount: u32 });

export const clientDetails: fc.Arbitrary<ClientDetails> = record({
  ...peer,
  groups: fc.array(record({ streamId: u32, topicId: u32, groupId: u32 }), { maxLength: 5 }),
});

const account = { id: u32, createdAt: u64, status: fc.constantFrom(1, 2), username: name, options } as const;

export const user: fc.Arbitrary<User> = record(account);

export const userDetails: fc.Arbitrary<UserDetails> = record({ ...account, permissions: optionalPermissions });

export const clusterNode: fc.Arbitrary<ClusterNode> = record({
  name: text,
  host: text,
  tcpPort: u16,
  quicPort: u16,
  httpPort: u16,
  websocketPort: u16,
  role: fc.constantFrom(0, 1),
  status: fc.constantFrom(0, 1, 2, 3, 4, 5),
});

export const consumerSession = record({ client: u128, session: u64, watermark: u64 });

export const stats: fc.Arbitrary<Stats> = record({
  processId: u32,
  cpuUsage: f32,
  totalCpuUsage: f32,
  memoryUsage: u64,
  totalMemory: u64,
  availableMemory: u64,
  runTime: u64,
  startTime: u64,
  readBytes: u64,
  writtenBytes: u64,
  messagesSizeBytes: u64,
  streamsCount: u32,
  topicsCount: u32,
  partitionsCount: u32,
  segmentsCount: u32,
  messagesCount: u64,
  clientsCount: u32,
  consumerGroupsCount: u32,
  hostname: text,
  osName: text,
  osVersion: text,
  kernelVersion: text,
  serverVersion: text,
  serverSemver: u32,
  cacheMetrics: fc.array(record({ streamId: u32, topicId: u32, partitionId: u32, hits: u64, misses: u64, hitRatio: f32 }), {
    maxLength: 3,
  }),
  threadsCount: u32,
  freeDiskSpace: u64,
  totalDiskSpace: u64,
});
