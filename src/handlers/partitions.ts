// Partitions and segments.

import { createPartitions } from '../protocol/commands/create-partitions.ts';
import { deletePartitions } from '../protocol/commands/delete-partitions.ts';
import { deleteSegments } from '../protocol/commands/delete-segments.ts';
import * as partitions from '../streaming/partition-commands.ts';
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
];
