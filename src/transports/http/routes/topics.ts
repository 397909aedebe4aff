// Topics and their partitions.

import type { FastifyRequest } from 'fastify';
import { createPartitions } from '../../../protocol/commands/create-partitions.ts';
import { createTopic } from '../../../protocol/commands/create-topic.ts';
import { deletePartitions } from '../../../protocol/commands/delete-partitions.ts';
import { deleteSegments } from '../../../protocol/commands/delete-segments.ts';
import { deleteTopic } from '../../../protocol/commands/delete-topic.ts';
import { getTopic } from '../../../protocol/commands/get-topic.ts';
import { getTopics } from '../../../protocol/commands/get-topics.ts';
import { purgeTopic } from '../../../protocol/commands/purge-topic.ts';
import { updateTopic } from '../../../protocol/commands/update-topic.ts';
import { CompressionAlgorithm } from '../../../protocol/primitives/enumerations.ts';
import type { Identifier } from '../../../protocol/primitives/identifier.ts';
import type { TopicDetails } from '../../../protocol/primitives/topic-header.ts';
import type { TopicSettings } from '../../../protocol/primitives/topic-settings.ts';
import { formatTypedValue } from '../../../protocol/primitives/typed-value.ts';
import { ProtocolError } from '../../../protocol/protocol-error.ts';
import { callerOf, type HttpApp, type HttpServices } from '../application/http-app.ts';
import { done, operation, topicPath as path, pathOf, streamPath } from '../application/operation.ts';
import { runCommand } from '../application/run-command.ts';
import { notFound } from '../request/failure.ts';
import { parseIdentifier } from '../request/identifier.ts';
import { requireName } from '../request/name.ts';
import { givenOptions, givenOptionsSchema } from '../views/options-view.ts';
import { body, listOf, name, partitionsCount, ref, type Schema } from '../views/schema.ts';
import { partitionSchema, topicDetailsSchema, topicDetailsView, topicSchema, topicView } from '../views/topic-view.ts';

export interface TopicParams {
  Params: { stream_id: string; topic_id: string };
}

interface SettingsBody {
  compression_algorithm?: string | null;
  message_expiry?: number | bigint | null;
  max_topic_size?: number | bigint | null;
  replication_factor?: number | null;
  options?: Record<string, string> | null;
}

type NewTopicBody = SettingsBody & { name: string; partitions_count: number };
type UpdateTopicBody = SettingsBody & { name: string };

const tag = 'Topics';
const algorithm = { type: 'string', pattern: '^([nN][oO][nN][eE]|[gG][zZ][iI][pP])$' };
const expiry: Schema = { u64: true, description: 'Microseconds; 0: the default of the server, 2^64-1: never' };
const size: Schema = { u64: true, description: 'Bytes; 0: the default of the server, 2^64-1: unlimited' };
const factor = { type: ['integer', 'null'], minimum: 0, maximum: 255, domain: { minimum: 1 } };
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });

const newTopicBody = body(
  {
    name,
    partitions_count: { ...partitionsCount, domain: { minimum: 0, maximum: 1000 } },
    compression_algorithm: algorithm,
    message_expiry: expiry,
    max_topic_size: size,
    replication_factor: factor,
    options: givenOptionsSchema,
  },
  ['replication_factor', 'options'],
);
const updateTopicBody = body(
  {
    name,
    compression_algorithm: orNull(algorithm),
    message_expiry: orNull(expiry),
    max_topic_size: orNull(size),
    replication_factor: factor,
    options: givenOptionsSchema,
  },
  ['compression_algorithm', 'message_expiry', 'max_topic_size', 'replication_factor', 'options'],
);

export function topicOf({ params }: FastifyRequest<TopicParams>): { stream: Identifier; topic: Identifier } {
  return { stream: parseIdentifier(params.stream_id), topic: parseIdentifier(params.topic_id) };
}

export function topicRoutes(app: HttpApp, services: HttpServices): void {
  for (const schema of [partitionSchema, topicSchema, topicDetailsSchema]) app.addSchema(schema);

  app.get<{ Params: { stream_id: string } }>(
    '/streams/:stream_id/topics',
    { schema: operation('getTopics', tag, 'The topics of a stream', { path: streamPath, replies: { 200: listOf(ref('Topic')) } }) },
    async (request) => {
      const topics = await runCommand(services, callerOf(request), getTopics, { stream: parseIdentifier(request.params.stream_id) });
      if (topics === undefined) throw notFound();
      return topics.map(topicView);
    },
  );

  app.post<{ Params: { stream_id: string }; Body: NewTopicBody }>(
    '/streams/:stream_id/topics',
    {
      schema: operation('createTopic', tag, 'Creates a topic', {
        path: streamPath,
        body: newTopicBody,
        replies: { 200: ref('TopicDetails') },
      }),
    },
    async (request) => {
      const { name, partitions_count: count } = request.body;
      const stream = parseIdentifier(request.params.stream_id);
      requireName(name, 'invalid-topic-name');
      const topic = await runCommand(services, callerOf(request), createTopic, {
        stream,
        name,
        partitionsCount: count,
        ...fixedSettings(request.body),
        options: givenOptions(request.body.options),
      });
      return topicDetailsView(topic as TopicDetails);
    },
  );

  app.get<TopicParams>(
    '/streams/:stream_id/topics/:topic_id',
    { schema: operation('getTopic', tag, 'One topic with its partitions', { path, replies: { 200: ref('TopicDetails') } }) },
    async (request) => {
      const topic = await runCommand(services, callerOf(request), getTopic, topicOf(request));
      if (topic === undefined) throw notFound();
      return topicDetailsView(topic);
    },
  );

  app.put<TopicParams & { Body: UpdateTopicBody }>(
    '/streams/:stream_id/topics/:topic_id',
    {
      schema: operation('updateTopic', tag, 'Changes the name and the settings of a topic', {
        path,
        body: updateTopicBody,
        replies: { 204: done },
        description: 'Settings that are left out stay as they are.',
      }),
    },
    async (request, reply) => {
      const { name } = request.body;
      const place = topicOf(request);
      requireName(name, 'invalid-topic-name');
      await runCommand(services, callerOf(request), updateTopic, { ...place, name, ...changedSettings(request.body) });
      return reply.code(204).send();
    },
  );

  app.delete<TopicParams>(
    '/streams/:stream_id/topics/:topic_id',
    { schema: operation('deleteTopic', tag, 'Deletes a topic with all that is in it', { path, replies: { 204: done } }) },
    async (request, reply) => {
      await runCommand(services, callerOf(request), deleteTopic, topicOf(request));
      return reply.code(204).send();
    },
  );

  app.delete<TopicParams>(
    '/streams/:stream_id/topics/:topic_id/purge',
    { schema: operation('purgeTopic', tag, 'Removes all messages and stored offsets of a topic', { path, replies: { 204: done } }) },
    async (request, reply) => {
      await runCommand(services, callerOf(request), purgeTopic, topicOf(request));
      return reply.code(204).send();
    },
  );

  app.post<TopicParams & { Body: { partitions_count: number } }>(
    '/streams/:stream_id/topics/:topic_id/partitions',
    {
      schema: operation('createPartitions', tag, 'Adds partitions to a topic', {
        path,
        body: body({ partitions_count: partitionsCount }),
        replies: { 201: done },
      }),
    },
    async (request, reply) => {
      const { partitions_count: count } = request.body;
      await runCommand(services, callerOf(request), createPartitions, { ...topicOf(request), partitionsCount: count });
      return reply.code(201).send();
    },
  );

  app.delete<TopicParams & { Querystring: { partitions_count: string } }>(
    '/streams/:stream_id/topics/:topic_id/partitions',
    {
      schema: operation('deletePartitions', tag, 'Removes the last partitions of a topic with their messages', {
        path,
        query: { partitions_count: { text: 'u32', domain: { minimum: 1, maximum: 1000 } } },
        required: ['partitions_count'],
        replies: { 204: done },
      }),
    },
    async (request, reply) => {
      const count = Number(request.query.partitions_count);
      await runCommand(services, callerOf(request), deletePartitions, { ...topicOf(request), partitionsCount: count });
      return reply.code(204).send();
    },
  );

  app.delete<{ Params: TopicParams['Params'] & { partition_id: string }; Querystring: { segments_count: string } }>(
    '/streams/:stream_id/topics/:topic_id/partitions/:partition_id',
    {
      schema: operation('deleteSegments', tag, 'Removes the oldest closed segments of a partition', {
        path: pathOf('stream_id', 'topic_id', 'partition_id'),
        query: { segments_count: { text: 'u32' } },
        required: ['segments_count'],
        replies: { 204: done },
      }),
    },
    async (request, reply) => {
      await runCommand(services, callerOf(request), deleteSegments, {
        ...topicOf(request),
        partition: Number(request.params.partition_id),
        segmentsCount: Number(request.query.segments_count),
      });
      return reply.code(204).send();
    },
  );
}

/** As a classic frame has them: what is zero takes the default. */
function fixedSettings(settings: SettingsBody): Omit<TopicSettings, 'options'> {
  const { compression_algorithm: compression, message_expiry: expiry, max_topic_size: size } = settings;
  return {
    compression: compression === undefined || compression === null ? undefined : compressionOf(compression),
    messageExpiry: bigOf(expiry),
    maxTopicSize: bigOf(size),
    replicationFactor: replicationFactorOf(settings),
  };
}

/** All of Iggy 0.8's fields are a whole new state; fewer are a change of those, which is what options are. */
function changedSettings(settings: SettingsBody): TopicSettings {
  const fixed = fixedSettings(settings);
  const { compression, messageExpiry, maxTopicSize } = fixed;
  const options = givenOptions(settings.options);
  if (compression !== undefined && messageExpiry !== undefined && maxTopicSize !== undefined) {
    return { ...fixed, replicationFactor: fixed.replicationFactor ?? 1, options };
  }
  const changed = new Map(options);
  const set = (key: string, value: ReturnType<typeof formatTypedValue>) => changed.has(key) || changed.set(key, value);
  if (compression !== undefined) {
    const word = compression === CompressionAlgorithm.gzip ? 'gzip' : 'none';
    set('compression_algorithm', formatTypedValue({ kind: 'string', value: word }));
  }
  if (messageExpiry !== undefined) set('message_expiry', formatTypedValue({ kind: 'uint64', value: messageExpiry }));
  if (maxTopicSize !== undefined) set('max_topic_size', formatTypedValue({ kind: 'uint64', value: maxTopicSize }));
  return {
    compression: undefined,
    messageExpiry: undefined,
    maxTopicSize: undefined,
    replicationFactor: fixed.replicationFactor,
    options: changed,
  };
}

function compressionOf(text: string): CompressionAlgorithm {
  return text.toLowerCase() === 'gzip' ? CompressionAlgorithm.gzip : CompressionAlgorithm.none;
}

function bigOf(value: number | bigint | null | undefined): bigint | undefined {
  return value === null || value === undefined ? undefined : BigInt(value);
}

/** Throws 2018. */
function replicationFactorOf({ replication_factor: factor }: SettingsBody): number | undefined {
  if (factor === 0) throw new ProtocolError('invalid-replication-factor');
  return factor ?? undefined;
}
