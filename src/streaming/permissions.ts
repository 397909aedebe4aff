// Who may do what. Denied unless granted, and grants only add up: a flag that is not set takes nothing away from what a wider one gives.
//
// The protocol's flags come at three levels: everywhere, in one stream, in one topic. A flag implies actions, the same ones at every level where it exists. What a user's
// flags come to is computed once, when they change, so that a request costs a few look-ups of bits.

import type { Permissions, StreamPermissions } from '../protocol/primitives/permissions.ts';

/** What a command needs, in the words of the protocol's permission flags. */
export type Action =
  | 'read-servers'
  | 'read-users'
  | 'manage-users'
  | 'read-streams'
  | 'manage-streams'
  | 'read-topics'
  | 'manage-topics'
  | 'poll-messages'
  | 'send-messages';

const bits: Readonly<Record<Action, number>> = {
  'read-servers': 1,
  'read-users': 2,
  'manage-users': 4,
  'read-streams': 8,
  'manage-streams': 16,
  'read-topics': 32,
  'manage-topics': 64,
  'poll-messages': 128,
  'send-messages': 256,
};

const implied = {
  readServers: maskOf('read-servers'),
  readUsers: maskOf('read-users'),
  manageUsers: maskOf('read-users', 'manage-users'),
  manageStreams: maskOf('read-streams', 'manage-streams', 'read-topics', 'manage-topics', 'poll-messages', 'send-messages'),
  readStreams: maskOf('read-streams', 'read-topics', 'poll-messages'),
  manageTopics: maskOf('read-topics', 'manage-topics', 'poll-messages', 'send-messages'),
  readTopics: maskOf('read-topics', 'poll-messages'),
  pollMessages: maskOf('poll-messages'),
  sendMessages: maskOf('send-messages'),
};

interface StreamGrants {
  readonly mask: number;
  /** Masks by topic id. */
  readonly topics: ReadonlyMap<number, number>;
}

/** What permissions come to. */
export class Grants {
  readonly #everywhere: number;
  readonly #streams: ReadonlyMap<number, StreamGrants>;

  /** Undefined: nothing is granted. */
  constructor(permissions: Permissions | undefined) {
    this.#everywhere = permissions === undefined ? 0 : globalMask(permissions);
    this.#streams = new Map([...(permissions?.streams ?? [])].map(([id, stream]) => [id, streamGrants(stream)]));
  }

  /** Without ids the action concerns all streams, with one id all topics of that stream: a grant for less does not do. */
  allows(action: Action, streamId?: number, topicId?: number): boolean {
    const bit = bits[action];
    if ((this.#everywhere & bit) !== 0) return true;
    if (streamId === undefined) return false;
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return false;
    if ((stream.mask & bit) !== 0) return true;
    return topicId !== undefined && ((stream.topics.get(topicId) ?? 0) & bit) !== 0;
  }
}

/** Every global flag: what the root user has. */
export const everyPermission: Permissions = {
  global: {
    manageServers: true,
    readServers: true,
    manageUsers: true,
    readUsers: true,
    manageStreams: true,
    readStreams: true,
    manageTopics: true,
    readTopics: true,
    pollMessages: true,
    sendMessages: true,
  },
  streams: new Map(),
};

/** The same permissions without what they say of a stream, or of one topic in it. The argument itself if they say nothing of it. */
export function withoutPlace(permissions: Permissions, streamId: number, topicId?: number): Permissions {
  const stream = permissions.streams.get(streamId);
  if (stream === undefined || (topicId !== undefined && !stream.topics.has(topicId))) return permissions;
  const streams = new Map(permissions.streams);
  if (topicId === undefined) {
    streams.delete(streamId);
  } else {
    const topics = new Map(stream.topics);
    topics.delete(topicId);
    streams.set(streamId, { ...stream, topics });
  }
  return { ...permissions, streams };
}

function globalMask({ global }: Permissions): number {
  return union(
    [global.manageServers || global.readServers, implied.readServers],
    [global.manageUsers, implied.manageUsers],
    [global.readUsers, implied.readUsers],
    [global.manageStreams, implied.manageStreams],
    [global.readStreams, implied.readStreams],
    [global.manageTopics, implied.manageTopics],
    [global.readTopics, implied.readTopics],
    [global.pollMessages, implied.pollMessages],
    [global.sendMessages, implied.sendMessages],
  );
}

function streamGrants(stream: StreamPermissions): StreamGrants {
  const mask = union(
    [stream.manageStream, implied.manageStreams],
    [stream.readStream, implied.readStreams],
    [stream.manageTopics, implied.manageTopics],
    [stream.readTopics, implied.readTopics],
    [stream.pollMessages, implied.pollMessages],
    [stream.sendMessages, implied.sendMessages],
  );
  const topics = [...stream.topics].map(([id, topic]): [number, number] => [
    id,
    union(
      [topic.manageTopic, implied.manageTopics],
      [topic.readTopic, implied.readTopics],
      [topic.pollMessages, implied.pollMessages],
      [topic.sendMessages, implied.sendMessages],
    ),
  ]);
  return { mask, topics: new Map(topics) };
}

function union(...flags: [set: boolean, mask: number][]): number {
  return flags.reduce((sum, [set, mask]) => (set ? sum | mask : sum), 0);
}

function maskOf(...actions: Action[]): number {
  return actions.reduce((mask, action) => mask | bits[action], 0);
}
