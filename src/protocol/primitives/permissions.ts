// Permissions
//   global        10 × u8, in the order of `globalFlags`
//   streams       u8: 1 when stream entries follow
//   stream entry  id u32 · 6 × u8 · topics u8 · topic entries · next u8: 1 when another stream entry follows
//   topic entry   id u32 · 4 × u8 · next u8: 1 when another topic entry follows
// Any byte but 0 counts as true. In messages the block is wrapped:
//   flag          u8: 1 when there are permissions, anything else means none and ends the wrapper
//   length        u32
//   block

import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';

/** What a user may do everywhere. */
export interface GlobalPermissions {
  /** As `readServers`. */
  manageServers: boolean;
  /** Statistics, connections, snapshots. */
  readServers: boolean;
  /** Create, change and delete users, and read them. */
  manageUsers: boolean;
  /** Read users. */
  readUsers: boolean;
  /** Everything with streams, and all that `manageTopics` allows. */
  manageStreams: boolean;
  /** Read streams, and all that `readTopics` allows. */
  readStreams: boolean;
  /** Create, change and delete topics, partitions and groups, poll and send. */
  manageTopics: boolean;
  /** Read topics, work with groups, poll. */
  readTopics: boolean;
  /** Poll, and store offsets. */
  pollMessages: boolean;
  /** Send. */
  sendMessages: boolean;
}

/** What a user may do with one topic. */
export interface TopicPermissions {
  /** Change and delete it, its partitions and groups, poll and send. */
  manageTopic: boolean;
  /** Read it, work with its groups, poll. */
  readTopic: boolean;
  /** Poll, and store offsets. */
  pollMessages: boolean;
  /** Send. */
  sendMessages: boolean;
}

/** What a user may do with one stream and all its topics. */
export interface StreamPermissions {
  /** Everything with the stream, and all that `manageTopics` allows. */
  manageStream: boolean;
  /** Read the stream, and all that `readTopics` allows. */
  readStream: boolean;
  /** Create, change and delete its topics, their partitions and groups, poll and send. */
  manageTopics: boolean;
  /** Read its topics, work with their groups, poll. */
  readTopics: boolean;
  /** Poll, and store offsets. */
  pollMessages: boolean;
  /** Send. */
  sendMessages: boolean;
  /** By topic id; ids need not exist. */
  topics: ReadonlyMap<number, TopicPermissions>;
}

/** What a user may do. Whatever one place allows is allowed. */
export interface Permissions {
  /** With everything. */
  global: GlobalPermissions;
  /** By stream id; ids need not exist. */
  streams: ReadonlyMap<number, StreamPermissions>;
}

export const globalFlags = [
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
] as const satisfies (keyof GlobalPermissions)[];
export const streamFlags = [
  'manageStream',
  'readStream',
  'manageTopics',
  'readTopics',
  'pollMessages',
  'sendMessages',
] as const satisfies (keyof StreamPermissions)[];
export const topicFlags = ['manageTopic', 'readTopic', 'pollMessages', 'sendMessages'] as const satisfies (keyof TopicPermissions)[];

type Flags<Names extends readonly string[]> = Record<Names[number], boolean>;

/** The wrapped form. Errors: 3 for missing bytes, 4 when the length differs from what the block takes. */
export function readOptionalPermissions(reader: Reader): Permissions | undefined {
  if (reader.u8() !== 1) return undefined;
  const length = reader.u32();
  const start = reader.position;
  const permissions = readPermissions(reader);
  const taken = reader.position - start;
  if (taken !== length) throw new ProtocolError('invalid-format', `permissions of ${taken} bytes announced as ${length}`);
  return permissions;
}

/** The wrapped form; no permissions are one zero byte. */
export function writeOptionalPermissions(writer: Writer, permissions: Permissions | undefined): void {
  if (permissions === undefined) {
    writer.u8(0);
    return;
  }
  writer.u8(1);
  const lengthAt = writer.length;
  writer.u32(0);
  writePermissions(writer, permissions);
  writer.patchU32(lengthAt, writer.length - lengthAt - 4);
}

/** The bare block. When an id occurs twice, the last entry counts. */
export function readPermissions(reader: Reader): Permissions {
  const global = readFlags(reader, globalFlags);
  return { global, streams: readEntries(reader, readStream) };
}

/** The bare block, entries by ascending id. */
export function writePermissions(writer: Writer, permissions: Permissions): void {
  writeFlags(writer, globalFlags, permissions.global);
  writeEntries(writer, permissions.streams, (stream) => {
    writeFlags(writer, streamFlags, stream);
    writeEntries(writer, stream.topics, (topic) => writeFlags(writer, topicFlags, topic));
  });
}

function readStream(reader: Reader): StreamPermissions {
  const flags = readFlags(reader, streamFlags);
  return { ...flags, topics: readEntries(reader, readTopic) };
}

function readTopic(reader: Reader): TopicPermissions {
  return readFlags(reader, topicFlags);
}

function readEntries<Entry>(reader: Reader, readEntry: (reader: Reader) => Entry): Map<number, Entry> {
  const entries = new Map<number, Entry>();
  while (reader.u8() !== 0) entries.set(reader.u32(), readEntry(reader));
  return entries;
}

function writeEntries<Entry>(writer: Writer, entries: ReadonlyMap<number, Entry>, writeEntry: (entry: Entry) => void): void {
  for (const [id, entry] of [...entries].sort(([a], [b]) => a - b)) {
    writer.u8(1).u32(id);
    writeEntry(entry);
  }
  writer.u8(0);
}

function readFlags<const Names extends readonly string[]>(reader: Reader, names: Names): Flags<Names> {
  const bytes = reader.take(names.length);
  return Object.fromEntries(names.map((name, index) => [name, bytes[index] !== 0])) as Flags<Names>;
}

function writeFlags<const Names extends readonly string[]>(writer: Writer, names: Names, flags: Flags<Names>): void {
  for (const name of names as readonly Names[number][]) writer.u8(flags[name] ? 1 : 0);
}
