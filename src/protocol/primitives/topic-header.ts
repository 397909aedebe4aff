// Topic header
//   id            u32
//   created at    u64, microseconds since 1970
//   partitions    u32, how many
//   expiry        u64, microseconds; 2⁶⁴ − 1 never
//   compression   u8: 1 none, 2 gzip
//   max size      u64, bytes; 2⁶⁴ − 1 unlimited
//   replication   u8 (classic only)
//   size          u64, bytes of all messages
//   messages      u64, how many
//   name          name
//   options       u32 length, options block: what the client named (VSR only)
//   derived       u32 length, options block: what the server filled in (VSR only)
// Topic details: a header, then each of its partitions
// Expiry stands before compression here; in classic requests it is the other way round.

import type { Generation } from '../command.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { CompressionAlgorithm, readMember } from './enumerations.ts';
import { readName, writeName } from './name.ts';
import { noOptions, type Options, readPrefixedOptions, writePrefixedOptions } from './options.ts';
import { type PartitionSummary, readPartitionSummary, writePartitionSummary } from './partition-summary.ts';

export interface TopicHeader {
  id: number;
  /** Microseconds since 1970. */
  createdAt: bigint;
  partitionsCount: number;
  /** Microseconds; 2⁶⁴ − 1 never. */
  messageExpiry: bigint;
  compression: CompressionAlgorithm;
  /** Bytes; 2⁶⁴ − 1 unlimited. */
  maxTopicSize: bigint;
  /** Not on the VSR wire: undefined when read from it. */
  replicationFactor: number | undefined;
  sizeBytes: bigint;
  messagesCount: bigint;
  name: string;
  /** What the client named. Not on the classic wire. */
  options: Options;
  /** What the server filled in. Not on the classic wire. */
  derivedOptions: Options;
}

export interface TopicDetails extends TopicHeader {
  /** By ascending id, `partitionsCount` of them: clients read exactly that many. */
  partitions: PartitionSummary[];
}

/** What a classic server shows when nobody asked for another. */
const defaultReplicationFactor = 1;

export function readTopicHeader(reader: Reader, generation: Generation): TopicHeader {
  return {
    id: reader.u32(),
    createdAt: reader.u64(),
    partitionsCount: reader.u32(),
    messageExpiry: reader.u64(),
    compression: readMember(reader, CompressionAlgorithm, 'compression algorithm'),
    maxTopicSize: reader.u64(),
    replicationFactor: generation === 'classic' ? reader.u8() : undefined,
    sizeBytes: reader.u64(),
    messagesCount: reader.u64(),
    name: readName(reader),
    options: generation === 'vsr' ? readPrefixedOptions(reader) : noOptions,
    derivedOptions: generation === 'vsr' ? readPrefixedOptions(reader) : noOptions,
  };
}

export function writeTopicHeader(writer: Writer, topic: TopicHeader, generation: Generation): void {
  writer
    .u32(topic.id)
    .u64(topic.createdAt)
    .u32(topic.partitionsCount)
    .u64(topic.messageExpiry)
    .u8(topic.compression)
    .u64(topic.maxTopicSize);
  if (generation === 'classic') writer.u8(topic.replicationFactor ?? defaultReplicationFactor);
  writer.u64(topic.sizeBytes).u64(topic.messagesCount);
  writeName(writer, topic.name);
  if (generation === 'vsr') {
    writePrefixedOptions(writer, topic.options);
    writePrefixedOptions(writer, topic.derivedOptions);
  }
}

export function readTopicDetails(reader: Reader, generation: Generation): TopicDetails {
  const topic = readTopicHeader(reader, generation);
  const partitions: PartitionSummary[] = [];
  while (partitions.length < topic.partitionsCount) partitions.push(readPartitionSummary(reader));
  return { ...topic, partitions };
}

export function writeTopicDetails(writer: Writer, topic: TopicDetails, generation: Generation): void {
  writeTopicHeader(writer, topic, generation);
  for (const partition of topic.partitions) writePartitionSummary(writer, partition);
}
