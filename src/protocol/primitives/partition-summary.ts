// Partition
//   id              u32
//   created at      u64, microseconds since 1970
//   segments        u32, how many
//   current offset  u64, 0 when empty
//   size            u64, bytes of all messages
//   messages        u64, how many

import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';

export interface PartitionSummary {
  id: number;
  /** Microseconds since 1970. */
  createdAt: bigint;
  segmentsCount: number;
  /** Offset of the last message; 0 when there is none. */
  currentOffset: bigint;
  sizeBytes: bigint;
  messagesCount: bigint;
}

export function readPartitionSummary(reader: Reader): PartitionSummary {
  return {
    id: reader.u32(),
    createdAt: reader.u64(),
    segmentsCount: reader.u32(),
    currentOffset: reader.u64(),
    sizeBytes: reader.u64(),
    messagesCount: reader.u64(),
  };
}

export function writePartitionSummary(writer: Writer, partition: PartitionSummary): void {
  writer
    .u32(partition.id)
    .u64(partition.createdAt)
    .u32(partition.segmentsCount)
    .u64(partition.currentOffset)
    .u64(partition.sizeBytes)
    .u64(partition.messagesCount);
}
