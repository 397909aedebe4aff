// How sends and polls read in the golden vectors. Their batches are opaque to the commands: here they are decoded and encoded again.

import assert from 'node:assert/strict';
import xxhash from 'xxhash-addon';
import { decodeClassicMessages, encodeClassicMessages } from '../../../src/protocol/batch/classic-messages.ts';
import type { Message, PolledMessage } from '../../../src/protocol/batch/message.ts';
import { decodeBatches, encodeBatch } from '../../../src/protocol/batch/vsr-batch.ts';
import type { Generation } from '../../../src/protocol/command.ts';
import { getPollRouting } from '../../../src/protocol/commands/get-poll-routing.ts';
import { type PolledMessages, type PollMessagesRequest, pollMessages } from '../../../src/protocol/commands/poll-messages.ts';
import { pollMessagesOnPrimary } from '../../../src/protocol/commands/poll-messages-on-primary.ts';
import { type SendMessagesRequest, sendMessages } from '../../../src/protocol/commands/send-messages.ts';
import { writeIdentifier } from '../../../src/protocol/primitives/identifier.ts';
import { type Partitioning, writePartitioning } from '../../../src/protocol/primitives/partitioning.ts';
import { PollingKind } from '../../../src/protocol/primitives/polling-strategy.ts';
import { decodeUserHeaders, encodeUserHeaders } from '../../../src/protocol/primitives/user-headers.ts';
import { Writer } from '../../../src/protocol/writer.ts';
import { consumed } from './data-fields.ts';
import { asItIs, type Description, describe } from './description.ts';
import { routingReply } from './system-fields.ts';
import { plain } from './vector-fields.ts';
import type { Fields } from './vector-files.ts';

const indexBytes = 16;

function sendFields(request: SendMessagesRequest, generation: Generation): Fields {
  return generation === 'classic' ? classicSendFields(request) : vsrSendFields(request);
}

function classicSendFields({ stream, topic, partitioning, count, batch }: SendMessagesRequest): Fields {
  const messages = decodeClassicMessages(batch.subarray(indexBytes * count));
  assert.equal(messages.length, count);
  assert.deepEqual(Buffer.from(encodeClassicMessages(messages)), Buffer.from(batch));
  return { stream_id: stream, topic_id: topic, partitioning: partitioningFields(partitioning), messages: messages.map(messageFields) };
}

function vsrSendFields({ stream, topic, partitioning, count, batch }: SendMessagesRequest): Fields {
  const messages = decodeBatches(batch);
  assert.equal(messages.length, count);
  assert.deepEqual(Buffer.from(encodeBatch(messages, xxh3)), Buffer.from(batch));
  const metadata = new Writer();
  writeIdentifier(metadata, stream);
  writeIdentifier(metadata, topic);
  writePartitioning(metadata, partitioning);
  const { batch_length, batch_checksum } = batchFields(batch);
  return {
    ...{ metadata_length: metadata.u32(count).length, stream_id: stream, topic_id: topic, partitioning: partitioning.kind },
    ...{ messages_count: count, batch_length, batch_checksum },
  };
}

function partitioningFields(partitioning: Partitioning): Fields {
  switch (partitioning.kind) {
    case 'balanced':
      return { kind: 'balanced' };
    case 'partition':
      return { kind: 'partition_id', value: partitioning.partition };
    case 'key':
      return { kind: 'messages_key', value_hex: plain(partitioning.key) };
  }
}

function messageFields({ id, originTimestamp, payload, headers }: Message): Fields {
  const userHeaders = headers === undefined ? [] : decodeUserHeaders(headers);
  if (headers !== undefined) assert.deepEqual(encodeUserHeaders(userHeaders), Buffer.from(headers));
  return {
    ...(id < 2n ** 64n ? { id: id.toString() } : { id_hex: wireHex(id) }),
    origin_timestamp: plain(originTimestamp),
    payload_hex: plain(payload),
    user_headers: userHeaders.map(({ key, value }) => ({
      key_kind: key.kind,
      key: plain(key.value),
      value_kind: value.kind,
      value: plain(value.value),
    })),
  };
}

/** The 16 bytes of an id as they lie on the wire. */
function wireHex(id: bigint): string {
  return new Writer().u128(id).written.toString('hex');
}

function polledFields(message: PolledMessage): Fields {
  return {
    ...messageFields(message),
    ...{ offset: plain(message.offset), timestamp: plain(message.timestamp), checksum: message.checksum.toString() },
  };
}

function pollFields({ strategy, ...request }: PollMessagesRequest, generation: Generation): Fields {
  const kind = Object.entries(PollingKind).find(([, value]) => value === strategy.kind)?.[0];
  const value = plain(strategy.value);
  if (generation === 'classic') return { ...consumed(request, generation), strategy: { kind, value } };
  return { ...consumed(request, generation), strategy: kind, ...(strategy.kind === PollingKind.offset && { value }) };
}

function pollReplyFields({ partition, currentOffset, count, batch }: PolledMessages, generation: Generation): Fields {
  const messages = generation === 'classic' ? decodeClassicMessages(batch) : decodeBatches(batch);
  assert.equal(messages.length, count);
  const head = { partition_id: partition, current_offset: plain(currentOffset), count };
  if (generation === 'classic') return { ...head, messages: messages.map(polledFields) };
  return count === 0 ? head : { ...head, batch: batchFields(batch) };
}

/** Header of a batch record. */
function batchFields(batch: Uint8Array): Fields {
  const record = Buffer.from(batch);
  return {
    partition_id: plain(record.readBigUInt64LE(0)),
    base_offset: plain(record.readBigUInt64LE(8)),
    base_timestamp: plain(record.readBigUInt64LE(16)),
    origin_timestamp: plain(record.readBigUInt64LE(24)),
    batch_length: plain(record.readBigUInt64LE(32)),
    batch_checksum: `0x${record.readBigUInt64LE(40).toString(16)}`,
    message_count: record.readUInt32LE(48),
  };
}

function xxh3(bytes: Uint8Array): bigint {
  return xxhash.XXHash3.hash(Buffer.from(bytes)).readBigUInt64BE(0);
}

export const messageDescriptions: readonly Description[] = [
  describe(sendMessages, {
    request: sendFields,
    reply: (confirmation) => (confirmation === undefined ? {} : { count: 1, ...asItIs(confirmation) }),
  }),
  describe(pollMessages, { request: pollFields, reply: pollReplyFields }),
  describe(pollMessagesOnPrimary, { request: pollFields, reply: pollReplyFields }),
  describe(getPollRouting, { request: pollFields, reply: routingReply }),
];
