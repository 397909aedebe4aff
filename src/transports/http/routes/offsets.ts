// Stored offsets of single consumers.

import { deleteConsumerOffset } from '../../../protocol/commands/delete-consumer-offset.ts';
import { getConsumerOffset } from '../../../protocol/commands/get-consumer-offset.ts';
import { storeConsumerOffset } from '../../../protocol/commands/store-consumer-offset.ts';
import { type Consumer, ConsumerKind } from '../../../protocol/primitives/consumer.ts';
import { callerOf, type HttpApp, type HttpServices } from '../application/http-app.ts';
import { done, identifier, operation, pathOf, topicPath } from '../application/operation.ts';
import { runCommand } from '../application/run-command.ts';
import { notFound } from '../request/failure.ts';
import { parseIdentifier } from '../request/identifier.ts';
import { body, integer, record, ref, type Schema, u64 } from '../views/schema.ts';
import { type TopicParams, topicOf } from './topics.ts';

const tag = 'Consumer offsets';
const offsetSchema = record({ partition_id: integer, current_offset: integer, stored_offset: integer }, 'ConsumerOffset');
const partition: Schema = { text: 'u32', default: '0' };

export function offsetRoutes(app: HttpApp, services: HttpServices): void {
  app.addSchema(offsetSchema);

  app.get<TopicParams & { Querystring: { consumer_id: string; partition_id: string } }>(
    '/streams/:stream_id/topics/:topic_id/consumer-offsets',
    {
      schema: operation('getConsumerOffset', tag, 'The stored offset of a consumer', {
        path: topicPath,
        query: { consumer_id: { ...identifier, default: '1' }, partition_id: partition },
        replies: { 200: ref('ConsumerOffset') },
      }),
    },
    async (request) => {
      const place = topicOf(request);
      const { consumer_id: id, partition_id: partitionId } = request.query;
      const consumer = consumerOf(id);
      services.system.topic(place.stream, place.topic);
      const found = await runCommand(services, callerOf(request), getConsumerOffset, {
        ...place,
        consumer,
        partition: Number(partitionId),
      });
      if (found === undefined) throw notFound();
      return { partition_id: found.partition, current_offset: found.currentOffset, stored_offset: found.storedOffset };
    },
  );

  app.put<TopicParams & { Body: { consumer_id?: number | string | null; partition_id?: number | null; offset: number | bigint } }>(
    '/streams/:stream_id/topics/:topic_id/consumer-offsets',
    {
      schema: operation('storeConsumerOffset', tag, 'Stores the offset of a consumer', {
        path: topicPath,
        body: body(
          {
            consumer_id: {
              type: ['integer', 'string', 'null'],
              minimum: 0,
              maximum: 0xffff_ffff,
              default: 1,
              domain: { minLength: 1, maxLength: 255 },
            },
            partition_id: { type: ['integer', 'null'], minimum: 0, maximum: 0xffff_ffff, default: 0 },
            offset: u64,
          },
          ['consumer_id', 'partition_id'],
        ),
        replies: { 204: done },
      }),
    },
    async (request, reply) => {
      const { consumer_id: id, partition_id: partitionId, offset } = request.body;
      await runCommand(services, callerOf(request), storeConsumerOffset, {
        ...topicOf(request),
        consumer: consumerOf(String(id ?? 1)),
        partition: partitionId ?? 0,
        offset: BigInt(offset),
      });
      return reply.code(204).send();
    },
  );

  app.delete<{ Params: TopicParams['Params'] & { consumer_id: string }; Querystring: { partition_id: string } }>(
    '/streams/:stream_id/topics/:topic_id/consumer-offsets/:consumer_id',
    {
      schema: operation('deleteConsumerOffset', tag, 'Removes the stored offset of a consumer', {
        path: pathOf('stream_id', 'topic_id', 'consumer_id'),
        query: { partition_id: partition },
        replies: { 204: done },
      }),
    },
    async (request, reply) => {
      const consumer = consumerOf(request.params.consumer_id);
      const partition = Number(request.query.partition_id);
      await runCommand(services, callerOf(request), deleteConsumerOffset, { ...topicOf(request), consumer, partition });
      return reply.code(204).send();
    },
  );
}

function consumerOf(id: string): Consumer {
  return { kind: ConsumerKind.consumer, id: parseIdentifier(id) };
}
