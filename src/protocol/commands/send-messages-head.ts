// The head of SendMessages, read where it lies: what routing needs, and where the messages begin. The layout is in `send-messages.ts`.

import type { Generation } from '../command.ts';
import type { Identifier } from '../primitives/identifier.ts';
import { identifierAt, identifierEnd } from '../primitives/identifier-head.ts';
import type { Partitioning } from '../primitives/partitioning.ts';
import { ProtocolError } from '../protocol-error.ts';

/** Positions count from the first byte of the buffer. */
export interface SendHead {
  stream: Identifier;
  topic: Identifier;
  partitioning: Partitioning['kind'];
  /** For partitioning `partition`. */
  partition: number;
  /** For partitioning `key`: 1 to 255 bytes. */
  keyStart: number;
  keyLength: number;
  /** At least 1. */
  count: number;
  /** First byte of the index block (classic) or of the batch record (VSR). */
  dataStart: number;
  /** To the end of the body. */
  dataLength: number;
}

export const sendConfirmationBytes = 24;

const balanced = 1;
const partitionId = 2;
const messagesKey = 3;
const indexBytes = 16;

/** A head to be filled by `readSendHead`, again and again. */
export function createSendHead(): SendHead {
  return {
    stream: 0,
    topic: 0,
    partitioning: 'balanced',
    partition: 0,
    keyStart: 0,
    keyLength: 0,
    count: 0,
    dataStart: 0,
    dataLength: 0,
  };
}

/**
 * Reads the body `bytes[start..end)` into `into`, whose fields mean nothing after an error. The messages themselves are not looked at.
 * Errors: 6 for a malformed stream or topic, 4009 for no messages, 3 for all else that does not fit.
 */
export function readSendHead(bytes: Buffer, start: number, end: number, generation: Generation, into: SendHead): void {
  const metadataStart = start + 4;
  if (metadataStart > end) throw new ProtocolError('invalid-command', 'metadata length is cut off');
  const metadataEnd = metadataStart + bytes.readUInt32LE(start);
  if (metadataEnd > end) throw new ProtocolError('invalid-command', 'metadata is longer than the body');

  const streamEnd = identifierEnd(bytes, metadataStart, metadataEnd, 'invalid-identifier');
  const topicEnd = identifierEnd(bytes, streamEnd, metadataEnd, 'invalid-identifier');
  into.stream = identifierAt(bytes, metadataStart, streamEnd);
  into.topic = identifierAt(bytes, streamEnd, topicEnd);

  const countAt = readPartitioningHead(bytes, topicEnd, metadataEnd, into);
  const countEnd = countAt + 4;
  if (countEnd > metadataEnd) throw new ProtocolError('invalid-command', 'messages count is cut off');
  if (generation === 'vsr' && countEnd !== metadataEnd) throw new ProtocolError('invalid-command', 'metadata has trailing bytes');
  into.count = bytes.readUInt32LE(countAt);
  into.dataStart = metadataEnd;
  into.dataLength = end - metadataEnd;
  if (generation === 'classic' && indexBytes * into.count > into.dataLength) {
    throw new ProtocolError('invalid-command', `index of ${into.count} messages is longer than the body`);
  }
  if (into.count === 0) throw new ProtocolError('invalid-messages-count', 'a send needs a message');
}

/** Writes the VSR reply with its one confirmation, `sendConfirmationBytes` long. The base offset comes as two 32-bit words. */
export function writeSendConfirmation(
  bytes: Buffer,
  at: number,
  streamId: number,
  topicId: number,
  partitionId: number,
  offsetLow: number,
  offsetHigh: number,
): void {
  bytes.writeUInt32LE(1, at);
  bytes.writeUInt32LE(streamId, at + 4);
  bytes.writeUInt32LE(topicId, at + 8);
  bytes.writeUInt32LE(partitionId, at + 12);
  bytes.writeUInt32LE(offsetLow, at + 16);
  bytes.writeUInt32LE(offsetHigh, at + 20);
}

/** Returns the position after the partitioning. */
function readPartitioningHead(bytes: Buffer, at: number, end: number, into: SendHead): number {
  const valueStart = at + 2;
  if (valueStart > end) throw new ProtocolError('invalid-command', 'partitioning is cut off');
  const kind = bytes[at];
  const length = bytes[at + 1] as number;
  const valueEnd = valueStart + length;
  if (valueEnd > end) throw new ProtocolError('invalid-command', 'partitioning is cut off');
  if (kind === balanced && length === 0) {
    into.partitioning = 'balanced';
  } else if (kind === partitionId && length === 4) {
    into.partitioning = 'partition';
    into.partition = bytes.readUInt32LE(valueStart);
  } else if (kind === messagesKey && length > 0) {
    into.partitioning = 'key';
    into.keyStart = valueStart;
    into.keyLength = length;
  } else {
    throw new ProtocolError('invalid-command', `partitioning kind ${kind} of ${length} bytes`);
  }
  return valueEnd;
}
