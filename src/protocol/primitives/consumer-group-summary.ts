// Consumer group
//   id            u32
//   partitions    u32, how many the topic has
//   members       u32, how many
//   name          name
// Consumer group details: a group, then each of its members
//   id            u32, the group's own numbering
//   partitions    partition ids

import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { readName, writeName } from './name.ts';
import { readPartitionIds, writePartitionIds } from './partition-ids.ts';

export interface ConsumerGroupSummary {
  id: number;
  /** Of the topic, assigned or not. */
  partitionsCount: number;
  membersCount: number;
  name: string;
}

export interface ConsumerGroupMember {
  /** The group's own numbering, not a client id. */
  id: number;
  /** Ids of the partitions that the member reads. */
  partitions: number[];
}

export interface ConsumerGroupDetails extends ConsumerGroupSummary {
  /** `membersCount` of them: clients read exactly that many. */
  members: ConsumerGroupMember[];
}

export function readConsumerGroupSummary(reader: Reader): ConsumerGroupSummary {
  return { id: reader.u32(), partitionsCount: reader.u32(), membersCount: reader.u32(), name: readName(reader) };
}

export function writeConsumerGroupSummary(writer: Writer, group: ConsumerGroupSummary): void {
  writer.u32(group.id).u32(group.partitionsCount).u32(group.membersCount);
  writeName(writer, group.name);
}

export function readConsumerGroupDetails(reader: Reader): ConsumerGroupDetails {
  const group = readConsumerGroupSummary(reader);
  const members: ConsumerGroupMember[] = [];
  while (members.length < group.membersCount) members.push({ id: reader.u32(), partitions: readPartitionIds(reader) });
  return { ...group, members };
}

export function writeConsumerGroupDetails(writer: Writer, group: ConsumerGroupDetails): void {
  writeConsumerGroupSummary(writer, group);
  for (const member of group.members) {
    writer.u32(member.id);
    writePartitionIds(writer, member.partitions);
  }
}
