// Consumer groups and membership.

import { createConsumerGroup } from '../protocol/commands/create-consumer-group.ts';
import { deleteConsumerGroup } from '../protocol/commands/delete-consumer-group.ts';
import { getConsumerGroup } from '../protocol/commands/get-consumer-group.ts';
import { getConsumerGroups } from '../protocol/commands/get-consumer-groups.ts';
import { joinConsumerGroup } from '../protocol/commands/join-consumer-group.ts';
import { leaveConsumerGroup } from '../protocol/commands/leave-consumer-group.ts';
import { syncConsumerGroup } from '../protocol/commands/sync-consumer-group.ts';
import type { ConsumerGroupSummary } from '../protocol/primitives/consumer-group-summary.ts';
import type { Identifier } from '../protocol/primitives/identifier.ts';
import type { ConsumerGroup } from '../streaming/consumer-group.ts';
import * as groups from '../streaming/group-commands.ts';
import type { Topic } from '../streaming/topic.ts';
import { handler, type RequestContext } from './handler.ts';
import { authorizeTopic } from './topics.ts';

export const consumerGroupHandlers = [
  handler(getConsumerGroup, (context, request) => {
    const topic = readableTopic(context, request);
    const group = topic?.groups.get(request.group);
    if (group === undefined) return undefined;
    const members = group.members().map(({ id, partitions }) => ({ id, partitions: [...partitions] }));
    return { ...groupSummary(group), members };
  }),

  handler(getConsumerGroups, (context, request) => readableTopic(context, request)?.groups.list().map(groupSummary)),

  handler(createConsumerGroup, async (context, request) => {
    authorizeTopic(context, 'read-topics', request);
    return groupSummary(await groups.createConsumerGroup(context.system, request.stream, request.topic, request.name));
  }),

  handler(deleteConsumerGroup, async (context, request) => {
    context.system.topic(request.stream, request.topic).group(request.group);
    authorizeTopic(context, 'read-topics', request);
    await groups.deleteConsumerGroup(context.system, request.stream, request.topic, request.group);
  }),

  handler(joinConsumerGroup, (context, request) => {
    context.system.topic(request.stream, request.topic).group(request.group);
    authorizeTopic(context, 'read-topics', request);
    groups.joinConsumerGroup(context.system, context.client, request.stream, request.topic, request.group);
  }),

  handler(leaveConsumerGroup, (context, request) => {
    context.system.topic(request.stream, request.topic).group(request.group);
    authorizeTopic(context, 'read-topics', request);
    groups.leaveConsumerGroup(context.system, context.client, request.stream, request.topic, request.group);
  }),

  handler(syncConsumerGroup, ({ system, client }, request) => {
    const topic = system.streams.get(request.stream)?.topics.get(request.topic);
    const assignment = topic?.groups.get(request.group)?.assignment(client.id);
    return assignment && { generation: assignment.generation, partitions: [...assignment.partitions] };
  }),
];

/** Classic reads find nothing where VSR ones are told what is missing. Throws 41. */
function readableTopic(context: RequestContext, request: { stream: Identifier; topic: Identifier }): Topic | undefined {
  const { system, client, generation } = context;
  const topic =
    generation === 'vsr' ? system.topic(request.stream, request.topic) : system.streams.get(request.stream)?.topics.get(request.topic);
  if (topic !== undefined) system.users.authorize(client.userId, 'read-topics', topic.streamId, topic.id);
  return topic;
}

function groupSummary(group: ConsumerGroup): ConsumerGroupSummary {
  return { id: group.id, partitionsCount: group.partitionsCount, membersCount: group.membersCount, name: group.name };
}
