// Consumer groups.

import type { ConsumerGroupDetails, ConsumerGroupSummary } from '../../../protocol/primitives/consumer-group-summary.ts';
import { integer, listOf, record, text } from './schema.ts';

const properties = { id: integer, name: text, partitions_count: integer, members_count: integer };

export const groupSchema = record(properties, 'ConsumerGroup');
export const groupDetailsSchema = record(
  { ...properties, members: listOf(record({ id: integer, partitions_count: integer, partitions: listOf(integer) })) },
  'ConsumerGroupDetails',
);

export function groupView(group: ConsumerGroupSummary) {
  return { id: group.id, name: group.name, partitions_count: group.partitionsCount, members_count: group.membersCount };
}

export function groupDetailsView(group: ConsumerGroupDetails) {
  const members = group.members.map(({ id, partitions }) => ({ id, partitions_count: partitions.length, partitions }));
  return { ...groupView(group), members };
}
