// Load over the HTTP API. It knows no members of groups. A send cannot say when its messages were made: the server sets the time at which they arrived.

import type { HttpTarget } from '../plan/target.ts';
import { openHttp } from './http-connection.ts';
import type { LoadClient, Place } from './load-client.ts';
import { randomPayload } from './payloads.ts';

interface PolledJson {
  messages: { header: { offset: number; timestamp: number; origin_timestamp: number; payload_length: number } }[];
}

export async function httpLoadClient(target: HttpTarget, { stream, topic, partition }: Place): Promise<LoadClient> {
  const connection = await openHttp(target);
  const path = `/streams/${encodeURIComponent(stream)}/topics/${encodeURIComponent(topic)}/messages`;
  const partitioning =
    partition === undefined ? { kind: 'balanced', value: '' } : { kind: 'partition_id', value: partitionValue(partition) };

  return {
    prepare(sizes) {
      const messages = sizes.map((size) => ({ payload: randomPayload(size).toString('base64') }));
      return {
        messages: sizes.length,
        payloadBytes: sizes.reduce((sum, size) => sum + size, 0),
        body: Buffer.from(JSON.stringify({ partitioning, messages })),
        stamp: () => undefined,
      };
    },
    async send({ body }) {
      await connection.call('POST', path, body);
    },
    async poll({ offset, partition, count }) {
      const query = `consumer_id=1&partition_id=${partition ?? 0}&kind=offset&value=${offset ?? 0}&count=${count}&auto_commit=false`;
      const { messages } = (await connection.json('GET', `${path}?${query}`)) as PolledJson;
      const first = messages[0]?.header;
      return {
        messages: messages.length,
        payloadBytes: messages.reduce((sum, { header }) => sum + header.payload_length, 0),
        offset: first?.offset ?? 0,
        originMicros: first?.origin_timestamp || (first?.timestamp ?? 0),
        resync: false,
      };
    },
    memberPartitions: () => Promise.reject(new Error('HTTP knows no members of groups')),
    close: async () => connection.close(),
  };
}

/** Base64 of a u32. */
function partitionValue(partition: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(partition);
  return bytes.toString('base64');
}
