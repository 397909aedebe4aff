// DeleteConsumerOffset (code 122, operation 162)
//   consumer      kind u8 · identifier
//   stream        identifier
//   topic         identifier
//   partition     flag u8 · id u32
//   ack           u8 (VSR only: 0 none, 1 quorum)
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { readAck, writeAck } from '../primitives/ack.ts';
import { type Consumer, readConsumer, writeConsumer } from '../primitives/consumer.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';
import { readOptionalPartition, writeOptionalPartition } from '../primitives/optional-partition.ts';

export interface DeleteConsumerOffsetRequest {
  consumer: Consumer;
  stream: Identifier;
  topic: Identifier;
  /** Undefined: partition 0 for a consumer, the member's current partition for a group. */
  partition: number | undefined;
}

export const deleteConsumerOffset: Command<DeleteConsumerOffsetRequest, void> = {
  name: 'DeleteConsumerOffset',
  code: 122,
  operation: Operation.deleteConsumerOffset,

  encodeRequest(writer, request, generation) {
    writeConsumer(writer, request.consumer);
    writeIdentifier(writer, request.stream);
    writeIdentifier(writer, request.topic);
    writeOptionalPartition(writer, request.partition);
    if (generation === 'vsr') writeAck(writer);
  },

  decodeRequest(reader, generation) {
    const request = {
      consumer: readConsumer(reader),
      stream: readIdentifier(reader),
      topic: readIdentifier(reader),
      partition: readOptionalPartition(reader),
    };
    if (generation === 'vsr') readAck(reader);
    return request;
  },

  encodeReply() {},
  decodeReply() {},
};
