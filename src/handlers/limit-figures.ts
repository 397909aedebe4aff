// How much of each limit is used. Limits of one connection or request are not among them: they are enforced where they are met.

import type { MemoryStats } from '../storage/engine.ts';
import type { System } from '../streaming/system.ts';

export interface LimitFigure {
  /** The setting's key. */
  name: string;
  /** Where there are many of what is limited (topics of streams, members of groups), that of the fullest. */
  used: number;
  max: number;
}

export function limitFigures(system: System, connectionsMax: number): LimitFigure[] {
  const { limits } = system;
  const buffers = system.engine.bufferStats();
  const ids = system.engine.idStats();
  const memory = system.engine.memoryStats();
  const most = { topics: 0, partitions: 0, groups: 0, members: 0 };
  for (const stream of system.streams.values()) {
    most.topics = Math.max(most.topics, stream.topics.size);
    for (const topic of stream.topics.values()) {
      most.partitions = Math.max(most.partitions, topic.partitions.length);
      most.groups = Math.max(most.groups, topic.groups.size);
      for (const group of topic.groups.values()) most.members = Math.max(most.members, group.membersCount);
    }
  }
  return [
    { name: 'limits.connections_max', used: system.clients.size, max: connectionsMax },
    { name: 'system.memory_budget', used: usedMemory(memory), max: memory.bytesMax },
    { name: 'limits.buffers_size_max', used: buffers.bytesInUse, max: buffers.bytesMax },
    { name: 'limits.remembered_sends_max', used: system.sendWindows.entries, max: system.sendWindows.entriesMax },
    { name: 'limits.deduplication_size_max', used: ids.bytesInUse, max: ids.bytesMax },
    { name: 'limits.streams_max', used: system.streams.size, max: limits.streamsMax },
    { name: 'limits.topics_max', used: most.topics, max: limits.topicsPerStreamMax },
    { name: 'limits.partitions_max', used: most.partitions, max: limits.partitionsPerTopicMax },
    { name: 'limits.groups_max', used: most.groups, max: limits.groupsPerTopicMax },
    { name: 'limits.group_members_max', used: most.members, max: limits.membersPerGroupMax },
    { name: 'limits.users_max', used: system.users.size, max: limits.usersMax },
    { name: 'limits.waiting_polls_max', used: system.pollWaits.size, max: limits.waitingPollsMax },
  ];
}

function usedMemory({ bytesMax: _, ...kinds }: MemoryStats): number {
  return Object.values(kinds).reduce((sum, bytes) => sum + bytes, 0);
}
