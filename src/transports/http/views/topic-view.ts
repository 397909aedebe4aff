// Topics and their partitions.

import { CompressionAlgorithm } from '../../../protocol/primitives/enumerations.ts';
import type { PartitionSummary } from '../../../protocol/primitives/partition-summary.ts';
import type { TopicDetails, TopicHeader } from '../../../protocol/primitives/topic-header.ts';
import { sizeText as formatSize } from '../json/size-text.ts';
import { optionsSchema, optionsView } from './options-view.ts';
import { integer, listOf, record, ref, sizeText, text } from './schema.ts';

const properties = {
  id: integer,
  created_at: integer,
  name: text,
  size: sizeText,
  message_expiry: integer,
  compression_algorithm: { type: 'string', enum: ['none', 'gzip'] },
  max_topic_size: integer,
  replication_factor: integer,
  messages_count: integer,
  partitions_count: integer,
  options: optionsSchema,
};

export const partitionSchema = record(
  { id: integer, created_at: integer, segments_count: integer, current_offset: integer, size: sizeText, messages_count: integer },
  'Partition',
);
export const topicSchema = record(properties, 'Topic');
export const topicDetailsSchema = record({ ...properties, partitions: listOf(ref('Partition')) }, 'TopicDetails');

export function topicView(topic: TopicHeader) {
  return {
    id: topic.id,
    created_at: topic.createdAt,
    name: topic.name,
    size: formatSize(topic.sizeBytes),
    message_expiry: topic.messageExpiry,
    compression_algorithm: topic.compression === CompressionAlgorithm.gzip ? 'gzip' : 'none',
    max_topic_size: topic.maxTopicSize,
    replication_factor: topic.replicationFactor ?? 1,
    messages_count: topic.messagesCount,
    partitions_count: topic.partitionsCount,
    options: optionsView(topic.options, topic.derivedOptions),
  };
}

export function topicDetailsView(topic: TopicDetails) {
  return { ...topicView(topic), partitions: topic.partitions.map(partitionView) };
}

function partitionView(partition: PartitionSummary) {
  return {
    id: partition.id,
    created_at: partition.createdAt,
    segments_count: partition.segmentsCount,
    current_offset: partition.currentOffset,
    size: formatSize(partition.sizeBytes),
    messages_count: partition.messagesCount,
  };
}
