// SyncConsumerGroup (code 606, VSR only)
//   stream        identifier
//   topic         identifier
//   group         identifier
// → generation u64 · partition ids; empty when the caller is not a member

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';
import { readPartitionIds, writePartitionIds } from '../primitives/partition-ids.ts';

export interface SyncConsumerGroupRequest {
  stream: Identifier;
  topic: Identifier;
  group: Identifier;
}

/** What the calling member may read. */
export interface ConsumerGroupAssignment {
  /** Grows with every change of the group's assignment. */
  generation: bigint;
  partitions: number[];
}

export const syncConsumerGroup: Command<SyncConsumerGroupRequest, ConsumerGroupAssignment | undefined> = {
  name: 'SyncConsumerGroup',
  code: 606,
  operation: Operation.nonReplicated,

  encodeRequest(writer, request) {
    writeIdentifier(writer, request.stream);
    writeIdentifier(writer, request.topic);
    writeIdentifier(writer, request.group);
  },

  decodeRequest(reader) {
    return { stream: readIdentifier(reader), topic: readIdentifier(reader), group: readIdentifier(reader) };
  },

  encodeReply(writer, assignment) {
    if (assignment === undefined) return;
    writer.u64(assignment.generation);
    writePartitionIds(writer, assignment.partitions);
  },

  decodeReply(reader) {
    if (reader.remaining === 0) return undefined;
    return { generation: reader.u64(), partitions: readPartitionIds(reader) };
  },
};
