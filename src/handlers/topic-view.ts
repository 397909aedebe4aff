// A topic as replies show it.

import type { PartitionSummary } from '../protocol/primitives/partition-summary.ts';
import type { TopicDetails, TopicHeader } from '../protocol/primitives/topic-header.ts';
import type { Engine } from '../storage/engine.ts';
import { currentOffset, type Partition } from '../streaming/partition.ts';
import type { Topic } from '../streaming/topic.ts';

export function topicHeader(topic: Topic, engine: Engine): TopicHeader {
  const totals = topic.totals(engine);
  return {
    id: topic.id,
    createdAt: topic.createdAt,
    partitionsCount: topic.partitions.length,
    messageExpiry: topic.config.messageExpiry,
    compression: topic.config.compression,
    maxTopicSize: topic.config.maxTopicSize,
    replicationFactor: topic.config.replicationFactor,
    sizeBytes: totals.sizeBytes,
    messagesCount: totals.messages,
    name: topic.name,
    options: topic.config.explicit,
    derivedOptions: topic.config.derived,
  };
}

export function topicDetails(topic: Topic, engine: Engine): TopicDetails {
  return { ...topicHeader(topic, engine), partitions: topic.partitions.map((partition) => partitionSummary(partition, engine)) };
}

function partitionSummary(partition: Partition, engine: Engine): PartitionSummary {
  const stats = engine.stats(partition.handle);
  return {
    id: partition.id,
    createdAt: partition.createdAt,
    segmentsCount: stats.segments,
    currentOffset: currentOffset(stats),
    sizeBytes: BigInt(stats.logicalBytes),
    messagesCount: BigInt(stats.messages),
  };
}
