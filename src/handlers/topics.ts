// Topics. As with streams, what is missing is said before what is not allowed.

import { createTopic } from '../protocol/commands/create-topic.ts';
import { deleteTopic } from '../protocol/commands/delete-topic.ts';
import { getTopic } from '../protocol/commands/get-topic.ts';
import { getTopics } from '../protocol/commands/get-topics.ts';
import { purgeTopic } from '../protocol/commands/purge-topic.ts';
import { updateTopic } from '../protocol/commands/update-topic.ts';
import type { Identifier } from '../protocol/primitives/identifier.ts';
import type { Action } from '../streaming/permissions.ts';
import * as topics from '../streaming/topic-commands.ts';
import { handler, type MessageContext } from './handler.ts';
import { topicDetails, topicHeader } from './topic-view.ts';

export const topicHandlers = [
  handler(getTopic, ({ system, client }, request) => {
    const topic = system.streams.get(request.stream)?.topics.get(request.topic);
    if (topic === undefined) return undefined;
    system.users.authorize(client.userId, 'read-topics', topic.streamId, topic.id);
    return topicDetails(topic, system.engine);
  }),

  handler(getTopics, ({ system, client, generation }, request) => {
    const stream = system.streams.get(request.stream);
    // A VSR list begins with its count, so that even none needs a body.
    if (stream === undefined) return generation === 'vsr' ? [] : undefined;
    system.users.authorize(client.userId, 'read-topics', stream.id);
    return stream.topics.list().map((topic) => topicHeader(topic, system.engine));
  }),

  handler(createTopic, async ({ system, client }, request) => {
    system.users.authorize(client.userId, 'manage-topics', system.stream(request.stream).id);
    return topicDetails(await topics.createTopic(system, request.stream, request.name, request.partitionsCount, request), system.engine);
  }),

  handler(updateTopic, async (context, request) => {
    authorizeTopic(context, 'manage-topics', request);
    await topics.updateTopic(context.system, request.stream, request.topic, request.name, request);
  }),

  handler(deleteTopic, async (context, request) => {
    authorizeTopic(context, 'manage-topics', request);
    await topics.deleteTopic(context.system, request.stream, request.topic);
  }),

  handler(purgeTopic, async (context, request) => {
    authorizeTopic(context, 'manage-topics', request);
    await topics.purgeTopic(context.system, request.stream, request.topic);
  }),
];

/** Throws 1009 or 2010 for what does not exist, then 41. */
export function authorizeTopic(context: MessageContext, action: Action, request: { stream: Identifier; topic: Identifier }): void {
  const topic = context.system.topic(request.stream, request.topic);
  context.system.users.authorize(context.client.userId, action, topic.streamId, topic.id);
}
