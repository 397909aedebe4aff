// Changes of partitions.

import { randomBytes } from 'node:crypto';
import type { Identifier } from '../protocol/primitives/identifier.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { Change } from '../storage/metadata/metadata-store.ts';
import type { PartitionRow } from '../storage/metadata/rows.ts';
import { closePartitions, engineCall, type Partition } from './partition.ts';
import type { System } from './system.ts';
import type { Topic } from './topic.ts';

const partitionsPerRequestMax = 1000;

/** The consumers' stored offsets are the engine's own bound. */
const everyOffset = 0xffff_ffff_ffff_ffffn;

interface NewPartition {
  id: number;
  row: PartitionRow;
}

/** Throws 2015 outside `min` to 1000. */
export function requirePartitionsCount(count: number, min: number): void {
  if (count < min || count > partitionsPerRequestMax) throw new ProtocolError('too-many-partitions', `${count} at once`);
}

/** Errors: 2015, 1009, 2010, 3013 beyond the limit of a topic. */
export function createPartitions(system: System, stream: Identifier, topicIdentifier: Identifier, count: number): Promise<void> {
  return system.mutate(async () => {
    requirePartitionsCount(count, 1);
    const topic = system.topic(stream, topicIdentifier);
    const { partitionsPerTopicMax } = system.limits;
    if (topic.partitions.length + count > partitionsPerTopicMax) {
      throw new ProtocolError('partition-id-space-exhausted', `limit ${partitionsPerTopicMax}`);
    }
    await addPartitions(system, topic, newPartitionRows(system, topic, count), [], []);
    partitionsChanged(topic);
  });
}

/** Removes the last ones. Errors: 2015, 1009, 2010, 2019 more than there are. */
export function deletePartitions(system: System, stream: Identifier, topicIdentifier: Identifier, count: number): Promise<void> {
  return system.mutate(async () => {
    requirePartitionsCount(count, 1);
    const topic = system.topic(stream, topicIdentifier);
    if (count > topic.partitions.length) throw new ProtocolError('invalid-partitions-count', `${topic.partitions.length} exist`);
    const kept = topic.partitions.length - count;
    const removed = topic.partitions.slice(kept);
    const places = removed.map(({ id }): [number, number, number] => [topic.streamId, topic.id, id]);
    await system.store.commit(
      places.flatMap((ids): Change[] => [
        { remove: 'partition', ids },
        { put: 'removal', ids, row: {} },
      ]),
    );
    topic.partitions = topic.partitions.slice(0, kept);
    partitionsChanged(topic);
    await closePartitions(system.engine, removed);
    for (const place of places) await system.discardFolder(place);
  });
}

/** Removes up to `count` of the oldest sealed segments that every consumer with a stored offset has passed. Errors: 1009, 2010, 3007. */
export async function deleteSegments(
  system: System,
  stream: Identifier,
  topic: Identifier,
  partitionId: number,
  count: number,
): Promise<void> {
  const { handle } = system.topic(stream, topic).partition(partitionId);
  if (count > 0) await engineCall((done) => void system.engine.deleteSegments(handle, count, everyOffset, done));
}

/** Rows of partitions that continue at the topic's count. */
export function newPartitionRows(system: System, topic: Topic, count: number): NewPartition[] {
  const createdAt = String(system.clock.nowMicros());
  return Array.from({ length: count }, (_, index) => ({
    id: topic.partitions.length + index,
    row: { createdAt, incarnation: String(randomBytes(8).readBigUInt64LE()), state: 'creating' },
  }));
}

/** Commits the rows with `changes`, makes the folders and adds the partitions to the topic. If that fails the rows and `undo` are taken back. */
export async function addPartitions(
  system: System,
  topic: Topic,
  added: readonly NewPartition[],
  changes: readonly Change[],
  undo: readonly Change[],
): Promise<void> {
  const idsOf = (id: number) => [topic.streamId, topic.id, id];
  const puts = (state: PartitionRow['state']) =>
    added.map(({ id, row }) => ({ put: 'partition' as const, ids: idsOf(id), row: { ...row, state } }));
  await system.store.commit([...changes, ...puts('creating')]);
  const outcomes = await Promise.allSettled(added.map(({ id, row }) => system.openPartition(topic, id, row, 'reject')));
  const opened = outcomes.flatMap((outcome): Partition[] => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) {
    await system.store.commit([...undo, ...added.map(({ id }) => ({ remove: 'partition' as const, ids: idsOf(id) }))]);
    await closePartitions(system.engine, opened);
    for (const { id } of added) await system.folders.discard([topic.streamId, topic.id, id]);
    throw failed.reason;
  }
  if (added.length > 0) await system.store.commit(puts('ready'));
  topic.partitions = [...topic.partitions, ...opened];
}

function partitionsChanged(topic: Topic): void {
  const ids = topic.partitions.map((partition) => partition.id);
  for (const group of topic.groups.values()) group.setPartitions(ids);
}
