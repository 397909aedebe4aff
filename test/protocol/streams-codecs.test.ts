import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Generation } from '../../src/protocol/command.ts';
import { createPartitions } from '../../src/protocol/commands/create-partitions.ts';
import { createStream } from '../../src/protocol/commands/create-stream.ts';
import { type CreateTopicRequest, createTopic } from '../../src/protocol/commands/create-topic.ts';
import { deletePartitions } from '../../src/protocol/commands/delete-partitions.ts';
import { deleteSegments } from '../../src/protocol/commands/delete-segments.ts';
import { deleteStream } from '../../src/protocol/commands/delete-stream.ts';
import { deleteTopic } from '../../src/protocol/commands/delete-topic.ts';
import { flushUnsavedBuffer } from '../../src/protocol/commands/flush-unsaved-buffer.ts';
import { getStream } from '../../src/protocol/commands/get-stream.ts';
import { getStreams } from '../../src/protocol/commands/get-streams.ts';
import { getTopic } from '../../src/protocol/commands/get-topic.ts';
import { getTopics } from '../../src/protocol/commands/get-topics.ts';
import { purgeStream } from '../../src/protocol/commands/purge-stream.ts';
import { purgeTopic } from '../../src/protocol/commands/purge-topic.ts';
import { updateStream } from '../../src/protocol/commands/update-stream.ts';
import { type UpdateTopicRequest, updateTopic } from '../../src/protocol/commands/update-topic.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import type { PartitionSummary } from '../../src/protocol/primitives/partition-summary.ts';
import type { StreamDetails, StreamSummary } from '../../src/protocol/primitives/stream-summary.ts';
import type { TopicDetails, TopicHeader } from '../../src/protocol/primitives/topic-header.ts';
import type { TopicSettings } from '../../src/protocol/primitives/topic-settings.ts';
import { formatTypedValue } from '../../src/protocol/primitives/typed-value.ts';
import { Reader } from '../../src/protocol/reader.ts';
import { Writer } from '../../src/protocol/writer.ts';
import * as any from './support/arbitraries.ts';
import { checkCodec, encoded } from './support/codec-checks.ts';
import { hasStatus } from './support/has-status.ts';

const { record } = any;
const nothing = fc.constant(undefined);
const compression = fc.constantFrom(1 as const, 2 as const);

const streamPath = { stream: any.identifier };
const topicPath = { stream: any.identifier, topic: any.identifier };

const optionsOf = (generation: Generation) => (generation === 'vsr' ? any.options : fc.constant(noOptions));

const streamFields = (generation: Generation) => ({
  id: any.u32,
  createdAt: any.u64,
  topicsCount: any.u32,
  sizeBytes: any.u64,
  messagesCount: any.u64,
  name: any.name,
  options: optionsOf(generation),
});

const topicFields = (generation: Generation) => ({
  id: any.u32,
  createdAt: any.u64,
  partitionsCount: any.u32,
  messageExpiry: any.u64,
  compression,
  maxTopicSize: any.u64,
  replicationFactor: generation === 'classic' ? fc.nat(255) : nothing,
  sizeBytes: any.u64,
  messagesCount: any.u64,
  name: any.name,
  options: optionsOf(generation),
  derivedOptions: optionsOf(generation),
});

const partition = record<PartitionSummary>({
  id: any.u32,
  createdAt: any.u64,
  segmentsCount: any.u32,
  currentOffset: any.u64,
  sizeBytes: any.u64,
  messagesCount: any.u64,
});

const stream = (generation: Generation) => record<StreamSummary>(streamFields(generation));
const topicHeader = (generation: Generation) => record<TopicHeader>(topicFields(generation));

const streamDetails = (generation: Generation) =>
  record<StreamDetails>({ ...streamFields(generation), topics: fc.array(topicHeader(generation), { maxLength: 3 }) }).map((details) => ({
    ...details,
    topicsCount: details.topics.length,
  }));

const topicDetails = (generation: Generation) =>
  record<TopicDetails>({ ...topicFields(generation), partitions: fc.array(partition, { maxLength: 4 }) }).map((details) => ({
    ...details,
    partitionsCount: details.partitions.length,
  }));

const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });

/** As decoders give them: fixed fields on the classic wire, options under VSR. */
const settings = (generation: Generation) =>
  generation === 'classic'
    ? {
        compression,
        messageExpiry: any.u64,
        maxTopicSize: any.u64,
        replicationFactor: fc.nat(255),
        options: fc.constant(noOptions),
      }
    : { compression: nothing, messageExpiry: nothing, maxTopicSize: nothing, replicationFactor: nothing, options: any.options };

for (const generation of ['classic', 'vsr'] as const) {
  checkCodec(getStream, generation, record(streamPath), optional(streamDetails(generation)));
  checkCodec(getStreams, generation, nothing, fc.array(stream(generation), { maxLength: 4 }));
  checkCodec(createStream, generation, record({ name: any.name, options: optionsOf(generation) }), stream(generation));
  checkCodec(deleteStream, generation, record(streamPath), nothing);
  checkCodec(updateStream, generation, record({ ...streamPath, name: any.name, options: optionsOf(generation) }), nothing);
  checkCodec(purgeStream, generation, record(streamPath), nothing);

  checkCodec(getTopic, generation, record(topicPath), optional(topicDetails(generation)));
  checkCodec(getTopics, generation, record(streamPath), fc.array(topicHeader(generation), { maxLength: 4 }));
  checkCodec(
    createTopic,
    generation,
    record<CreateTopicRequest>({ ...streamPath, partitionsCount: any.u32, name: any.name, ...settings(generation) }),
    topicDetails(generation),
  );
  checkCodec(updateTopic, generation, record<UpdateTopicRequest>({ ...topicPath, name: any.name, ...settings(generation) }), nothing);
  checkCodec(deleteTopic, generation, record(topicPath), nothing);
  checkCodec(purgeTopic, generation, record(topicPath), nothing);

  checkCodec(createPartitions, generation, record({ ...topicPath, partitionsCount: any.u32 }), nothing);
  checkCodec(deletePartitions, generation, record({ ...topicPath, partitionsCount: any.u32 }), nothing);
  checkCodec(deleteSegments, generation, record({ ...topicPath, partition: any.u32, segmentsCount: any.u32 }), nothing);
  checkCodec(flushUnsavedBuffer, generation, record({ ...topicPath, partition: any.u32, fsync: fc.boolean() }), nothing);
}

const noSettings: TopicSettings = {
  compression: undefined,
  messageExpiry: undefined,
  maxTopicSize: undefined,
  replicationFactor: undefined,
  options: noOptions,
};

const throughWire = (request: CreateTopicRequest, generation: Generation) =>
  createTopic.decodeRequest(
    new Reader(encoded(request, (writer, value) => createTopic.encodeRequest(writer, value, generation))),
    generation,
  );

test('topic settings given as fields travel as options under VSR, and an option of the same name holds', () => {
  const expiry = formatTypedValue({ kind: 'string', value: '7 days' });
  const request = { stream: 1, partitionsCount: 2, name: 'events', ...noSettings };
  const decoded = throughWire(
    {
      ...request,
      compression: 2,
      messageExpiry: 5n,
      maxTopicSize: 9n,
      replicationFactor: 3,
      options: new Map([['message_expiry', expiry]]),
    },
    'vsr',
  );
  assert.deepEqual(decoded, {
    ...request,
    options: new Map([
      ['compression_algorithm', { kind: 2, bytes: new Uint8Array(Buffer.from('gzip')) }],
      ['message_expiry', { kind: 2, bytes: new Uint8Array(Buffer.from('7 days')) }],
      ['max_topic_size', { kind: 12, bytes: Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0) }],
    ]),
  });
  assert.deepEqual(throughWire(request, 'vsr'), request);
});

test('topic settings left open ask a classic server for its defaults', () => {
  const request = { stream: 'orders', partitionsCount: 1, name: 'events', ...noSettings };
  assert.deepEqual(throughWire(request, 'classic'), {
    ...request,
    compression: 1,
    messageExpiry: 0n,
    maxTopicSize: 0n,
    replicationFactor: 0,
  });
});

test('a topic option that a classic server would never see is refused, not dropped', () => {
  const options = new Map([['durability', formatTypedValue({ kind: 'string', value: 'persisted' })]]);
  const request = { stream: 1, topic: 2, partitionsCount: 1, name: 'events', ...noSettings, options };
  assert.throws(() => createTopic.encodeRequest(new Writer(), request, 'classic'), hasStatus(4041));
  assert.throws(() => updateTopic.encodeRequest(new Writer(), request, 'classic'), hasStatus(4041));
});

test('an unknown compression algorithm is error 3, an empty name error 4', () => {
  const create = (compressionCode: string, name: string) =>
    createTopic.decodeRequest(
      new Reader(Buffer.from(`010400000000 01000000 ${compressionCode} ${'00'.repeat(17)} ${name}`.replaceAll(' ', ''), 'hex')),
      'classic',
    );
  assert.equal(create('02', '0161').compression, 2);
  assert.throws(() => create('00', '0161'), hasStatus(3));
  assert.throws(() => create('03', '0161'), hasStatus(3));
  assert.throws(() => create('01', '00'), hasStatus(4));
});

test('a topic without a replication factor shows 1 to classic clients', () => {
  const topic: TopicHeader = {
    ...{ id: 1, createdAt: 2n, partitionsCount: 0, messageExpiry: 0n, compression: 1, maxTopicSize: 0n, replicationFactor: undefined },
    ...{ sizeBytes: 0n, messagesCount: 0n, name: 'events', options: noOptions, derivedOptions: noOptions },
  };
  const bytes = encoded([topic], (writer, topics) => getTopics.encodeReply(writer, topics, 'classic'));
  assert.equal(getTopics.decodeReply(new Reader(bytes), 'classic')[0]?.replicationFactor, 1);
});

test('a reply that announces more topics than it has bytes for is error 3', () => {
  assert.throws(() => getTopics.decodeReply(new Reader(Buffer.from('ffffffff', 'hex')), 'vsr'), hasStatus(3));
  const stream = Buffer.concat([Buffer.alloc(12), Buffer.from('ffffffff', 'hex'), Buffer.alloc(16), Buffer.from('0161', 'hex')]);
  assert.throws(() => getStream.decodeReply(new Reader(stream), 'classic'), hasStatus(3));
});

test('bytes after the last field of a request are ignored', () => {
  const bytes = Buffer.from('010401000000 010402000000 04000000'.replaceAll(' ', ''), 'hex');
  for (const generation of ['classic', 'vsr'] as const) {
    assert.deepEqual(deleteTopic.decodeRequest(new Reader(bytes), generation), { stream: 1, topic: 2 });
  }
});
