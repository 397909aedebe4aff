// metadata/snapshot.bin of Iggy 0.9: the metadata at one op, in MessagePack with structures as arrays, then a trailer of 20 bytes: magic u32 0x49534E50, XXH3-64 of all
// before as u128. Early builds wrote no trailer.
//
//   snapshot   [version, created at, op, users | null, streams | null, …]
//   users      [[[id, user]…], [[user id, [[name, token]…]]…], …]
//   user       [id, name, password hash, 'active' | 'inactive', created at, permissions | null, …]
//   permissions  [[10 flags], {stream id: [6 flags…, {topic id: [4 flags]} | null]} | null]
//   token      [user id, name, hash, ends at | null]
//   streams    [[[id, stream]…], …]
//   stream     [id, name, created at, statistics, [[id, topic]…], …]
//   topic      [id, name, created at, expiry, 'none' | 'gzip', maximum size, statistics, [partition…], [[id, group]…], next group id, {option: [value, named by a client]}]
//   partition  [id, consensus group, created at, …]
//   group      [id, generation, name, …]
//   option     [kind, base64 of the bytes], for keys and values alike
//
// Times are microseconds. Versions 3 to 8 agree in all of this; what they differ in is not read.

import { decode } from '@msgpack/msgpack';
import { CompressionAlgorithm } from '../../protocol/primitives/enumerations.ts';
import type { Permissions, StreamPermissions, TopicPermissions } from '../../protocol/primitives/permissions.ts';
import { globalFlags, streamFlags, topicFlags } from '../../protocol/primitives/permissions.ts';
import { HeaderKind, type RawTypedValue } from '../../protocol/primitives/typed-value.ts';
import { MisfitError, type SourceModel } from '../source/source-model.ts';

const versionMin = 3;
const versionMax = 8;
const trailerBytes = 20;
const trailerMagic = 0x49534e50;
const kinds: ReadonlyMap<string, number> = new Map(Object.entries(HeaderKind));

/** Fills an empty model; returns the op that it is the state of. Throws MisfitError for bytes that are no such snapshot. */
export function restoreSnapshot(model: SourceModel, bytes: Buffer, xxh3: (bytes: Uint8Array) => bigint): bigint {
  const snapshot = list(decoded(payloadOf(bytes, xxh3)), 'snapshot');
  const version = integer(snapshot[0], 'version');
  if (version < versionMin || version > versionMax) throw new MisfitError(`format version ${version} is not known`);
  if (snapshot[3] !== null) restoreUsers(model, list(snapshot[3], 'users'));
  if (snapshot[4] !== null) restoreStreams(model, list(snapshot[4], 'streams'));
  return long(snapshot[2], 'op');
}

function payloadOf(bytes: Buffer, xxh3: (bytes: Uint8Array) => bigint): Buffer {
  const at = bytes.length - trailerBytes;
  if (at < 0 || bytes.readUInt32LE(at) !== trailerMagic) return bytes;
  const payload = bytes.subarray(0, at);
  const checksum = bytes.readBigUInt64LE(at + 4) | (bytes.readBigUInt64LE(at + 12) << 64n);
  if (xxh3(payload) !== checksum) throw new MisfitError('the snapshot does not verify');
  return payload;
}

function decoded(payload: Buffer): unknown {
  // No text, list or map of a sound file has more elements than the file has bytes.
  const most = payload.length;
  try {
    return decode(payload, {
      useBigInt64: true,
      maxStrLength: most,
      maxBinLength: most,
      maxArrayLength: most,
      maxMapLength: most,
      maxExtLength: most,
      mapKeyConverter: keyOf,
    });
  } catch (error) {
    throw new MisfitError(`the snapshot is not MessagePack: ${(error as Error).message}`);
  }
}

/** Ids of streams and topics are numbers, names of options are typed values. */
function keyOf(key: unknown): string | number {
  if (typeof key === 'number' || typeof key === 'string') return key;
  return typeof key === 'bigint' ? Number(key) : Buffer.from(optionValue(key).bytes).toString();
}

function restoreUsers(model: SourceModel, users: readonly unknown[]): void {
  for (const item of list(users[0], 'users')) {
    const [, user] = list(item, 'user');
    const [id, name, passwordHash, status, createdAt, permissions] = list(user, 'user');
    model.addUser({
      id: integer(id, 'user id'),
      name: text(name, 'user name'),
      passwordHash: text(passwordHash, 'password hash'),
      active: text(status, 'user status').toLowerCase() === 'active',
      createdAt: long(createdAt, 'time'),
      permissions: permissions === null ? undefined : permissionsOf(list(permissions, 'permissions')),
    });
  }
  for (const item of list(users[1], 'tokens')) {
    const [userId, tokens] = list(item, 'tokens');
    for (const entry of list(tokens, 'tokens')) {
      const [, token] = list(entry, 'token');
      const [, name, hash, expiresAt] = list(token, 'token');
      model.addToken(model.user(integer(userId, 'user id')), {
        name: text(name, 'token name'),
        hash: text(hash, 'token hash'),
        expiresAt: expiresAt === null ? undefined : long(expiresAt, 'time'),
      });
    }
  }
}

function restoreStreams(model: SourceModel, streams: readonly unknown[]): void {
  for (const item of list(streams[0], 'streams')) {
    const [, stream] = list(item, 'stream');
    const [id, name, createdAt, , topics] = list(stream, 'stream');
    const streamId = integer(id, 'stream id');
    model.addStream(streamId, text(name, 'stream name'), long(createdAt, 'time'));
    for (const entry of list(topics, 'topics')) restoreTopic(model, streamId, list(list(entry, 'topic')[1], 'topic'));
  }
}

function restoreTopic(model: SourceModel, streamId: number, topic: readonly unknown[]): void {
  const [id, name, createdAt, expiry, compression, maxSize, , partitions, groups, nextGroupId, options] = topic;
  const topicId = integer(id, 'topic id');
  const explicit = new Map(Object.entries(map(options ?? {})).flatMap(([key, option]) => explicitOption(key, list(option, 'option'))));
  const unnamed = <Value>(key: string, value: Value): Value | undefined => (explicit.has(key) ? undefined : value);
  const settings = {
    compression: unnamed(
      'compression_algorithm',
      text(compression, 'compression').toLowerCase() === 'gzip' ? CompressionAlgorithm.gzip : CompressionAlgorithm.none,
    ),
    messageExpiry: unnamed('message_expiry', long(expiry, 'expiry')),
    maxTopicSize: unnamed('max_topic_size', long(maxSize, 'maximum size')),
    replicationFactor: undefined,
    options: explicit,
  };
  model.addTopic(streamId, { id: topicId, name: text(name, 'topic name'), createdAt: long(createdAt, 'time'), settings }, 0);
  const added = model.topic(streamId, topicId);
  for (const [index, item] of list(partitions, 'partitions').entries()) {
    const [partitionId, , partitionCreatedAt] = list(item, 'partition');
    if (partitionId !== index) throw new MisfitError(`partition ${index} has the id ${partitionId}`);
    model.addPartitions(added, 1, long(partitionCreatedAt, 'time'));
  }
  for (const item of list(groups, 'groups')) {
    const [groupId, , groupName] = list(list(item, 'group')[1], 'group');
    model.addGroup(added, { id: integer(groupId, 'group id'), name: text(groupName, 'group name') });
  }
  added.nextGroupId = Math.max(added.nextGroupId, integer(nextGroupId, 'group id'));
}

function explicitOption(key: string, [value, named]: readonly unknown[]): [string, RawTypedValue][] {
  return named === true ? [[key, optionValue(value)]] : [];
}

function optionValue(value: unknown): RawTypedValue {
  const [kind, base64] = list(value, 'option');
  const number = kinds.get(text(kind, 'kind').toLowerCase());
  if (number === undefined) throw new MisfitError(`kind ${kind} of an option is not known`);
  return { kind: number, bytes: new Uint8Array(Buffer.from(text(base64, 'option'), 'base64')) };
}

function permissionsOf([global, streams]: readonly unknown[]): Permissions {
  const streamEntries = Object.entries(map(streams ?? {})).map(([id, item]): [number, StreamPermissions] => {
    const stream = list(item, 'permissions');
    const topicEntries = Object.entries(map(stream[streamFlags.length] ?? {})).map(([topicId, topic]): [number, TopicPermissions] => [
      Number(topicId),
      flags(topicFlags, list(topic, 'permissions')),
    ]);
    return [Number(id), { ...flags(streamFlags, stream), topics: new Map(topicEntries) }];
  });
  return { global: flags(globalFlags, list(global, 'permissions')), streams: new Map(streamEntries) };
}

function flags<const Names extends readonly string[]>(names: Names, values: readonly unknown[]): Record<Names[number], boolean> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] === true])) as Record<Names[number], boolean>;
}

function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new MisfitError(`${what}: not a list`);
  return value;
}

function map(value: unknown): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new MisfitError('not a map');
  return value;
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new MisfitError(`${what}: not a text`);
  return value;
}

/** A number that fits 32 bits. */
function integer(value: unknown, what: string): number {
  const number = Number(typeof value === 'bigint' || typeof value === 'number' ? value : Number.NaN);
  if (!Number.isInteger(number) || number < 0 || number > 0xffff_ffff) throw new MisfitError(`${what}: not a number of 32 bits`);
  return number;
}

function long(value: unknown, what: string): bigint {
  if (typeof value === 'bigint' && value >= 0n) return value;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw new MisfitError(`${what}: not a number of 64 bits`);
}
