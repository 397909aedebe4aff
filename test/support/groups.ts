// Members of consumer groups, for tests: what a client of each generation does to read as one.

import { createConsumerGroup } from '../../src/protocol/commands/create-consumer-group.ts';
import { getConsumerGroup } from '../../src/protocol/commands/get-consumer-group.ts';
import { joinConsumerGroup } from '../../src/protocol/commands/join-consumer-group.ts';
import { storeConsumerOffset } from '../../src/protocol/commands/store-consumer-offset.ts';
import { syncConsumerGroup } from '../../src/protocol/commands/sync-consumer-group.ts';
import { ConsumerKind } from '../../src/protocol/primitives/consumer.ts';
import { PollingKind } from '../../src/protocol/primitives/polling-strategy.ts';
import { createTestTopic, type Polled, poll, send, type TopicName, testMessages } from './messages.ts';
import type { RawClient } from './raw-client.ts';

export interface GroupName extends TopicName {
  group: string;
}

export const groupConsumer = { kind: ConsumerKind.group, id: 'group' } as const;

/** A topic with a group in it. */
export async function createTestGroup(client: RawClient, partitions: number): Promise<GroupName> {
  const topic = await createTestTopic(client, partitions);
  await client.call(createConsumerGroup, { ...topic, name: 'group' });
  return { ...topic, group: 'group' };
}

export function join(client: RawClient, name: GroupName): Promise<void> {
  return client.call(joinConsumerGroup, name) as Promise<void>;
}

/** Partitions of each member, in the order of member ids. */
export async function assignments(client: RawClient, name: GroupName): Promise<number[][]> {
  const group = await client.call(getConsumerGroup, name);
  return (group?.members ?? []).map(({ partitions }) => partitions);
}

/** Sends `count` messages to each partition. */
export async function fill(client: RawClient, name: TopicName, partitions: number, count: number): Promise<void> {
  for (let partition = 0; partition < partitions; partition++) {
    await send(client, name, testMessages(0, count), { kind: 'partition', partition });
  }
}

export interface GroupPoll {
  count?: number;
  autoCommit?: boolean;
  /** Undefined: a classic member leaves the choice to the server, a VSR member polls each of its partitions in turn. */
  partition?: number;
}

/** What the member is given next. A VSR member synchronises and polls its partitions in turn until one has messages. */
export async function pollAsMember(client: RawClient, name: GroupName, options: GroupPoll = {}): Promise<Polled> {
  const once = (partition: number | undefined) =>
    poll(client, name, {
      consumer: groupConsumer,
      partition,
      strategy: { kind: PollingKind.next, value: 0n },
      count: options.count ?? 100,
      autoCommit: options.autoCommit ?? false,
    });
  if (client.generation === 'classic' || options.partition !== undefined) return once(options.partition);
  let polled: Polled = { partition: 0, currentOffset: 0n, messages: [] };
  for (const partition of (await client.call(syncConsumerGroup, name))?.partitions ?? []) {
    polled = await once(partition);
    if (polled.messages.length > 0) break;
  }
  return polled;
}

export function commit(client: RawClient, name: GroupName, partition: number, offset: bigint): Promise<void> {
  return client.call(storeConsumerOffset, { ...name, consumer: groupConsumer, partition, offset }) as Promise<void>;
}
