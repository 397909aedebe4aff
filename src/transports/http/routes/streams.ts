// Streams.

import { createStream } from '../../../protocol/commands/create-stream.ts';
import { deleteStream } from '../../../protocol/commands/delete-stream.ts';
import { getStream } from '../../../protocol/commands/get-stream.ts';
import { getStreams } from '../../../protocol/commands/get-streams.ts';
import { purgeStream } from '../../../protocol/commands/purge-stream.ts';
import { updateStream } from '../../../protocol/commands/update-stream.ts';
import type { StreamSummary } from '../../../protocol/primitives/stream-summary.ts';
import { callerOf, type HttpApp, type HttpServices } from '../application/http-app.ts';
import { done, operation, streamPath as path } from '../application/operation.ts';
import { runCommand } from '../application/run-command.ts';
import { notFound } from '../request/failure.ts';
import { parseIdentifier } from '../request/identifier.ts';
import { requireName } from '../request/name.ts';
import { givenOptions, noOptionsSchema } from '../views/options-view.ts';
import { body, listOf, name, ref } from '../views/schema.ts';
import { streamDetailsSchema, streamDetailsView, streamSchema, streamView } from '../views/stream-view.ts';

interface StreamParams {
  Params: { stream_id: string };
}

interface StreamBody {
  Body: { name: string; options?: Record<string, string> | null };
}

const tag = 'Streams';
const streamBody = body({ name, options: noOptionsSchema }, ['options']);

export function streamRoutes(app: HttpApp, services: HttpServices): void {
  app.addSchema(streamSchema);
  app.addSchema(streamDetailsSchema);

  app.get(
    '/streams',
    { schema: operation('getStreams', tag, 'All streams', { replies: { 200: listOf(ref('Stream')) } }) },
    async (request) => ((await runCommand(services, callerOf(request), getStreams, undefined)) ?? []).map(streamView),
  );

  app.post<StreamBody>(
    '/streams',
    { schema: operation('createStream', tag, 'Creates a stream', { body: streamBody, replies: { 200: ref('StreamDetails') } }) },
    async (request) => {
      const { name, options } = request.body;
      requireName(name, 'invalid-stream-name');
      const stream = await runCommand(services, callerOf(request), createStream, { name, options: givenOptions(options) });
      return streamDetailsView({ ...(stream as StreamSummary), topics: [] });
    },
  );

  app.get<StreamParams>(
    '/streams/:stream_id',
    { schema: operation('getStream', tag, 'One stream with its topics', { path, replies: { 200: ref('StreamDetails') } }) },
    async (request) => {
      const stream = await runCommand(services, callerOf(request), getStream, { stream: parseIdentifier(request.params.stream_id) });
      if (stream === undefined) throw notFound();
      return streamDetailsView(stream);
    },
  );

  app.put<StreamParams & StreamBody>(
    '/streams/:stream_id',
    { schema: operation('updateStream', tag, 'Renames a stream', { path, body: streamBody, replies: { 204: done } }) },
    async (request, reply) => {
      const stream = parseIdentifier(request.params.stream_id);
      const { name, options } = request.body;
      requireName(name, 'invalid-stream-name');
      await runCommand(services, callerOf(request), updateStream, { stream, name, options: givenOptions(options) });
      return reply.code(204).send();
    },
  );

  app.delete<StreamParams>(
    '/streams/:stream_id',
    { schema: operation('deleteStream', tag, 'Deletes a stream with all that is in it', { path, replies: { 204: done } }) },
    async (request, reply) => {
      await runCommand(services, callerOf(request), deleteStream, { stream: parseIdentifier(request.params.stream_id) });
      return reply.code(204).send();
    },
  );

  app.delete<StreamParams>(
    '/streams/:stream_id/purge',
    {
      schema: operation('purgeStream', tag, 'Removes all messages and stored offsets of a stream', { path, replies: { 204: done } }),
    },
    async (request, reply) => {
      await runCommand(services, callerOf(request), purgeStream, { stream: parseIdentifier(request.params.stream_id) });
      return reply.code(204).send();
    },
  );
}
