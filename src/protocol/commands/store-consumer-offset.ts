// StoreConsumerOffset (code 121, operation 161)
//   consumer      kind u8 · identifier
//   stream        identifier
//   topic         identifier
//   partition     flag u8 · id u32
//   offset        u64
//   ack           u8 (VSR only: 0 none, 1 quorum)
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { readAck, writeAck } from '../primitives/ack.ts';
import { type Consumer, readConsumer, writeConsumer } from '../primitives/consumer.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';
import { readOptionalPartition, writeOptionalPartition } from '../primitives/optional-partition.ts';

export interface StoreConsumerOffsetRequest {
  consumer: Consumer;
  stream: Identifier;
  topic: Identifier;
  /** Undefined: partition 0 for a consumer, the member's current partition for a group. */
  partition: number | undefined;
  offset: bigint;
}

export const storeConsumerOffset: Command<StoreConsumerOffsetRequest, void> = {
  name: 'StoreConsumerOffset',
  code: 121,
  operation: Operation.storeConsumerOffset,

  encodeRequest(writer, request, generation) {
    writeConsumer(writer, request.consumer);
    writeIdentifier(writer, request.stream);
    writeIdentifier(writer, request.topic);
    writeOptionalPartition(writer, request.partition);
    writer.u64(request.offset);
    if (generation === 'vsr') writeAck(writer);
  },

  decodeRequest(reader, generation) {
    const request = {
      consumer: readConsumer(reader),
      stream: readIdentifier(reader),
      topic: readIdentifier(reader),
      partition: readOptionalPartition(reader),
      offset: reader.u64(),
    };
    if (generation === 'vsr') readAck(reader);
    return request;
  },

  encodeReply() {},
  decodeReply() {},
};
