// One topic with its partitions and consumer groups, and one group with its members.

import { askToConfirm } from './dialogs.ts';
import { button, element, facts, link, table } from './dom.ts';
import { formatDuration, formatLimit, formatSize, formatTime, type Whole } from './format.ts';
import { type Screen, streamPath, streamsPath, topicPath } from './screen.ts';

export interface Partition {
  id: number;
  created_at: Whole;
  segments_count: number;
  current_offset: Whole;
  size: string;
  messages_count: Whole;
}

export interface Topic {
  id: number;
  created_at: Whole;
  name: string;
  size: string;
  message_expiry: Whole;
  compression_algorithm: string;
  max_topic_size: Whole;
  messages_count: Whole;
  partitions: Partition[];
}

interface Group {
  id: number;
  name: string;
  partitions_count: number;
  members_count: number;
}

interface Member {
  id: number;
  partitions: number[];
}

export const topicScreen: Screen = async ({ api, ids: [streamId = '', topicId = ''], reload, open }) => {
  const path = `/streams/${streamId}/topics/${topicId}`;
  const [topic, groups] = await Promise.all([api.get<Topic>(path), api.get<Group[]>(`${path}/consumer-groups`)]);
  const page = topicPath(streamId, topicId);
  const holds = `It has ${topic.messages_count} messages.`;
  const purge = () =>
    askToConfirm('Purge topic', 'Purge', `All messages and offsets are deleted; the topic stays. ${holds}`, topic.name, async () => {
      await api.delete(`${path}/purge`);
      reload();
    });
  const remove = () =>
    askToConfirm('Delete topic', 'Delete', `The topic is deleted with its messages and consumer groups. ${holds}`, topic.name, async () => {
      await api.delete(path);
      open(streamPath(streamId));
    });
  return {
    title: `Topic ${topic.name}`,
    trail: trailTo(streamId),
    content: [
      facts({
        Id: topic.id,
        Messages: topic.messages_count,
        Size: formatSize(topic.size),
        'Size at most': formatLimit(topic.max_topic_size),
        'Messages expire after': formatDuration(topic.message_expiry),
        Compression: topic.compression_algorithm,
        Created: formatTime(topic.created_at),
      }),
      element('div', { className: 'actions' }, button('Purge topic', purge, 'danger'), button('Delete topic', remove, 'danger')),
      table(
        'Partitions',
        ['Partition', 'Messages', 'Last offset', 'Segments', 'Size', 'Created'],
        topic.partitions.map((partition) => [
          link(`${page}/partitions/${partition.id}/messages`, `Messages of ${partition.id}`),
          partition.messages_count,
          partition.messages_count === 0 ? '' : partition.current_offset,
          partition.segments_count,
          formatSize(partition.size),
          formatTime(partition.created_at),
        ]),
        'The topic has no partitions.',
      ),
      table(
        'Consumer groups',
        ['Id', 'Name', 'Members', 'Partitions'],
        groups.map((group) => [group.id, link(`${page}/groups/${group.id}`, group.name), group.members_count, group.partitions_count]),
        'The topic has no consumer groups.',
      ),
    ],
  };
};

export const groupScreen: Screen = async ({ api, ids: [streamId = '', topicId = '', groupId = ''] }) => {
  const path = `/streams/${streamId}/topics/${topicId}`;
  const [topic, group] = await Promise.all([
    api.get<Topic>(path),
    api.get<Group & { members: Member[] }>(`${path}/consumer-groups/${groupId}`),
  ]);
  return {
    title: `Consumer group ${group.name}`,
    trail: [...trailTo(streamId), [topicPath(streamId, topicId), topic.name]],
    content: [
      facts({ Id: group.id, Members: group.members_count, Partitions: group.partitions_count }),
      table(
        'Members',
        ['Member', 'Reads partitions'],
        group.members.map(({ id, partitions }) => [id, partitions.join(', ') || 'none']),
        'The group has no members.',
      ),
    ],
  };
};

/** To what is in the stream. */
export function trailTo(streamId: string): readonly (readonly [string, string])[] {
  return [
    [streamsPath, 'Streams'],
    [streamPath(streamId), `Stream ${streamId}`],
  ];
}
