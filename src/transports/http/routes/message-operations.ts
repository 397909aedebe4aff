// Sends and polls as HTTP has them: the schemas of their requests, and how these and their replies read. Shared by the routes and by what answers plain ones without a route.

import type { ServerResponse } from 'node:http';
import type { PollMessagesRequest } from '../../../protocol/commands/poll-messages.ts';
import { ConsumerKind } from '../../../protocol/primitives/consumer.ts';
import { PollingKind } from '../../../protocol/primitives/polling-strategy.ts';
import { HeaderKind } from '../../../protocol/primitives/typed-value.ts';
import type { System } from '../../../streaming/system.ts';
import { identifier, operation, topicPath } from '../application/operation.ts';
import type { Appended, Polled } from '../messages/http-exchange.ts';
import { eachMessage } from '../messages/message-json.ts';
import type { ByteBudget } from '../request/byte-budget.ts';
import { parseIdentifier } from '../request/identifier.ts';
import { base64, body, listOf, record, ref, type Schema, text } from '../views/schema.ts';

export interface SendQuery {
  ack?: 'replicated' | 'none';
}

export interface PollQuery {
  consumer_id: string;
  partition_id: string;
  kind: string;
  value: string;
  count: string;
  auto_commit: string;
}

interface TopicPlace {
  readonly stream_id: string;
  readonly topic_id: string;
}

export const messagesTag = 'Messages';
export const lines = 'application/x-ndjson';
export const durabilityHeader = 'iggy-durability';
/** Smaller replies are bounded by the number of connections. */
const countedReplyBytesMin = 8 * 1024;

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
export const headersSchema = listOf(record({ key: typed, value: typed }));

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
export const ack: Schema = { type: 'string', enum: ['replicated', 'none'], default: 'replicated' };

export const sendOperation = operation('sendMessages', messagesTag, 'Sends messages to one partition, all or none', {
  path: topicPath,
  query: { ack },
  body: sendBody,
  replies: { 201: ref('Confirmations'), 202: { type: 'null', description: 'Sent with `ack=none`' } },
});

export const pollOperation = operation('pollMessages', messagesTag, 'Polls messages of a partition', {
  path: topicPath,
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
});

/** Throws 6 for a name of a wrong length. The query is one that `pollOperation` lets pass. */
export function pollRequestOf(place: TopicPlace, query: PollQuery): PollMessagesRequest {
  return {
    stream: parseIdentifier(place.stream_id),
    topic: parseIdentifier(place.topic_id),
    consumer: { kind: ConsumerKind.consumer, id: parseIdentifier(query.consumer_id) },
    partition: Number(query.partition_id),
    strategy: { kind: kinds[query.kind] as PollingKind, value: BigInt(query.value.replace('+', '')) },
    count: Number(query.count),
    autoCommit: query.auto_commit === 'true',
  };
}

/** As Iggy 0.9 confirms; clients of 0.8 do not look at it. */
export function confirmationOf({ streamId, topicId, partitionId, baseOffset }: Appended): string {
  return `{"confirmations":[{"stream_id":${streamId},"topic_id":${topicId},"partition_id":${partitionId},"base_offset":${baseOffset}}]}`;
}

export function durabilityOf({ streams }: System, { streamId, topicId }: Appended): string {
  return streams.get(streamId)?.topics.get(topicId)?.config.durability === 'group' ? 'persisted' : 'replicated';
}

/** Counts the reply until its peer has taken it. Throws 503. */
export function countReply(replyBytes: ByteBudget, reply: ServerResponse, bytes: number): void {
  if (bytes < countedReplyBytesMin) return;
  replyBytes.take(bytes);
  reply.once('close', () => replyBytes.release(bytes));
}

export function jsonOf({ generation, bytes, start, end, partitionId, currentOffset, count }: Polled): string {
  let messages = '';
  eachMessage(generation, bytes, start, end, (_offset, json) => {
    messages += messages === '' ? json : `,${json}`;
  });
  return `{"partition_id":${partitionId},"current_offset":${currentOffset},"count":${count},"messages":[${messages}]}`;
}
