// Sending, polling and flushing.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { flushUnsavedBuffer } from '../../../protocol/commands/flush-unsaved-buffer.ts';
import type { Partitioning } from '../../../protocol/primitives/partitioning.ts';
import { ProtocolError } from '../../../protocol/protocol-error.ts';
import { callerOf, type HttpApp, type HttpServices } from '../application/http-app.ts';
import { operation, topicPath as path } from '../application/operation.ts';
import { runCommand } from '../application/run-command.ts';
import { parseMessageId } from '../json/message-id.ts';
import { type Appended, type Polled, poll, send } from '../messages/http-exchange.ts';
import { eachMessage } from '../messages/message-json.ts';
import { encodeHeaders, encodeRawSend, encodeSend, type HeaderBody, type SendBody } from '../messages/send-body.ts';
import { HttpFailure } from '../request/failure.ts';
import { base64, integer, listOf, record, ref, text } from '../views/schema.ts';
import {
  ack,
  confirmationOf,
  countReply,
  durabilityHeader,
  durabilityOf,
  headersSchema,
  jsonOf,
  lines,
  messagesTag,
  type PollQuery,
  pollOperation,
  pollRequestOf,
  type SendQuery,
  sendOperation,
} from './message-operations.ts';
import { type TopicParams, topicOf } from './topics.ts';

interface RawSendQuery extends SendQuery {
  partition_id?: string;
  key?: string;
  id?: string;
}

const rawHeaderPrefix = 'galgo-header-';

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
      schema: sendOperation,
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
      schema: operation('sendRawMessage', messagesTag, 'Sends one message whose payload is the body as it is', {
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
      schema: pollOperation,
    },
    async (request, reply) => {
      const asLines = request.headers.accept?.includes(lines) === true;
      const json = await poll(services, callerOf(request), pollRequestOf(request.params, request.query), asLines ? linesOf : jsonOf);
      countReply(services.replyBytes, reply.raw, json.length);
      return reply.type(asLines ? lines : 'application/json').send(json);
    },
  );

  app.get<{ Params: TopicParams['Params'] & { partition_id: string; fsync: string } }>(
    '/streams/:stream_id/topics/:topic_id/messages/flush/:partition_id/:fsync',
    {
      schema: {
        ...operation('flush', messagesTag, 'Writes what is buffered of a partition, and syncs it if asked', {
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

  function confirm(request: FastifyRequest<{ Querystring: SendQuery }>, reply: FastifyReply, appended: Appended) {
    if (request.query.ack === 'none') return reply.code(202).header(durabilityHeader, 'none').send();
    return reply
      .code(201)
      .header(durabilityHeader, durabilityOf(services.system, appended))
      .type('application/json')
      .send(confirmationOf(appended));
  }
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
