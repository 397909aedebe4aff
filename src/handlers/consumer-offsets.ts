// Stored offsets of consumers and groups. A group's offsets are written by the member that owns the partition, and read by anybody who may poll.

import { deleteConsumerOffset } from '../protocol/commands/delete-consumer-offset.ts';
import { getConsumerOffset } from '../protocol/commands/get-consumer-offset.ts';
import { storeConsumerOffset } from '../protocol/commands/store-consumer-offset.ts';
import { type Consumer, ConsumerKind } from '../protocol/primitives/consumer.ts';
import type { Identifier } from '../protocol/primitives/identifier.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { ConsumerGroup } from '../streaming/consumer-group.ts';
import type { MessagePartition, MessageTopic } from '../streaming/message-topic.ts';
import { currentOffset, engineCall } from '../streaming/partition.ts';
import { consumerId } from './consumer-id.ts';
import { handler, type MessageContext } from './handler.ts';
import { authorizeTopic } from './topics.ts';

interface OffsetRequest {
  consumer: Consumer;
  stream: Identifier;
  topic: Identifier;
  partition: number | undefined;
}

export const consumerOffsetHandlers = [
  handler(getConsumerOffset, ({ system, client, generation }: MessageContext, request) => {
    const topic = system.streams.get(request.stream)?.topics.get(request.topic);
    if (topic === undefined) return undefined;
    system.users.authorize(client.userId, 'poll-messages', topic.streamId, topic.id);
    const isGroup = request.consumer.kind === ConsumerKind.group;
    const id = isGroup ? topic.groups.get(request.consumer.id)?.id : consumerId(system.engine, request.consumer.id);
    const partition = generation === 'vsr' ? topic.partition(request.partition ?? 0) : topic.partitions[request.partition ?? 0];
    if (id === undefined || partition === undefined) return undefined;
    const storedOffset = system.engine.loadOffset(partition.handle, request.consumer.kind, id);
    if (storedOffset === undefined) return undefined;
    return { partition: partition.id, currentOffset: currentOffset(system.engine.stats(partition.handle)), storedOffset };
  }),

  handler(storeConsumerOffset, async (context: MessageContext, request) => {
    const { system } = context;
    const { partition, id, group } = resolveWriter(context, request);
    await engineCall((done) => system.engine.storeOffset(partition.handle, request.consumer.kind, id, request.offset, done));
    group?.committed(partition.id, Number(request.offset));
  }),

  handler(deleteConsumerOffset, async (context: MessageContext, request) => {
    const { system } = context;
    const { partition, id, group } = resolveWriter(context, request);
    await engineCall((done) => system.engine.deleteOffset(partition.handle, request.consumer.kind, id, done));
    group?.uncommitted(partition.id);
  }),
];

/** The partition and the key that a write concerns. Errors: 1009, 2010, 41, 5000 or 5003, 5006, 3022 or 5009 not the member's partition, 3007. */
function resolveWriter(
  context: MessageContext,
  request: OffsetRequest,
): { partition: MessagePartition; id: number; group: ConsumerGroup | undefined } {
  const { system, client } = context;
  const topic = system.topic(request.stream, request.topic);
  authorizeTopic(context, 'poll-messages', request);
  if (request.consumer.kind === ConsumerKind.consumer) {
    const id = consumerId(system.engine, request.consumer.id);
    return { partition: topic.partition(request.partition ?? 0), id, group: undefined };
  }
  const group = memberGroup(topic, context, request);
  const partitionId = request.partition ?? group.currentPartition(client.id);
  if (partitionId === undefined || !group.mayCommit(client.id, partitionId)) {
    // 5009 makes a 0.9 client synchronise; 0.8 does not know it.
    const code = context.generation === 'vsr' ? 'consumer-group-partition-not-owned' : 'not-resolved-consumer';
    throw new ProtocolError(code, 'the partition is not assigned to this member');
  }
  return { partition: topic.partition(partitionId), id: group.id, group };
}

function memberGroup(topic: MessageTopic, { client, generation }: MessageContext, { consumer }: OffsetRequest): ConsumerGroup {
  const group = topic.groups.get(consumer.id);
  if (group === undefined) {
    const byName = generation === 'vsr' && typeof consumer.id === 'string';
    throw new ProtocolError(byName ? 'consumer-group-name-not-found' : 'consumer-group-id-not-found', `group ${consumer.id}`);
  }
  if (!group.isMember(client.id)) throw new ProtocolError('consumer-group-member-not-found');
  return group;
}
