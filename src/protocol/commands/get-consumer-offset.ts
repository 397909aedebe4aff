// GetConsumerOffset (code 120)
//   consumer      kind u8 · identifier
//   stream        identifier
//   topic         identifier
//   partition     flag u8 · id u32
// → partition u32 · current offset u64 · stored offset u64; empty when nothing is stored

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Consumer, readConsumer, writeConsumer } from '../primitives/consumer.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';
import { readOptionalPartition, writeOptionalPartition } from '../primitives/optional-partition.ts';

export interface GetConsumerOffsetRequest {
  consumer: Consumer;
  stream: Identifier;
  topic: Identifier;
  /** Undefined: partition 0. */
  partition: number | undefined;
}

export interface ConsumerOffset {
  partition: number;
  /** Offset of the partition's last message. */
  currentOffset: bigint;
  storedOffset: bigint;
}

export const getConsumerOffset: Command<GetConsumerOffsetRequest, ConsumerOffset | undefined> = {
  name: 'GetConsumerOffset',
  code: 120,
  operation: Operation.nonReplicated,

  encodeRequest(writer, request) {
    writeConsumer(writer, request.consumer);
    writeIdentifier(writer, request.stream);
    writeIdentifier(writer, request.topic);
    writeOptionalPartition(writer, request.partition);
  },

  decodeRequest(reader) {
    return {
      consumer: readConsumer(reader),
      stream: readIdentifier(reader),
      topic: readIdentifier(reader),
      partition: readOptionalPartition(reader),
    };
  },

  encodeReply(writer, offset) {
    if (offset !== undefined) writer.u32(offset.partition).u64(offset.currentOffset).u64(offset.storedOffset);
  },

  decodeReply(reader) {
    if (reader.remaining === 0) return undefined;
    return { partition: reader.u32(), currentOffset: reader.u64(), storedOffset: reader.u64() };
  },
};
