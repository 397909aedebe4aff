// PollMessages, read where it lies. The layout is in `poll-messages.ts`.

import { ConsumerKind } from '../primitives/consumer.ts';
import type { Identifier } from '../primitives/identifier.ts';
import { identifierEnd, strictIdentifierAt } from '../primitives/identifier-head.ts';
import { PollingKind } from '../primitives/polling-strategy.ts';
import { ProtocolError } from '../protocol-error.ts';

export interface PollHead {
  consumerKind: ConsumerKind;
  consumer: Identifier;
  stream: Identifier;
  topic: Identifier;
  partition: number | undefined;
  strategy: PollingKind;
  /** Offset or microseconds, as two 32-bit words. */
  valueLow: number;
  valueHigh: number;
  count: number;
  autoCommit: boolean;
}

export const pollPrefixBytes = 16;

/** Partition, strategy, count and auto commit. */
const tailBytes = 5 + 9 + 4 + 1;

/** A head to be filled by `readPollHead`, again and again. */
export function createPollHead(): PollHead {
  return {
    consumerKind: ConsumerKind.consumer,
    consumer: 0,
    stream: 0,
    topic: 0,
    partition: undefined,
    strategy: PollingKind.offset,
    valueLow: 0,
    valueHigh: 0,
    count: 0,
    autoCommit: false,
  };
}

/**
 * Reads the body `bytes[start..end)`, which is the same in both generations, into `into`, whose fields mean nothing after an error. Bytes that follow are ignored.
 * Errors: 4 for a numeric identifier of the wrong length or an empty name, 3 for all else that does not fit.
 */
export function readPollHead(bytes: Buffer, start: number, end: number, into: PollHead): void {
  const consumerKind = start < end ? bytes[start] : undefined;
  if (consumerKind !== ConsumerKind.consumer && consumerKind !== ConsumerKind.group) {
    throw new ProtocolError('invalid-command', `consumer kind ${consumerKind}`);
  }
  into.consumerKind = consumerKind;

  const consumerEnd = identifierEnd(bytes, start + 1, end);
  into.consumer = strictIdentifierAt(bytes, start + 1, consumerEnd);
  const streamEnd = identifierEnd(bytes, consumerEnd, end);
  into.stream = strictIdentifierAt(bytes, consumerEnd, streamEnd);
  const topicEnd = identifierEnd(bytes, streamEnd, end);
  into.topic = strictIdentifierAt(bytes, streamEnd, topicEnd);

  if (topicEnd + tailBytes > end) throw new ProtocolError('invalid-command', 'poll is cut off');
  into.partition = bytes[topicEnd] === 1 ? bytes.readUInt32LE(topicEnd + 1) : undefined;
  const strategy = bytes[topicEnd + 5] as number;
  if (!isPollingKind(strategy)) throw new ProtocolError('invalid-command', `polling kind ${strategy}`);
  into.strategy = strategy;
  into.valueLow = bytes.readUInt32LE(topicEnd + 6);
  into.valueHigh = bytes.readUInt32LE(topicEnd + 10);
  into.count = bytes.readUInt32LE(topicEnd + 14);
  into.autoCommit = bytes[topicEnd + 18] !== 0;
}

/** Writes what stands before the messages of a reply, `pollPrefixBytes` long. The partition's current offset comes as two 32-bit words. */
export function writePollPrefix(
  bytes: Buffer,
  at: number,
  partitionId: number,
  currentOffsetLow: number,
  currentOffsetHigh: number,
  count: number,
): void {
  bytes.writeUInt32LE(partitionId, at);
  bytes.writeUInt32LE(currentOffsetLow, at + 4);
  bytes.writeUInt32LE(currentOffsetHigh, at + 8);
  bytes.writeUInt32LE(count, at + 12);
}

function isPollingKind(kind: number): kind is PollingKind {
  return kind >= PollingKind.offset && kind <= PollingKind.next;
}
