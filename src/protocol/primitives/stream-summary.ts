// Stream
//   id            u32
//   created at    u64, microseconds since 1970
//   topics        u32, how many
//   size          u64, bytes of all messages
//   messages      u64, how many
//   name          name
//   options       u32 length, options block (VSR only)
// Stream details: a stream, then the header of each of its topics

import type { Generation } from '../command.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { readName, writeName } from './name.ts';
import { noOptions, type Options, readPrefixedOptions, writePrefixedOptions } from './options.ts';
import { readTopicHeader, type TopicHeader, writeTopicHeader } from './topic-header.ts';

export interface StreamSummary {
  id: number;
  /** Microseconds since 1970. */
  createdAt: bigint;
  topicsCount: number;
  sizeBytes: bigint;
  messagesCount: bigint;
  name: string;
  /** Not on the classic wire. */
  options: Options;
}

export interface StreamDetails extends StreamSummary {
  /** By ascending id, `topicsCount` of them: clients read exactly that many. */
  topics: TopicHeader[];
}

export function readStreamSummary(reader: Reader, generation: Generation): StreamSummary {
  return {
    id: reader.u32(),
    createdAt: reader.u64(),
    topicsCount: reader.u32(),
    sizeBytes: reader.u64(),
    messagesCount: reader.u64(),
    name: readName(reader),
    options: generation === 'vsr' ? readPrefixedOptions(reader) : noOptions,
  };
}

export function writeStreamSummary(writer: Writer, stream: StreamSummary, generation: Generation): void {
  writer.u32(stream.id).u64(stream.createdAt).u32(stream.topicsCount).u64(stream.sizeBytes).u64(stream.messagesCount);
  writeName(writer, stream.name);
  if (generation === 'vsr') writePrefixedOptions(writer, stream.options);
}

export function readStreamDetails(reader: Reader, generation: Generation): StreamDetails {
  const stream = readStreamSummary(reader, generation);
  const topics: TopicHeader[] = [];
  while (topics.length < stream.topicsCount) topics.push(readTopicHeader(reader, generation));
  return { ...stream, topics };
}

export function writeStreamDetails(writer: Writer, stream: StreamDetails, generation: Generation): void {
  writeStreamSummary(writer, stream, generation);
  for (const topic of stream.topics) writeTopicHeader(writer, topic, generation);
}
