// All streams, and one stream with its topics.

import { askFor, askToConfirm } from './dialogs.ts';
import { button, element, facts, link, table } from './dom.ts';
import { formatDuration, formatSize, formatTime, type Whole } from './format.ts';
import { type Screen, streamPath, streamsPath, topicPath } from './screen.ts';

interface Stream {
  id: number;
  created_at: Whole;
  name: string;
  size: string;
  messages_count: Whole;
  topics_count: number;
}

interface TopicRow {
  id: number;
  created_at: Whole;
  name: string;
  size: string;
  message_expiry: Whole;
  messages_count: Whole;
  partitions_count: number;
}

const nameField = { label: 'Name', properties: { required: true, maxLength: 255, autocomplete: 'off' } } as const;

export const streamsScreen: Screen = async ({ api, reload }) => {
  const streams = await api.get<Stream[]>('/streams');
  const create = () =>
    askFor('New stream', 'Create', { name: nameField }, async ({ name }) => {
      await api.post('/streams', { name });
      reload();
    });
  return {
    title: 'Streams',
    content: [
      element('div', { className: 'actions' }, button('New stream', create)),
      table(
        'All streams',
        ['Id', 'Name', 'Topics', 'Messages', 'Size', 'Created'],
        streams.map((stream) => [
          stream.id,
          link(streamPath(stream.id), stream.name),
          stream.topics_count,
          stream.messages_count,
          formatSize(stream.size),
          formatTime(stream.created_at),
        ]),
        'There are no streams.',
      ),
    ],
  };
};

export const streamScreen: Screen = async ({ api, ids: [id = ''], reload, open }) => {
  const path = `/streams/${id}`;
  const stream = await api.get<Stream & { topics: TopicRow[] }>(path);
  const holds = `${stream.topics_count} topics with ${stream.messages_count} messages`;
  const fields = {
    name: nameField,
    partitions: { label: 'Partitions', properties: { type: 'number', min: '0', max: '1000', value: '1', required: true } },
  } as const;
  const createTopic = () =>
    askFor('New topic', 'Create', fields, async ({ name, partitions }) => {
      // Zeros stand for the server's defaults.
      const rest = { compression_algorithm: 'none', message_expiry: 0, max_topic_size: 0 };
      await api.post(`${path}/topics`, { name, partitions_count: Number(partitions), ...rest });
      reload();
    });
  const purge = () =>
    askToConfirm(
      'Purge stream',
      'Purge',
      `All messages and offsets are deleted; the topics stay. The stream has ${holds}.`,
      stream.name,
      async () => {
        await api.delete(`${path}/purge`);
        reload();
      },
    );
  const remove = () =>
    askToConfirm('Delete stream', 'Delete', `The stream is deleted with all that it holds: ${holds}.`, stream.name, async () => {
      await api.delete(path);
      open(streamsPath);
    });
  return {
    title: `Stream ${stream.name}`,
    trail: [[streamsPath, 'Streams']],
    content: [
      facts({ Id: stream.id, Messages: stream.messages_count, Size: formatSize(stream.size), Created: formatTime(stream.created_at) }),
      element(
        'div',
        { className: 'actions' },
        button('New topic', createTopic),
        button('Purge stream', purge, 'danger'),
        button('Delete stream', remove, 'danger'),
      ),
      table(
        'Topics',
        ['Id', 'Name', 'Partitions', 'Messages', 'Size', 'Messages expire after', 'Created'],
        stream.topics.map((topic) => [
          topic.id,
          link(topicPath(stream.id, topic.id), topic.name),
          topic.partitions_count,
          topic.messages_count,
          formatSize(topic.size),
          formatDuration(topic.message_expiry),
          formatTime(topic.created_at),
        ]),
        'The stream has no topics.',
      ),
    ],
  };
};
