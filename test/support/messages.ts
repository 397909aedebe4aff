// Messages that can be told again from their number, and the calls to send and read them, for tests.

import assert from 'node:assert/strict';
import { decodeClassicMessages, encodeClassicMessages } from '../../src/protocol/batch/classic-messages.ts';
import type { Message, PolledMessage } from '../../src/protocol/batch/message.ts';
import { decodeBatches, encodeBatch } from '../../src/protocol/batch/vsr-batch.ts';
import type { Generation } from '../../src/protocol/command.ts';
import { createStream } from '../../src/protocol/commands/create-stream.ts';
import { createTopic } from '../../src/protocol/commands/create-topic.ts';
import { type PollMessagesRequest, pollMessages } from '../../src/protocol/commands/poll-messages.ts';
import { type SendConfirmation, sendMessages } from '../../src/protocol/commands/send-messages.ts';
import { noOptions, type Options } from '../../src/protocol/primitives/options.ts';
import type { Partitioning } from '../../src/protocol/primitives/partitioning.ts';
import { PollingKind } from '../../src/protocol/primitives/polling-strategy.ts';
import { encodeUserHeaders } from '../../src/protocol/primitives/user-headers.ts';
import { xxh3 } from '../protocol/support/xxh3.ts';
import type { RawClient } from './raw-client.ts';

export const generations: readonly Generation[] = ['classic', 'vsr'];

export interface TopicName {
  stream: string;
  topic: string;
}

/** Message number `index`: payload, and for every third also user headers. */
export function testMessage(index: number, payloadBytes = 1 + (index % 300)): Message {
  const headers = [{ key: { kind: 'string', value: 'number' }, value: { kind: 'uint64', value: BigInt(index) } }] as Parameters<
    typeof encodeUserHeaders
  >[0];
  return {
    id: BigInt(index) + 1n,
    payload: Buffer.alloc(payloadBytes, `message ${index} `),
    headers: index % 3 === 0 ? encodeUserHeaders(headers) : undefined,
    originTimestamp: 1_700_000_000_000_000n + BigInt(index),
  };
}

export function testMessages(first: number, count: number, payloadBytes?: number): Message[] {
  return Array.from({ length: count }, (_, index) => testMessage(first + index, payloadBytes));
}

/** Creates a stream with one topic; returns their names. */
export async function createTestTopic(client: RawClient, partitionsCount = 1, options: Options = noOptions): Promise<TopicName> {
  const name = { stream: `stream-${crypto.randomUUID()}`, topic: 'topic' };
  await client.call(createStream, { name: name.stream, options: noOptions });
  await client.call(createTopic, {
    stream: name.stream,
    name: name.topic,
    partitionsCount,
    compression: client.generation === 'classic' ? 1 : undefined,
    messageExpiry: client.generation === 'classic' ? 0n : undefined,
    maxTopicSize: client.generation === 'classic' ? 0n : undefined,
    replicationFactor: client.generation === 'classic' ? 1 : undefined,
    options,
  });
  return name;
}

export function send(
  client: RawClient,
  name: TopicName,
  messages: readonly Message[],
  partitioning: Partitioning = { kind: 'partition', partition: 0 },
): Promise<SendConfirmation | undefined> {
  const batch = client.generation === 'classic' ? encodeClassicMessages(messages) : encodeBatch(messages, xxh3);
  return client.call(sendMessages, { ...name, partitioning, count: messages.length, batch });
}

export interface Polled {
  partition: number;
  currentOffset: bigint;
  messages: PolledMessage[];
}

/** Polls partition 0 from the first message on unless told otherwise. */
export async function poll(client: RawClient, name: TopicName, request: Partial<PollMessagesRequest> = {}): Promise<Polled> {
  const reply = await client.call(pollMessages, {
    ...name,
    consumer: { kind: 1, id: 1 },
    partition: 0,
    strategy: { kind: PollingKind.offset, value: 0n },
    count: 1000,
    autoCommit: false,
    ...request,
  });
  assert.ok(reply !== undefined, 'a poll has a body');
  const messages = client.generation === 'classic' ? decodeClassicMessages(reply.batch) : decodeBatches(reply.batch);
  assert.equal(messages.length, reply.count);
  return { partition: reply.partition, currentOffset: reply.currentOffset, messages };
}

/** Every message is the one that was sent under its number, and offsets are contiguous from `firstOffset`. */
export function assertMessages(polled: readonly PolledMessage[], expected: readonly Message[], firstOffset: bigint): void {
  assert.equal(polled.length, expected.length);
  for (const [index, message] of polled.entries()) {
    const wanted = expected[index] as Message;
    assert.equal(message.offset, firstOffset + BigInt(index));
    assert.equal(message.id, wanted.id);
    assert.equal(message.originTimestamp, wanted.originTimestamp);
    assert.ok(Buffer.from(message.payload).equals(wanted.payload), `payload at offset ${message.offset}`);
    assert.deepEqual(Buffer.from(message.headers ?? []), Buffer.from(wanted.headers ?? []), `headers at offset ${message.offset}`);
  }
}
