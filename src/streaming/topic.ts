// A topic: its settings, partitions and consumer groups, in memory.

import type { Engine } from '../storage/engine.ts';
import { MessageTopic } from './message-topic.ts';
import type { Partition } from './partition.ts';
import type { TopicConfig, TopicDefaults } from './topic-settings.ts';

/** Messages, bytes and segments, summed up. Sizes are logical: 64 + payload + user headers a message. */
export interface Totals {
  messages: bigint;
  sizeBytes: bigint;
  segments: number;
}

export class Topic extends MessageTopic<Partition> {
  /** Server defaults of the time of creation. */
  readonly defaults: TopicDefaults;
  config: TopicConfig;
  nextGroupId: number;

  constructor(
    streamId: number,
    id: number,
    fields: { name: string; createdAt: bigint; config: TopicConfig; defaults: TopicDefaults; nextGroupId: number },
  ) {
    super(streamId, id, fields.name, fields.createdAt);
    this.config = fields.config;
    this.defaults = fields.defaults;
    this.nextGroupId = fields.nextGroupId;
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
