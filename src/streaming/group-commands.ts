// Changes of consumer groups and of who is in them.

import type { Identifier } from '../protocol/primitives/identifier.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { type ClientRecord, forgetGroup } from './clients.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import { engineCall } from './partition.ts';
import { type System, topicRow } from './system.ts';

const groupKind = 2;

/** Errors: 1009, 2010, 5004 name taken, 5007 too many groups. */
export function createConsumerGroup(system: System, stream: Identifier, topicIdentifier: Identifier, name: string): Promise<ConsumerGroup> {
  return system.mutate(async () => {
    const topic = system.topic(stream, topicIdentifier);
    if (topic.groups.get(name) !== undefined) throw new ProtocolError('consumer-group-name-already-exists', name);
    const { groupsPerTopicMax } = system.limits;
    if (topic.groups.size >= groupsPerTopicMax) throw new ProtocolError('cannot-create-consumer-group-info', `limit ${groupsPerTopicMax}`);
    const id = topic.nextGroupId;
    const ids = [topic.streamId, topic.id];
    await system.store.commit([
      { put: 'group', ids: [...ids, id], row: { name } },
      { put: 'topic', ids, row: topicRow({ ...topic, nextGroupId: id + 1 }) },
    ]);
    topic.nextGroupId = id + 1;
    const group = system.newGroup(topic, id, name);
    topic.groups.add(group);
    return group;
  });
}

/** Removes a group with its stored offsets. Errors: 1009, 2010, 5000. */
export function deleteConsumerGroup(
  system: System,
  stream: Identifier,
  topicIdentifier: Identifier,
  identifier: Identifier,
): Promise<void> {
  return system.mutate(async () => {
    const topic = system.topic(stream, topicIdentifier);
    const group = topic.group(identifier);
    await system.store.commit([{ remove: 'group', ids: [topic.streamId, topic.id, group.id] }]);
    topic.groups.delete(group);
    forgetGroup(system.clients, group);
    system.pollWaits.groupGone(group);
    for (const { handle } of topic.partitions) {
      // Most partitions have no offset of the group, which is no failure here.
      await engineCall((done) => system.engine.deleteOffset(handle, groupKind, group.id, done)).catch(() => undefined);
    }
  });
}

/** Joining again is a success without effect. Errors: 1009, 2010, 5000, 5 too many members. */
export function joinConsumerGroup(
  system: System,
  client: ClientRecord,
  stream: Identifier,
  topicIdentifier: Identifier,
  identifier: Identifier,
): void {
  const topic = system.topic(stream, topicIdentifier);
  const group = topic.group(identifier);
  const { membersPerGroupMax } = system.limits;
  if (group.membersCount >= membersPerGroupMax && !group.isMember(client.id)) {
    throw new ProtocolError('feature-unavailable', `a group has at most ${membersPerGroupMax} members`);
  }
  if (group.join(client.id, system.clock.nowMs())) client.memberships.add({ topic, group });
}

/** Errors: 1009, 2010, 5000, 5006 not a member. */
export function leaveConsumerGroup(
  system: System,
  client: ClientRecord,
  stream: Identifier,
  topicIdentifier: Identifier,
  identifier: Identifier,
): void {
  const group = system.topic(stream, topicIdentifier).group(identifier);
  if (!group.leave(client.id)) throw new ProtocolError('consumer-group-member-not-found');
  for (const membership of client.memberships) {
    if (membership.group === group) client.memberships.delete(membership);
  }
}
