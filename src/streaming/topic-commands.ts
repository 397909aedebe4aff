// Changes of topics.

import type { Identifier } from '../protocol/primitives/identifier.ts';
import type { TopicSettings } from '../protocol/primitives/topic-settings.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { forgetGroup } from './clients.ts';
import { closePartitions, engineCall } from './partition.ts';
import { addPartitions, newPartitionRows, requirePartitionsCount } from './partition-commands.ts';
import type { Stream } from './stream.ts';
import { type System, topicRow } from './system.ts';
import { Topic } from './topic.ts';
import { resolveTopicConfig, updateTopicConfig } from './topic-settings.ts';
import { dropPermissions } from './user-commands.ts';

/** Errors: 2015 too many partitions, 1009, 4041, 4042, 1019, 2013 name taken, 2021 too many topics. */
export function createTopic(
  system: System,
  streamIdentifier: Identifier,
  name: string,
  partitionsCount: number,
  settings: TopicSettings,
): Promise<Topic> {
  return system.mutate(async () => {
    requirePartitionsCount(partitionsCount, 0);
    const stream = system.stream(streamIdentifier);
    const config = resolveTopicConfig(settings, system.defaults, partitionsCount);
    requireFreeName(stream, name, undefined);
    const { topicsPerStreamMax, partitionsPerTopicMax } = system.limits;
    if (stream.topics.size >= topicsPerStreamMax) throw new ProtocolError('too-many-topics', `limit ${topicsPerStreamMax}`);
    if (partitionsCount > partitionsPerTopicMax) throw new ProtocolError('partition-id-space-exhausted', `limit ${partitionsPerTopicMax}`);
    const topic = new Topic(stream.id, stream.topics.lowestFreeId(), {
      name,
      createdAt: system.clock.nowMicros(),
      config,
      defaults: system.defaults,
      nextGroupId: 0,
    });
    const rows = newPartitionRows(system, topic, partitionsCount);
    const ids = [stream.id, topic.id];
    await addPartitions(system, topic, rows, [{ put: 'topic', ids, row: topicRow(topic) }], [{ remove: 'topic', ids }]);
    stream.topics.add(topic);
    return topic;
  });
}

/** Changes name and settings. Errors: 1009, 2010, 4041, 4042, 1019, 2013. */
export function updateTopic(
  system: System,
  streamIdentifier: Identifier,
  topicIdentifier: Identifier,
  name: string,
  settings: TopicSettings,
): Promise<void> {
  return system.mutate(async () => {
    const stream = system.stream(streamIdentifier);
    const topic = stream.topic(topicIdentifier);
    const config = updateTopicConfig(topic.config, settings, topic.defaults, topic.partitions.length);
    requireFreeName(stream, name, topic);
    await system.store.commit([{ put: 'topic', ids: [stream.id, topic.id], row: topicRow({ ...topic, name, config }) }]);
    stream.topics.rename(topic, () => {
      topic.name = name;
      topic.config = config;
    });
  });
}

/** Removes a topic, all that is in it and every permission that names it. Errors: 1009, 2010. */
export function deleteTopic(system: System, streamIdentifier: Identifier, topicIdentifier: Identifier): Promise<void> {
  return system.mutate(async () => {
    const stream = system.stream(streamIdentifier);
    const topic = stream.topic(topicIdentifier);
    const ids = [stream.id, topic.id];
    const dropped = dropPermissions(system, stream.id, topic.id);
    await system.store.commit([
      { remove: 'topic', ids },
      { remove: 'partition', ids, below: true },
      { remove: 'group', ids, below: true },
      { put: 'removal', ids, row: {} },
      ...dropped.changes,
    ]);
    dropped.apply();
    stream.topics.delete(topic);
    for (const group of topic.groups.values()) forgetGroup(system.clients, group);
    await closePartitions(system.engine, topic.partitions);
    await system.discardFolder([stream.id, topic.id]);
  });
}

/** Empties every partition of a topic. Errors: 1009, 2010. */
export function purgeTopic(system: System, streamIdentifier: Identifier, topicIdentifier: Identifier): Promise<void> {
  return system.mutate(() => purgePartitions(system, system.topic(streamIdentifier, topicIdentifier)));
}

/** Messages and stored offsets go, partitions and memberships stay. Within `mutate`. */
export async function purgePartitions(system: System, topic: Topic): Promise<void> {
  await Promise.all(topic.partitions.map(({ handle }) => engineCall((done) => void system.engine.purge(handle, done))));
  for (const group of topic.groups.values()) group.reset();
}

function requireFreeName(stream: Stream, name: string, own: Topic | undefined): void {
  const holder = stream.topics.get(name);
  if (holder !== undefined && holder !== own) throw new ProtocolError('topic-name-already-exists', name);
}
