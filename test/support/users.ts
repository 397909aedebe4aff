// Users of a test server, and permissions written as the flags that are set.

import { createUser } from '../../src/protocol/commands/create-user.ts';
import { UserStatus } from '../../src/protocol/primitives/enumerations.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import type { GlobalPermissions, Permissions, StreamPermissions, TopicPermissions } from '../../src/protocol/primitives/permissions.ts';
import type { RawClient } from './raw-client.ts';

export type GlobalFlag = keyof GlobalPermissions;
export type StreamFlag = Exclude<keyof StreamPermissions, 'topics'>;
export type TopicFlag = keyof TopicPermissions;

export const globalFlags: readonly GlobalFlag[] = [
  'manageServers',
  'readServers',
  'manageUsers',
  'readUsers',
  'manageStreams',
  'readStreams',
  'manageTopics',
  'readTopics',
  'pollMessages',
  'sendMessages',
];
export const streamFlags: readonly StreamFlag[] = [
  'manageStream',
  'readStream',
  'manageTopics',
  'readTopics',
  'pollMessages',
  'sendMessages',
];
export const topicFlags: readonly TopicFlag[] = ['manageTopic', 'readTopic', 'pollMessages', 'sendMessages'];

export interface Granted {
  global?: readonly GlobalFlag[];
  /** By stream id. */
  streams?: Record<number, { flags?: readonly StreamFlag[]; topics?: Record<number, readonly TopicFlag[]> }>;
}

export function permissionsOf(granted: Granted): Permissions {
  const streams = Object.entries(granted.streams ?? {}).map(([id, { flags, topics }]): [number, StreamPermissions] => [
    Number(id),
    {
      ...only(streamFlags, flags),
      topics: new Map(Object.entries(topics ?? {}).map(([topicId, topic]) => [Number(topicId), only(topicFlags, topic)])),
    },
  ]);
  return { global: only(globalFlags, granted.global), streams: new Map(streams) };
}

export interface TestUser {
  id: number;
  username: string;
  password: string;
}

/** Creates a user with a name and a password of its own. Undefined: without permissions. */
export async function createTestUser(root: RawClient, granted?: Granted): Promise<TestUser> {
  const username = `user-${crypto.randomUUID()}`;
  const password = `password-${crypto.randomUUID()}`;
  const permissions = granted && permissionsOf(granted);
  const user = await root.call(createUser, { username, password, status: UserStatus.active, permissions, options: noOptions });
  return { id: user?.id as number, username, password };
}

function only<Flag extends string>(all: readonly Flag[], set: readonly Flag[] = []): Record<Flag, boolean> {
  return Object.fromEntries(all.map((flag) => [flag, set.includes(flag)])) as Record<Flag, boolean>;
}
