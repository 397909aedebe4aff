// PollMessages (code 100)
//   consumer      kind u8 · identifier
//   stream        identifier
//   topic         identifier
//   partition     flag u8 · id u32
//   strategy      kind u8 · value u64
//   count         u32, at most so many messages
//   auto commit   u8: 0 no, anything else yes
// → partition u32 · current offset u64 · count u32 · to the end of the body: messages (classic), batch records (VSR)

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Consumer, readConsumer, writeConsumer } from '../primitives/consumer.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';
import { readOptionalPartition, writeOptionalPartition } from '../primitives/optional-partition.ts';
import { type PollingStrategy, readPollingStrategy, writePollingStrategy } from '../primitives/polling-strategy.ts';

export interface PollMessagesRequest {
  consumer: Consumer;
  stream: Identifier;
  topic: Identifier;
  /** Undefined: partition 0 for a consumer, the member's next partition for a group (classic; under VSR a member names one). */
  partition: number | undefined;
  strategy: PollingStrategy;
  count: number;
  /** Store the offset of the last message that is returned. */
  autoCommit: boolean;
}

export interface PolledMessages {
  /** The partition that was read, or `resyncPartition`. */
  partition: number;
  /** Offset of the partition's last message; 0 when there is none. */
  currentOffset: bigint;
  /** Of the messages in `batch`. */
  count: number;
  /** For `decodeClassicMessages` or `decodeBatches`; not looked at here. Of a decoded reply it is a view. */
  batch: Uint8Array;
}

/** Partition of an empty VSR reply that tells a group's member to ask for its assignment again. */
export const resyncPartition = 0xffff_ffff;

export const pollMessages: Command<PollMessagesRequest, PolledMessages> = {
  name: 'PollMessages',
  code: 100,
  operation: Operation.nonReplicated,

  encodeRequest(writer, request) {
    writeConsumer(writer, request.consumer);
    writeIdentifier(writer, request.stream);
    writeIdentifier(writer, request.topic);
    writeOptionalPartition(writer, request.partition);
    writePollingStrategy(writer, request.strategy);
    writer.u32(request.count).u8(request.autoCommit ? 1 : 0);
  },

  decodeRequest(reader) {
    return {
      consumer: readConsumer(reader),
      stream: readIdentifier(reader),
      topic: readIdentifier(reader),
      partition: readOptionalPartition(reader),
      strategy: readPollingStrategy(reader),
      count: reader.u32(),
      autoCommit: reader.u8() !== 0,
    };
  },

  encodeReply(writer, reply) {
    writer.u32(reply.partition).u64(reply.currentOffset).u32(reply.count).put(reply.batch);
  },

  decodeReply(reader) {
    return { partition: reader.u32(), currentOffset: reader.u64(), count: reader.u32(), batch: reader.take(reader.remaining) };
  },
};
