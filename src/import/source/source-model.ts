// The metadata of a source, as replaying its history builds it up: users and tokens, streams, topics, partitions, groups.

import type { Identifier } from '../../protocol/primitives/identifier.ts';
import type { Permissions } from '../../protocol/primitives/permissions.ts';
import type { TopicSettings } from '../../protocol/primitives/topic-settings.ts';
import { Directory } from '../../streaming/directory.ts';

export interface SourceToken {
  readonly id: number;
  readonly name: string;
  /** BLAKE3 of the token's text, hexadecimal. */
  readonly hash: string;
  /** Microseconds since 1970; undefined: never. */
  readonly expiresAt: bigint | undefined;
}

export interface SourceUser {
  readonly id: number;
  name: string;
  readonly createdAt: bigint;
  /** Argon2 in PHC form; undefined: the source does not hold it. */
  passwordHash: string | undefined;
  active: boolean;
  permissions: Permissions | undefined;
  readonly tokens: Directory<SourceToken>;
}

export interface SourceGroup {
  readonly id: number;
  readonly name: string;
}

export interface SourceTopic {
  readonly id: number;
  name: string;
  readonly createdAt: bigint;
  settings: TopicSettings;
  /** Creation times; the partition at index i has the id i + `SourceModel.firstPartitionId`. */
  readonly partitions: bigint[];
  readonly groups: Directory<SourceGroup>;
  nextGroupId: number;
}

export interface SourceStream {
  readonly id: number;
  name: string;
  readonly createdAt: bigint;
  readonly topics: Directory<SourceTopic>;
}

/** A change that does not fit what was there before it. */
export class MisfitError extends Error {
  override readonly name = 'MisfitError';
}

/** Of all topics together: what a number in a file may make us allocate. */
const partitionsMax = 1_000_000;

export class SourceModel {
  readonly streams = new Directory<SourceStream>();
  readonly users = new Directory<SourceUser>();
  /** 1 in folders of Iggy 0.5. */
  readonly firstPartitionId: 0 | 1;
  #partitions = 0;

  constructor(firstPartitionId: 0 | 1 = 0) {
    this.firstPartitionId = firstPartitionId;
  }

  stream(identifier: Identifier): SourceStream {
    return found(this.streams.get(identifier), `stream ${identifier}`);
  }

  topic(stream: Identifier, topic: Identifier): SourceTopic {
    return found(this.stream(stream).topics.get(topic), `topic ${topic}`);
  }

  user(identifier: Identifier): SourceUser {
    return found(this.users.get(identifier), `user ${identifier}`);
  }

  addStream(id: number, name: string, createdAt: bigint): void {
    addNew(this.streams, { id, name, createdAt, topics: new Directory() }, 'stream');
  }

  removeStream(identifier: Identifier): void {
    const stream = this.stream(identifier);
    for (const topic of stream.topics.values()) this.#partitions -= topic.partitions.length;
    this.streams.delete(stream);
  }

  addTopic(stream: Identifier, topic: Pick<SourceTopic, 'id' | 'name' | 'createdAt' | 'settings'>, partitions: number): void {
    this.#requireRoom(partitions);
    const made: SourceTopic = { ...topic, partitions: [], groups: new Directory(), nextGroupId: 0 };
    addNew(this.stream(stream).topics, made, 'topic');
    this.addPartitions(made, partitions, topic.createdAt);
  }

  removeTopic(stream: Identifier, topic: Identifier): void {
    const removed = this.topic(stream, topic);
    this.#partitions -= removed.partitions.length;
    this.stream(stream).topics.delete(removed);
  }

  addPartitions(topic: SourceTopic, count: number, createdAt: bigint): void {
    this.#requireRoom(count);
    this.#partitions += count;
    for (let i = 0; i < count; i++) topic.partitions.push(createdAt);
  }

  /** The last ones. */
  removePartitions(topic: SourceTopic, count: number): void {
    if (count > topic.partitions.length) throw new MisfitError(`${count} partitions of ${topic.partitions.length} are removed`);
    topic.partitions.length -= count;
    this.#partitions -= count;
  }

  addGroup(topic: SourceTopic, group: SourceGroup): void {
    addNew(topic.groups, group, 'consumer group');
    topic.nextGroupId = Math.max(topic.nextGroupId, group.id + 1);
  }

  removeGroup(topic: SourceTopic, group: Identifier): void {
    topic.groups.delete(found(topic.groups.get(group), `consumer group ${group}`));
  }

  addUser(user: Omit<SourceUser, 'tokens'>): void {
    addNew(this.users, { ...user, tokens: new Directory() }, 'user');
  }

  addToken(owner: SourceUser, token: Omit<SourceToken, 'id'>): void {
    addNew(owner.tokens, { id: owner.tokens.lowestFreeId(), ...token }, 'token');
  }

  removeToken(owner: SourceUser, name: string): void {
    owner.tokens.delete(found(owner.tokens.get(name), `token ${name}`));
  }

  #requireRoom(partitions: number): void {
    if (partitions > partitionsMax - this.#partitions) throw new MisfitError(`more than ${partitionsMax} partitions`);
  }
}

/** Gives an entry another name, which no other may have. */
export function rename<Entry extends { readonly id: number; name: string }>(directory: Directory<Entry>, entry: Entry, name: string): void {
  const holder = directory.get(name);
  if (holder !== undefined && holder !== entry) throw new MisfitError(`the name ${name} is taken`);
  directory.rename(entry, () => {
    entry.name = name;
  });
}

/** The end of a token's life; undefined: it has none. */
export function expiryAt(createdAt: bigint, lifetimeMicros: bigint): bigint | undefined {
  const at = createdAt + lifetimeMicros;
  return lifetimeMicros === 0n || at >= 0xffff_ffff_ffff_ffffn ? undefined : at;
}

function found<Thing>(thing: Thing | undefined, what: string): Thing {
  if (thing === undefined) throw new MisfitError(`there is no ${what}`);
  return thing;
}

function addNew<Entry extends { readonly id: number; readonly name: string }>(
  directory: Directory<Entry>,
  entry: Entry,
  what: string,
): void {
  if (directory.get(entry.id) !== undefined) throw new MisfitError(`there is a ${what} with the id ${entry.id} already`);
  if (directory.get(entry.name) !== undefined) throw new MisfitError(`there is a ${what} named ${entry.name} already`);
  directory.add(entry);
}
