// Streams. A missing stream is an empty reply to a read and 1009 to a change, both before the permission is looked at.

import { createStream } from '../protocol/commands/create-stream.ts';
import { deleteStream } from '../protocol/commands/delete-stream.ts';
import { getStream } from '../protocol/commands/get-stream.ts';
import { getStreams } from '../protocol/commands/get-streams.ts';
import { purgeStream } from '../protocol/commands/purge-stream.ts';
import { updateStream } from '../protocol/commands/update-stream.ts';
import { noOptions } from '../protocol/primitives/options.ts';
import type { StreamSummary } from '../protocol/primitives/stream-summary.ts';
import type { Engine } from '../storage/engine.ts';
import type { Stream } from '../streaming/stream.ts';
import * as streams from '../streaming/stream-commands.ts';
import { handler } from './handler.ts';
import { topicHeader } from './topic-view.ts';

export const streamHandlers = [
  handler(getStream, ({ system, client }, request) => {
    const stream = system.streams.get(request.stream);
    if (stream === undefined) return undefined;
    system.users.authorize(client.userId, 'read-streams', stream.id);
    const topics = stream.topics.list().map((topic) => topicHeader(topic, system.engine));
    return { ...streamSummary(stream, system.engine), topics };
  }),

  handler(getStreams, ({ system, client }) => {
    system.users.authorize(client.userId, 'read-streams');
    return system.streams.list().map((stream) => streamSummary(stream, system.engine));
  }),

  handler(createStream, async ({ system, client }, request) => {
    system.users.authorize(client.userId, 'manage-streams');
    return streamSummary(await streams.createStream(system, request.name, request.options), system.engine);
  }),

  handler(updateStream, async ({ system, client }, request) => {
    system.users.authorize(client.userId, 'manage-streams', system.stream(request.stream).id);
    await streams.renameStream(system, request.stream, request.name, request.options);
  }),

  handler(deleteStream, async ({ system, client }, request) => {
    system.users.authorize(client.userId, 'manage-streams', system.stream(request.stream).id);
    await streams.deleteStream(system, request.stream);
  }),

  handler(purgeStream, async ({ system, client }, request) => {
    system.users.authorize(client.userId, 'manage-streams', system.stream(request.stream).id);
    await streams.purgeStream(system, request.stream);
  }),
];

function streamSummary(stream: Stream, engine: Engine): StreamSummary {
  const totals = stream.totals(engine);
  return {
    id: stream.id,
    createdAt: stream.createdAt,
    topicsCount: stream.topics.size,
    sizeBytes: totals.sizeBytes,
    messagesCount: totals.messages,
    name: stream.name,
    options: noOptions,
  };
}
