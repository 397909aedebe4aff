// Tails of partitions: replies without an end, as server-sent events or as lines of JSON.

import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { callerOf, type HttpApp, type HttpServices } from '../application/http-app.ts';
import { operation, pathOf } from '../application/operation.ts';
import { eventStream, jsonLines, tail } from '../messages/tail.ts';
import { HttpFailure, retryAfter } from '../request/failure.ts';
import { type Schema, text } from '../views/schema.ts';
import { type TopicParams, topicOf } from './topics.ts';

interface TailRoute {
  Params: TopicParams['Params'] & { partition_id: string };
  Querystring: { from: string };
}

const lines = 'application/x-ndjson';
const events = 'text/event-stream';
const from: Schema = { type: 'string', pattern: '^(end|first|[0-9]{1,19})$', default: 'end' };

export function tailRoutes(app: HttpApp, services: HttpServices): void {
  const open = new Set<Readable>();
  // They would keep the server from stopping.
  app.addHook('preClose', (done) => {
    for (const stream of open) stream.destroy();
    done();
  });

  app.get<TailRoute>(
    '/streams/:stream_id/topics/:topic_id/partitions/:partition_id/tail',
    {
      exposeHeadRoute: false,
      schema: operation('tailPartition', 'Messages', 'The messages of a partition as they come, without an end', {
        path: pathOf('stream_id', 'topic_id', 'partition_id'),
        query: { from },
        replies: {
          200: { description: 'Messages as they come', content: { [events]: { schema: text }, [lines]: { schema: text } } },
        },
        description: `From the end, the first message or an offset; a \`Last-Event-ID\` header goes on after that offset. Server-sent events, or one message a line with \`Accept: ${lines}\`.`,
      }),
    },
    async (request, reply) => {
      if (open.size >= services.tailsMax) {
        throw new HttpFailure(503, 'too_many_tails', `${services.tailsMax} tails are open`, retryAfter(5));
      }
      const client = callerOf(request);
      const place = { ...topicOf(request), partition: Number(request.params.partition_id) };
      const { system } = services;
      const topic = system.topic(place.stream, place.topic);
      system.users.authorize(client.userId, 'poll-messages', topic.streamId, topic.id);
      const { nextOffset } = system.engine.stats(topic.partition(place.partition).handle);
      const asLines = request.headers.accept?.includes(lines) === true;
      let isRead = true;
      reply.raw.once('close', () => {
        isRead = false;
        system.pollWaits.loginEnded(client);
      });
      const loginHolds = createLoginCheck(services, request);
      // A generator that waits for messages would learn only with the next one that its stream is gone.
      const holds = () => isRead && loginHolds();
      const stream = Readable.from(tail(services, client, place, startOf(request, nextOffset), asLines ? jsonLines : eventStream, holds), {
        objectMode: false,
      });
      open.add(stream);
      stream.once('close', () => open.delete(stream));
      // The reply has begun, so that its end is all that can still be told.
      stream.on('error', (error) => services.log.debug({ err: error }, 'a tail ended'));
      return reply
        .type(asLines ? lines : `${events}; charset=utf-8`)
        .header('x-accel-buffering', 'no')
        .send(stream);
    },
  );
}

function startOf(request: FastifyRequest<TailRoute>, nextOffset: number): bigint {
  const last = request.headers['last-event-id'];
  if (typeof last === 'string' && /^\d{1,19}$/.test(last)) return BigInt(last) + 1n;
  const { from } = request.query;
  if (from === 'first') return 0n;
  return from === 'end' ? BigInt(nextOffset) : BigInt(from);
}

function createLoginCheck({ accessTokens, system, stopping }: HttpServices, request: FastifyRequest): () => boolean {
  const { accessToken } = request;
  const user = system.users.get(callerOf(request).userId as number);
  return () => {
    if (stopping()) return false;
    if (accessToken !== null) return accessTokens.holds(accessToken);
    return user?.active === true && system.users.get(user.id) === user;
  };
}
