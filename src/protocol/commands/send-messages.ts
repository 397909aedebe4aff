// SendMessages (code 101, operation 160)
//   metadata      u32 length of the next four fields
//   stream        identifier
//   topic         identifier
//   partitioning  kind u8 · length u8 · value
//   count         u32, at least 1
//   batch         to the end of the body: index block and messages (classic), one batch record (VSR)
// → classic: empty
//   VSR: count u32 (1) · stream u32 · topic u32 · partition u32 · base offset u64; empty for a duplicate

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, writeIdentifier } from '../primitives/identifier.ts';
import { type Partitioning, writePartitioning } from '../primitives/partitioning.ts';
import type { Writer } from '../writer.ts';
import { createSendHead, readSendHead, type SendHead } from './send-messages-head.ts';

/** What stands in front of the batch. */
export interface SendTarget {
  stream: Identifier;
  topic: Identifier;
  partitioning: Partitioning;
  /** Of the messages in the batch. */
  count: number;
}

export interface SendMessagesRequest extends SendTarget {
  /** As `encodeClassicMessages` or `encodeBatch` made it; not looked at here. Of a decoded request it is a view. */
  batch: Uint8Array;
}

/** Where a batch went. */
export interface SendConfirmation {
  streamId: number;
  topicId: number;
  partitionId: number;
  /** Offset of the batch's first message. */
  baseOffset: bigint;
}

/** A reply is undefined where the wire tells nothing: always on the classic one, for a duplicate under VSR. */
export const sendMessages: Command<SendMessagesRequest, SendConfirmation | undefined> = {
  name: 'SendMessages',
  code: 101,
  operation: Operation.sendMessages,

  encodeRequest(writer, request) {
    writeSendTarget(writer, request);
    writer.put(request.batch);
  },

  decodeRequest(reader, generation) {
    const bytes = Buffer.from(reader.bytes.buffer, reader.bytes.byteOffset, reader.bytes.length);
    const head = createSendHead();
    readSendHead(bytes, reader.position, reader.position + reader.remaining, generation, head);
    reader.skip(head.dataStart - reader.position);
    return {
      stream: head.stream,
      topic: head.topic,
      partitioning: partitioningOf(head, reader.bytes),
      count: head.count,
      batch: reader.take(head.dataLength),
    };
  },

  encodeReply(writer, confirmation, generation) {
    if (generation === 'classic' || confirmation === undefined) return;
    writer.u32(1).u32(confirmation.streamId).u32(confirmation.topicId).u32(confirmation.partitionId).u64(confirmation.baseOffset);
  },

  decodeReply(reader) {
    if (reader.remaining === 0 || reader.u32() === 0) return undefined;
    return { streamId: reader.u32(), topicId: reader.u32(), partitionId: reader.u32(), baseOffset: reader.u64() };
  },
};

/** The batch is to follow. */
export function writeSendTarget(writer: Writer, { stream, topic, partitioning, count }: SendTarget): void {
  const start = writer.length;
  writer.u32(0);
  writeIdentifier(writer, stream);
  writeIdentifier(writer, topic);
  writePartitioning(writer, partitioning);
  writer.u32(count);
  writer.patchU32(start, writer.length - start - 4);
}

function partitioningOf(head: SendHead, bytes: Uint8Array): Partitioning {
  switch (head.partitioning) {
    case 'balanced':
      return { kind: 'balanced' };
    case 'partition':
      return { kind: 'partition', partition: head.partition };
    case 'key':
      return { kind: 'key', key: bytes.subarray(head.keyStart, head.keyStart + head.keyLength) };
  }
}
