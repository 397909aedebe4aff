// Partitions and segments.

import {
  type CheckedPartition,
  type CheckPartitionRequest,
  checkPartition as checkPartitionCommand,
} from '../protocol/commands/check-partition.ts';
import { createPartitions } from '../protocol/commands/create-partitions.ts';
import { deletePartitions } from '../protocol/commands/delete-partitions.ts';
import { deleteSegments } from '../protocol/commands/delete-segments.ts';
import * as partitions from '../streaming/partition-commands.ts';
import type { System } from '../streaming/system.ts';
import { handler } from './handler.ts';
import { authorizeTopic } from './topics.ts';

export const partitionHandlers = [
  handler(createPartitions, async (context, request) => {
    partitions.requirePartitionsCount(request.partitionsCount, 1);
    authorizeTopic(context, 'manage-topics', request);
    await partitions.createPartitions(context.system, request.stream, request.topic, request.partitionsCount);
  }),

  handler(deletePartitions, async (context, request) => {
    partitions.requirePartitionsCount(request.partitionsCount, 1);
    authorizeTopic(context, 'manage-topics', request);
    await partitions.deletePartitions(context.system, request.stream, request.topic, request.partitionsCount);
  }),

  handler(deleteSegments, async (context, request) => {
    context.system.topic(request.stream, request.topic).partition(request.partition);
    authorizeTopic(context, 'manage-topics', request);
    await partitions.deleteSegments(context.system, request.stream, request.topic, request.partition, request.segmentsCount);
  }),

  handler(checkPartitionCommand, (context, request) => {
    authorizeTopic(context, 'manage-topics', request);
    return checkPartition(context.system, request);
  }),
];

/** Begins a check, or tells how far it is. Errors: 1009, 2010, 3007. */
export function checkPartition(system: System, request: CheckPartitionRequest): CheckedPartition {
  const topic = system.topic(request.stream, request.topic);
  const partition = topic.partition(request.partition);
  if (request.action !== 'tell') system.checks.begin(topic, partition, request.action);
  const { state, fence } = system.engine.stats(partition.handle);
  const check = system.checks.of(partition);
  return {
    state,
    fenceReason: fence?.reason ?? 'none',
    fenceErrno: fence?.errno ?? 0,
    phase: check?.phase ?? 'none',
    action: check?.action ?? 'tell',
    bytesVerified: BigInt(check?.bytesVerified ?? 0),
    bytesTotal: BigInt(check?.bytesTotal ?? 0),
    reopened: check?.reopened ?? false,
    messagesGivenUp: BigInt(check?.messagesGivenUp ?? 0),
    damagesCount: check?.damagesCount ?? 0,
    damages: (check?.damages ?? []).map((damage) => ({
      ...damage,
      segment: BigInt(damage.segment),
      firstOffset: BigInt(damage.firstOffset),
      endOffset: BigInt(damage.endOffset),
    })),
  };
}
