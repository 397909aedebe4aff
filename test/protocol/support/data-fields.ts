// How the commands of streams, topics, groups, offsets and messages read in the golden vectors.

import type { Generation } from '../../../src/protocol/command.ts';
import { createConsumerGroup } from '../../../src/protocol/commands/create-consumer-group.ts';
import { createPartitions } from '../../../src/protocol/commands/create-partitions.ts';
import { createStream } from '../../../src/protocol/commands/create-stream.ts';
import { createTopic } from '../../../src/protocol/commands/create-topic.ts';
import { deleteConsumerGroup } from '../../../src/protocol/commands/delete-consumer-group.ts';
import { deleteConsumerOffset } from '../../../src/protocol/commands/delete-consumer-offset.ts';
import { deletePartitions } from '../../../src/protocol/commands/delete-partitions.ts';
import { deleteSegments } from '../../../src/protocol/commands/delete-segments.ts';
import { deleteStream } from '../../../src/protocol/commands/delete-stream.ts';
import { deleteTopic } from '../../../src/protocol/commands/delete-topic.ts';
import { flushUnsavedBuffer } from '../../../src/protocol/commands/flush-unsaved-buffer.ts';
import { getConsumerGroup } from '../../../src/protocol/commands/get-consumer-group.ts';
import { getConsumerGroups } from '../../../src/protocol/commands/get-consumer-groups.ts';
import { getConsumerOffset } from '../../../src/protocol/commands/get-consumer-offset.ts';
import { getConsumerOffsetRouting } from '../../../src/protocol/commands/get-consumer-offset-routing.ts';
import { getStream } from '../../../src/protocol/commands/get-stream.ts';
import { getStreams } from '../../../src/protocol/commands/get-streams.ts';
import { getTopic } from '../../../src/protocol/commands/get-topic.ts';
import { getTopics } from '../../../src/protocol/commands/get-topics.ts';
import { joinConsumerGroup } from '../../../src/protocol/commands/join-consumer-group.ts';
import { leaveConsumerGroup } from '../../../src/protocol/commands/leave-consumer-group.ts';
import { purgeStream } from '../../../src/protocol/commands/purge-stream.ts';
import { purgeTopic } from '../../../src/protocol/commands/purge-topic.ts';
import { storeConsumerOffset } from '../../../src/protocol/commands/store-consumer-offset.ts';
import { syncConsumerGroup } from '../../../src/protocol/commands/sync-consumer-group.ts';
import { updateStream } from '../../../src/protocol/commands/update-stream.ts';
import { updateTopic } from '../../../src/protocol/commands/update-topic.ts';
import type { Consumer } from '../../../src/protocol/primitives/consumer.ts';
import type { Options } from '../../../src/protocol/primitives/options.ts';
import type { StreamSummary } from '../../../src/protocol/primitives/stream-summary.ts';
import type { TopicDetails, TopicHeader } from '../../../src/protocol/primitives/topic-header.ts';
import type { TopicSettings } from '../../../src/protocol/primitives/topic-settings.ts';
import { asItIs, type Description, describe } from './description.ts';
import { optionFields, plain } from './vector-fields.ts';
import type { Fields } from './vector-files.ts';

const idNames: Readonly<Record<string, string>> = { stream: 'stream_id', topic: 'topic_id', group: 'group_id', partition: 'partition_id' };

/** `stream` is `stream_id` in the vectors, and so on. */
function addressed(value: object): Fields {
  return Object.fromEntries(Object.entries(value).flatMap(([name, field]) => Object.entries(asItIs({ [idNames[name] ?? name]: field }))));
}

function consumerFields({ kind, id }: Consumer, generation: Generation): Fields {
  return generation === 'classic'
    ? { consumer: { kind: kind === 1 ? 'consumer' : 'group', id } }
    : { consumer_kind: kind, consumer_id: id };
}

/** A request that begins with its consumer. */
export function consumed<Request extends { consumer: Consumer }>({ consumer, ...request }: Request, generation: Generation): Fields {
  return { ...consumerFields(consumer, generation), ...addressed(request) };
}

/** The ack byte is checked and dropped by decoders, and written as 1. */
function acknowledged<Request extends { consumer: Consumer }>(request: Request, generation: Generation): Fields {
  return generation === 'classic' ? consumed(request, generation) : { ...consumed(request, generation), ack: 1 };
}

function streamFields({ sizeBytes, messagesCount, options, ...stream }: StreamSummary, generation: Generation): Fields {
  return generation === 'classic'
    ? asItIs({ ...stream, sizeBytes, messagesCount })
    : { ...asItIs({ ...stream, size: sizeBytes, messages: messagesCount }), options_len: optionsBytes(options) };
}

function topicFields(
  { sizeBytes, messagesCount, compression, replicationFactor, options, derivedOptions, ...topic }: TopicHeader,
  generation: Generation,
): Fields {
  const header = { ...topic, compressionAlgorithm: compression };
  return generation === 'classic'
    ? asItIs({ ...header, replicationFactor, sizeBytes, messagesCount })
    : {
        ...asItIs({ ...header, size: sizeBytes, messages: messagesCount }),
        options_len: optionsBytes(options),
        derived_options_len: optionsBytes(derivedOptions),
        options: optionFields(options),
        derived_options: optionFields(derivedOptions),
      };
}

function topicDetailsFields({ partitions, ...topic }: TopicDetails, generation: Generation): Fields {
  return generation === 'classic'
    ? { ...topicFields(topic, generation), partitions: plain(partitions) }
    : { topic: topicFields(topic, generation), partitions: partitions.map(({ id }) => id) };
}

function settingsFields<Request extends TopicSettings>(
  { compression, messageExpiry, maxTopicSize, replicationFactor, options, ...request }: Request,
  generation: Generation,
): Fields {
  return generation === 'classic'
    ? addressed({ ...request, compressionAlgorithm: compression, messageExpiry, maxTopicSize, replicationFactor })
    : { ...addressed(request), options: optionFields(options) };
}

/** Bytes of an options block. */
function optionsBytes(options: Options): number {
  let bytes = 0;
  for (const [key, value] of options) bytes += 5 + Buffer.byteLength(key) + 5 + value.bytes.length;
  return bytes;
}

const address = { request: addressed };

export const dataDescriptions: readonly Description[] = [
  describe(getStream, {
    request: addressed,
    reply: (stream, generation) =>
      stream === undefined
        ? { stream: null }
        : { ...streamFields(withoutTopics(stream), generation), topics: stream.topics.map((topic) => topicFields(topic, generation)) },
  }),
  describe(getStreams, { reply: (streams, generation) => ({ streams: streams.map((stream) => streamFields(stream, generation)) }) }),
  describe(createStream, {
    request: ({ name, options }, generation) => (generation === 'classic' ? { name } : { name, options: Object.fromEntries(options) }),
    reply: (stream, generation) =>
      generation === 'classic' ? streamFields(stream, generation) : { stream: streamFields(stream, generation) },
  }),
  describe(updateStream, { request: ({ options: _options, ...request }) => addressed(request) }),
  describe(deleteStream, address),
  describe(purgeStream, address),
  describe(getTopic, {
    request: addressed,
    reply: (topic, generation) => (topic === undefined ? { topic: null } : topicDetailsFields(topic, generation)),
  }),
  describe(getTopics, {
    request: addressed,
    reply: (topics, generation) => ({
      ...(generation === 'vsr' && { count: topics.length }),
      topics: topics.map((topic) => topicFields(topic, generation)),
    }),
  }),
  describe(createTopic, { request: settingsFields, reply: topicDetailsFields }),
  describe(updateTopic, { request: settingsFields }),
  describe(deleteTopic, address),
  describe(purgeTopic, address),
  describe(createPartitions, address),
  describe(deletePartitions, address),
  describe(deleteSegments, address),
  describe(getConsumerGroup, { request: addressed }),
  describe(getConsumerGroups, { request: addressed, reply: (groups) => ({ groups: plain(groups) }) }),
  describe(createConsumerGroup, {
    request: addressed,
    reply: (group, generation) => (generation === 'classic' ? asItIs(group) : { group: asItIs(group), members: [] }),
  }),
  describe(deleteConsumerGroup, address),
  describe(joinConsumerGroup, address),
  describe(leaveConsumerGroup, address),
  describe(syncConsumerGroup, {
    request: addressed,
    reply: (assignment) => ({ ...asItIs(assignment), count: assignment?.partitions.length }),
  }),
  describe(flushUnsavedBuffer, address),
  describe(getConsumerOffset, { request: consumed, reply: (offset) => (offset === undefined ? { offset: null } : addressed(offset)) }),
  describe(getConsumerOffsetRouting, { request: consumed }),
  describe(storeConsumerOffset, { request: acknowledged }),
  describe(deleteConsumerOffset, { request: acknowledged }),
];

function withoutTopics<Stream extends StreamSummary & { topics: unknown }>({ topics: _topics, ...stream }: Stream): StreamSummary {
  return stream;
}
