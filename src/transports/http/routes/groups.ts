// Consumer groups. Joining and polling as a member need a connection.

import { createConsumerGroup } from '../../../protocol/commands/create-consumer-group.ts';
import { deleteConsumerGroup } from '../../../protocol/commands/delete-consumer-group.ts';
import { getConsumerGroup } from '../../../protocol/commands/get-consumer-group.ts';
import { getConsumerGroups } from '../../../protocol/commands/get-consumer-groups.ts';
import type { ConsumerGroupSummary } from '../../../protocol/primitives/consumer-group-summary.ts';
import { ProtocolError } from '../../../protocol/protocol-error.ts';
import { callerOf, type HttpApp, type HttpServices } from '../application/http-app.ts';
import { done, operation, pathOf, topicPath } from '../application/operation.ts';
import { runCommand } from '../application/run-command.ts';
import { parseIdentifier } from '../request/identifier.ts';
import { requireName } from '../request/name.ts';
import { groupDetailsSchema, groupDetailsView, groupSchema, groupView } from '../views/group-view.ts';
import { body, listOf, name, ref } from '../views/schema.ts';
import { type TopicParams, topicOf } from './topics.ts';

interface GroupParams {
  Params: TopicParams['Params'] & { group_id: string };
}

const tag = 'Consumer groups';
const path = pathOf('stream_id', 'topic_id', 'group_id');

export function groupRoutes(app: HttpApp, services: HttpServices): void {
  app.addSchema(groupSchema);
  app.addSchema(groupDetailsSchema);

  app.get<TopicParams>(
    '/streams/:stream_id/topics/:topic_id/consumer-groups',
    {
      schema: operation('getConsumerGroups', tag, 'The groups of a topic', {
        path: topicPath,
        replies: { 200: listOf(ref('ConsumerGroup')) },
      }),
    },
    async (request) => ((await runCommand(services, callerOf(request), getConsumerGroups, topicOf(request), 'vsr')) ?? []).map(groupView),
  );

  app.post<TopicParams & { Body: { name: string } }>(
    '/streams/:stream_id/topics/:topic_id/consumer-groups',
    {
      schema: operation('createConsumerGroup', tag, 'Creates a group', {
        path: topicPath,
        body: body({ name }),
        replies: { 201: ref('ConsumerGroupDetails') },
      }),
    },
    async (request, reply) => {
      const { name } = request.body;
      const place = topicOf(request);
      requireName(name, 'invalid-consumer-group-name');
      const group = (await runCommand(services, callerOf(request), createConsumerGroup, { ...place, name })) as ConsumerGroupSummary;
      return reply.code(201).send(groupDetailsView({ ...group, members: [] }));
    },
  );

  app.get<GroupParams>(
    '/streams/:stream_id/topics/:topic_id/consumer-groups/:group_id',
    { schema: operation('getConsumerGroup', tag, 'One group with its members', { path, replies: { 200: ref('ConsumerGroupDetails') } }) },
    async (request) => {
      const group = parseIdentifier(request.params.group_id);
      const found = await runCommand(services, callerOf(request), getConsumerGroup, { ...topicOf(request), group }, 'vsr');
      if (found === undefined) throw new ProtocolError('consumer-group-id-not-found', `group ${group}`);
      return groupDetailsView(found);
    },
  );

  app.delete<GroupParams>(
    '/streams/:stream_id/topics/:topic_id/consumer-groups/:group_id',
    { schema: operation('deleteConsumerGroup', tag, 'Deletes a group with its offsets', { path, replies: { 204: done } }) },
    async (request, reply) => {
      const group = parseIdentifier(request.params.group_id);
      await runCommand(services, callerOf(request), deleteConsumerGroup, { ...topicOf(request), group });
      return reply.code(204).send();
    },
  );
}
