// Sending, polling and flushing.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { flushUnsavedBuffer } from '../../../protocol/commands/flush-unsaved-buffer.ts';
import { ConsumerKind } from '../../../protocol/primitives/consumer.ts';
import type { Partitioning } from '../../../protocol/primitives/partitioning.ts';
import { PollingKind } from '../../../protocol/primitives/polling-strategy.ts';
import { HeaderKind } from '../../../protocol/primitives/typed-value.ts';
import { ProtocolError } from '../../../protocol/protocol-error.ts';
import { callerOf, type HttpApp, type HttpServices } from '../application/http-app.ts';
import { identifier, operation, topicPath as path } from '../application/operation.ts';
import { runCommand } from '../application/run-command.ts';
import { parseMessageId } from '../json/message-id.ts';
import { type Appended, type Polled, poll, send } from '../messages/http-exchange.ts';
import { eachMessage } from '../messages/message-json.ts';
import { encodeHeaders, encodeRawSend, encodeSend, type HeaderBody, type SendBody } from '../messages/send-body.ts';
import { HttpFailure } from '../request/failure.ts';
import { parseIdentifier } from '../request/identifier.ts';
import { base64, body, integer, listOf, record, ref, type Schema, text } from '../views/schema.ts';
import { type TopicParams, topicOf } from './topics.ts';

interface SendQuery {
  ack?: 'replicated' | 'none';
}

interface RawSendQuery extends SendQuery {
  partition_id?: string;
  key?: string;
  id?: string;
}

interface PollQuery {
  consumer_id: string;
  partition_id: string;
  kind: string;
  value: string;
  count: string;
  auto_commit: string;
}

const tag = 'Messages';
const lines = 'application/x-ndjson';
/** Smaller replies are bounded by the number of connections. */
const countedReplyBytesMin = 8 * 1024;
const rawHeaderPrefix = 'galgo-header-';

const kinds: Readonly<Record<string, PollingKind>> = {
  ...PollingKind,
  o: PollingKind.offset,
  t: PollingKind.timestamp,
  f: PollingKind.first,
  l: PollingKind.last,
  n: PollingKind.next,
};

const kind: Schema = { type: 'string', enum: Object.keys(HeaderKind) };
const typed = record({ kind, value: { ...base64, minLength: 1 } });
const headersSchema = listOf(record({ key: typed, value: typed }));

const sendBody = {
  ...body({
    partitioning: body({ kind: { type: 'string', enum: ['balanced', 'partition_id', 'messages_key'] }, value: base64 }),
    messages: {
      ...listOf(
        body(
          {
            id: { messageId: true },
            payload: { ...base64, minLength: 1 },
            user_headers: { anyOf: [headersSchema, base64, { type: 'null' }] },
          },
          ['id', 'user_headers'],
        ),
      ),
      domain: { minItems: 1 },
    },
  }),
  additionalProperties: false,
};
const ack: Schema = { type: 'string', enum: ['replicated', 'none'], default: 'replicated' };

const messageSchema = record(
  {
    header: record({
      checksum: integer,
      id: integer,
      offset: integer,
      timestamp: integer,
      origin_timestamp: integer,
      user_headers_length: integer,
      payload_length: integer,
      reserved: integer,
    }),
    payload: base64,
    user_headers: { type: ['array', 'string'], items: headersSchema.items },
  },
  'Message',
);
const polledSchema = record(
  { partition_id: integer, current_offset: integer, count: integer, messages: listOf(ref('Message')) },
  'PolledMessages',
);
const confirmationsSchema = record(
  { confirmations: listOf(record({ stream_id: integer, topic_id: integer, partition_id: integer, base_offset: integer })) },
  'Confirmations',
);

export function messageRoutes(app: HttpApp, services: HttpServices): void {
  for (const schema of [messageSchema, polledSchema, confirmationsSchema]) app.addSchema(schema);

  app.post<TopicParams & { Body: SendBody; Querystring: SendQuery }>(
    '/streams/:stream_id/topics/:topic_id/messages',
    {
      schema: operation('sendMessages', tag, 'Sends messages to one partition, all or none', {
        path,
        query: { ack },
        body: sendBody,
        replies: { 201: ref('Confirmations'), 202: { type: 'null', description: 'Sent with `ack=none`' } },
      }),
    },
    async (request, reply) => {
      const { stream, topic } = topicOf(request);
      const bytes = encodeSend(stream, topic, request.body, services.clock.nowMicros());
      return confirm(request, reply, await send(services, callerOf(request), bytes));
    },
  );

  app.post<TopicParams & { Body: Buffer | undefined; Querystring: RawSendQuery }>(
    '/streams/:stream_id/topics/:topic_id/messages/raw',
    {
      config: { takesBytes: true },
      schema: operation('sendRawMessage', tag, 'Sends one message whose payload is the body as it is', {
        path,
        query: { ack, partition_id: { text: 'u32' }, key: { ...text, domain: { minLength: 1, maxLength: 255 } }, id: { messageId: true } },
        replies: { 201: ref('Confirmations'), 202: { type: 'null', description: 'Sent with `ack=none`' } },
        description: `Balanced, to \`partition_id\`, or by \`key\`. Request headers that begin with \`${rawHeaderPrefix}\` become user headers: the rest of the name is the key, both are strings.`,
      }),
    },
    async (request, reply) => {
      const { stream, topic } = topicOf(request);
      const payload = request.body;
      if (payload === undefined || payload.length === 0) throw new HttpFailure(422, 'invalid_body', 'The payload is empty');
      const message = { id: parseMessageId(request.query.id) ?? 0n, payload, headers: encodeHeaders(rawHeaders(request)) };
      const bytes = encodeRawSend(stream, topic, rawPartitioning(request.query), message, services.clock.nowMicros());
      return confirm(request, reply, await send(services, callerOf(request), bytes));
    },
  );

  app.get<TopicParams & { Querystring: PollQuery }>(
    '/streams/:stream_id/topics/:topic_id/messages',
    {
      schema: operation('pollMessages', tag, 'Polls messages of a partition', {
        path,
        query: {
          consumer_id: { ...identifier, default: '1' },
          partition_id: { text: 'u32', default: '0' },
          kind: { type: 'string', enum: Object.keys(kinds), default: 'offset' },
          value: { text: 'u64', default: '0' },
          count: { text: 'u32', default: '10' },
          auto_commit: { type: 'string', enum: ['true', 'false'], default: 'false' },
        },
        replies: {
          200: {
            description: 'Messages',
            content: { 'application/json': { schema: ref('PolledMessages') }, [lines]: { schema: text } },
          },
        },
        description: `With \`Accept: ${lines}\` the reply is one message a line. A reply holds at most 4 MiB of messages, or one that is larger.`,
      }),
    },
    async (request, reply) => {
      const { query } = request;
      const asLines = request.headers.accept?.includes(lines) === true;
      const json = await poll(
        services,
        callerOf(request),
        {
          ...topicOf(request),
          consumer: { kind: ConsumerKind.consumer, id: parseIdentifier(query.consumer_id) },
          partition: Number(query.partition_id),
          strategy: { kind: kinds[query.kind] as PollingKind, value: BigInt(query.value.replace('+', '')) },
          count: Number(query.count),
          autoCommit: query.auto_commit === 'true',
        },
        asLines ? linesOf : jsonOf,
      );
      countReply(services, reply, json.length);
      return reply.type(asLines ? lines : 'application/json').send(json);
    },
  );

  app.get<{ Params: TopicParams['Params'] & { partition_id: string; fsync: string } }>(
    '/streams/:stream_id/topics/:topic_id/messages/flush/:partition_id/:fsync',
    {
      schema: {
        ...operation('flush', tag, 'Writes what is buffered of a partition, and syncs it if asked', {
          replies: { 200: { type: 'null', description: 'Done' } },
        }),
        params: {
          type: 'object',
          properties: {
            stream_id: text,
            topic_id: text,
            partition_id: { text: 'u32' },
            // The second form is that of Iggy's Rust client.
            fsync: { type: 'string', enum: ['true', 'false', 'fsync=true', 'fsync=false'] },
          },
          required: ['stream_id', 'topic_id', 'partition_id', 'fsync'],
        },
      },
    },
    async (request, reply) => {
      const { partition_id: partition, fsync } = request.params;
      await runCommand(services, callerOf(request), flushUnsavedBuffer, {
        ...topicOf(request),
        partition: Number(partition),
        fsync: fsync.endsWith('true'),
      });
      return reply.send();
    },
  );

  /** As Iggy 0.9 confirms; clients of 0.8 do not look at it. */
  function confirm(request: FastifyRequest<{ Querystring: SendQuery }>, reply: FastifyReply, appended: Appended) {
    if (request.query.ack === 'none') return reply.code(202).header('iggy-durability', 'none').send();
    const { streamId, topicId, partitionId, baseOffset } = appended;
    const isPersisted = services.system.streams.get(streamId)?.topics.get(topicId)?.config.durability === 'group';
    return reply
      .code(201)
      .header('iggy-durability', isPersisted ? 'persisted' : 'replicated')
      .type('application/json')
      .send(
        `{"confirmations":[{"stream_id":${streamId},"topic_id":${topicId},"partition_id":${partitionId},"base_offset":${baseOffset}}]}`,
      );
  }
}

/** Counts the reply until its peer has taken it. Throws 503. */
function countReply({ replyBytes }: HttpServices, reply: FastifyReply, bytes: number): void {
  if (bytes < countedReplyBytesMin) return;
  replyBytes.take(bytes);
  reply.raw.once('close', () => replyBytes.release(bytes));
}

function jsonOf({ generation, bytes, start, end, partitionId, currentOffset, count }: Polled): string {
  let messages = '';
  eachMessage(generation, bytes, start, end, (_offset, json) => {
    messages += messages === '' ? json : `,${json}`;
  });
  return `{"partition_id":${partitionId},"current_offset":${currentOffset},"count":${count},"messages":[${messages}]}`;
}

function linesOf({ generation, bytes, start, end }: Polled): string {
  let text = '';
  eachMessage(generation, bytes, start, end, (_offset, json) => {
    text += `${json}\n`;
  });
  return text;
}

function rawPartitioning({ partition_id: partition, key }: RawSendQuery): Partitioning {
  if (partition !== undefined && key !== undefined) {
    throw new HttpFailure(400, 'invalid_query', 'Both partition_id and key are given');
  }
  if (partition !== undefined) return { kind: 'partition', partition: Number(partition) };
  if (key === undefined) return { kind: 'balanced' };
  const bytes = Buffer.from(key);
  if (bytes.length === 0 || bytes.length > 255) throw new ProtocolError('invalid-key-value-length', `key of ${bytes.length} bytes`);
  return { kind: 'key', key: bytes };
}

function rawHeaders({ headers }: FastifyRequest): HeaderBody[] {
  const typed = (value: string) => ({ kind: 'string' as const, value: Buffer.from(value).toString('base64') });
  return Object.entries(headers).flatMap(([name, value]): HeaderBody[] =>
    name.startsWith(rawHeaderPrefix) && typeof value === 'string'
      ? [{ key: typed(name.slice(rawHeaderPrefix.length)), value: typed(value) }]
      : [],
  );
}
