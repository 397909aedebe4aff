// Load over TCP, WebSocket and QUIC, through the client of this package: its connections and framing, with request bodies of our own.

import { connect } from '../../client/connect.ts';
import { loadHashes } from '../../client/message/hash.ts';
import { createIdSource } from '../../client/message/message.ts';
import { pollMessages } from '../../protocol/commands/poll-messages.ts';
import { sendMessages } from '../../protocol/commands/send-messages.ts';
import { ConsumerKind } from '../../protocol/primitives/consumer.ts';
import { PollingKind } from '../../protocol/primitives/polling-strategy.ts';
import { Writer } from '../../protocol/writer.ts';
import type { LoadClient, Place } from './load-client.ts';
import { randomPayload } from './payloads.ts';
import { readPolled } from './polled.ts';
import { prepareBatch } from './prepared-batch.ts';

/** Rejects with an error of the client. A connection that is lost is not opened again: its figures would be none. */
export async function binaryLoadClient(
  target: string,
  wanted: 'auto' | 'vsr' | 'classic',
  { stream, topic, partition, group }: Place,
): Promise<LoadClient> {
  const client = await connect(target, { generation: wanted, reconnect: false });
  const { xxh3 } = await loadHashes();
  const { generation } = client;
  const nextId = createIdSource();
  const sendTarget = {
    stream,
    topic,
    partitioning: partition === undefined ? ({ kind: 'balanced' } as const) : ({ kind: 'partition', partition } as const),
  };
  const consumer = group === undefined ? { kind: ConsumerKind.consumer, id: 1 } : { kind: ConsumerKind.group, id: group };
  const writer = new Writer();
  let joined = false;

  return {
    prepare: (sizes) => prepareBatch(sendTarget, sizes.map(randomPayload), generation, nextId, xxh3),
    async send({ body }) {
      await client.system.raw(sendMessages.code, body);
    },
    async poll({ offset, partition, count }) {
      const next = offset === undefined;
      const strategy = next ? { kind: PollingKind.next, value: 0n } : { kind: PollingKind.offset, value: BigInt(offset) };
      pollMessages.encodeRequest(writer.reset(), { stream, topic, consumer, partition, strategy, count, autoCommit: next }, generation);
      const reply = await client.system.raw(pollMessages.code, writer.written);
      const polled = readPolled(reply, generation);
      client.system.recycle(reply);
      return polled;
    },
    async memberPartitions() {
      const address = { stream, topic, group: group as string };
      if (!joined) await client.groups.join(address);
      joined = true;
      if (generation === 'classic') return [undefined];
      return (await client.groups.sync(address))?.partitions ?? [];
    },
    close: () => client.close(),
  };
}
