// A topic: its settings, partitions and consumer groups, in memory.

import type { Identifier } from '../protocol/primitives/identifier.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { Engine } from '../storage/engine.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import { Directory } from './directory.ts';
import { MessageTraffic } from './message-traffic.ts';
import type { Partition } from './partition.ts';
import type { TopicConfig, TopicDefaults } from './topic-settings.ts';

/** Messages, bytes and segments, summed up. Sizes are logical: 64 + payload + user headers a message. */
export interface Totals {
  messages: bigint;
  sizeBytes: bigint;
  segments: number;
}

export class Topic {
  readonly streamId: number;
  readonly id: number;
  /** Microseconds since 1970. */
  readonly createdAt: bigint;
  /** Server defaults of the time of creation. */
  readonly defaults: TopicDefaults;
  readonly groups = new Directory<ConsumerGroup>();
  readonly traffic = new MessageTraffic();
  name: string;
  config: TopicConfig;
  nextGroupId: number;
  /** The partition with id i stands at index i. */
  partitions: readonly Partition[] = [];
  #nextBalanced = 0;

  constructor(
    streamId: number,
    id: number,
    fields: { name: string; createdAt: bigint; config: TopicConfig; defaults: TopicDefaults; nextGroupId: number },
  ) {
    this.streamId = streamId;
    this.id = id;
    this.name = fields.name;
    this.createdAt = fields.createdAt;
    this.config = fields.config;
    this.defaults = fields.defaults;
    this.nextGroupId = fields.nextGroupId;
  }

  /** Throws 3007. */
  partition(id: number): Partition {
    const partition = this.partitions[id];
    if (partition === undefined) throw new ProtocolError('partition-not-found', `partition ${id}`);
    return partition;
  }

  /** The partition of the next balanced batch, one after the other. Throws 2010 if the topic has none. */
  nextBalancedPartition(): Partition {
    if (this.#nextBalanced >= this.partitions.length) this.#nextBalanced = 0;
    const partition = this.partitions[this.#nextBalanced++];
    if (partition === undefined) throw noPartitions();
    return partition;
  }

  /** The partition of a key: its XXH32 modulo their number. Throws 2010 if the topic has none. */
  partitionOfHash(hash: number): Partition {
    const partition = this.partitions[hash % this.partitions.length];
    if (partition === undefined) throw noPartitions();
    return partition;
  }

  /** Throws 5000. */
  group(identifier: Identifier): ConsumerGroup {
    const group = this.groups.get(identifier);
    if (group === undefined) throw new ProtocolError('consumer-group-id-not-found', `group ${identifier}`);
    return group;
  }

  totals(engine: Engine): Totals {
    const totals: Totals = { messages: 0n, sizeBytes: 0n, segments: 0 };
    for (const { handle } of this.partitions) {
      const stats = engine.stats(handle);
      totals.messages += BigInt(stats.messages);
      totals.sizeBytes += BigInt(stats.logicalBytes);
      totals.segments += stats.segments;
    }
    return totals;
  }
}

function noPartitions(): ProtocolError {
  return new ProtocolError('topic-id-not-found', 'the topic has no partitions');
}
