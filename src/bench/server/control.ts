// The commands around a load: streams, topics and groups, and what the server tells of itself. Over the client of this package, or over HTTP where that is all there is.

import { connect } from '../../client/connect.ts';
import { ServerError, SnapshotCompression, SnapshotType } from '../../client/index.ts';
import { HttpRefusal, openHttp } from '../load/http-connection.ts';
import type { HttpTarget } from '../plan/target.ts';

export interface NewBenchTopic {
  readonly stream: string;
  readonly topic: string;
  readonly partitions: number;
  readonly options: Readonly<Record<string, string>>;
}

export interface TopicFacts {
  readonly messages: number;
  readonly partitions: number;
  /** Texts by key: what was named, and what the server filled in. */
  readonly options: ReadonlyMap<string, string>;
}

/** Of the server's statistics. */
export interface StatsFacts {
  readonly version: string;
  readonly hostname: string;
  readonly os: string;
  readonly kernel: string;
  readonly processId: number;
  /** Undefined: it does not say. */
  readonly freeDiskBytes: number | undefined;
}

export interface Control {
  /** Undefined over HTTP, which has but one. */
  readonly generation: 'vsr' | 'classic' | undefined;
  createStream(stream: string): Promise<void>;
  createTopic(topic: NewBenchTopic): Promise<void>;
  createGroup(stream: string, topic: string, group: string): Promise<void>;
  deleteGroup(stream: string, topic: string, group: string): Promise<void>;
  deleteStream(stream: string): Promise<void>;
  /** Undefined: there is no such topic. */
  topic(stream: string, topic: string): Promise<TopicFacts | undefined>;
  stats(): Promise<StatsFacts>;
  /** Defaults of topic options that are texts. Undefined: the server does not tell. */
  topicDefaults(): Promise<ReadonlyMap<string, string> | undefined>;
  /** A ZIP archive with the server's configuration. Undefined: it does not give one. */
  configSnapshot(): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

/** Speaks VSR where the server does, whatever the load is to speak. */
export async function binaryControl(target: string, generation: 'auto' | 'classic'): Promise<Control> {
  const client = await connect(target, { generation, reconnect: false });
  return {
    generation: client.generation,
    createStream: async (name) => void (await client.streams.create({ name })),
    async createTopic({ stream, topic, partitions, options }) {
      await client.topics.create({
        stream,
        name: topic,
        partitionsCount: partitions,
        options,
        ...(client.generation === 'classic' ? { messageExpiry: Number.POSITIVE_INFINITY } : {}),
      });
    },
    createGroup: async (stream, topic, name) => void (await client.groups.create({ stream, topic, name })),
    deleteGroup: (stream, topic, group) => client.groups.delete({ stream, topic, group }),
    deleteStream: (stream) => client.streams.delete(stream),
    async topic(stream, topic) {
      const found = await client.topics.get({ stream, topic });
      if (found === undefined) return undefined;
      const options = [...found.derivedOptions, ...found.options].map(([key, { value }]) => [key, String(value)] as const);
      return { messages: found.messagesCount, partitions: found.partitionsCount, options: new Map(options) };
    },
    async stats() {
      const stats = await client.system.stats();
      return {
        version: stats.serverVersion,
        hostname: stats.hostname,
        os: `${stats.osName} ${stats.osVersion}`.trim(),
        kernel: stats.kernelVersion,
        processId: stats.processId,
        freeDiskBytes: stats.freeDiskSpace || undefined,
      };
    },
    async topicDefaults() {
      if (client.generation === 'classic') return undefined;
      const described = await client.system.describeOptions('topic').catch(unlessRefused);
      return described && new Map(described.map(({ key, defaultBytes }) => [key, Buffer.from(defaultBytes).toString()]));
    },
    configSnapshot: () =>
      client.system.snapshot({ compression: SnapshotCompression.stored, types: [SnapshotType.serverConfig] }).catch(unlessRefused),
    close: () => client.close(),
  };
}

export async function httpControl(target: HttpTarget): Promise<Control> {
  const { call, json, close } = await openHttp(target);
  const streamPath = (stream: string) => `/streams/${encodeURIComponent(stream)}`;
  const topicPath = (stream: string, topic: string) => `${streamPath(stream)}/topics/${encodeURIComponent(topic)}`;
  return {
    generation: undefined,
    createStream: async (name) => void (await call('POST', '/streams', { name })),
    async createTopic({ stream, topic, partitions, options }) {
      const settings = {
        compression_algorithm: 'none',
        message_expiry: 0,
        max_topic_size: 0,
        ...(Object.keys(options).length > 0 ? { options } : {}),
      };
      await call('POST', `${streamPath(stream)}/topics`, { name: topic, partitions_count: partitions, ...settings });
    },
    createGroup: async (stream, topic, name) => void (await call('POST', `${topicPath(stream, topic)}/consumer-groups`, { name })),
    deleteGroup: async (stream, topic, group) =>
      void (await call('DELETE', `${topicPath(stream, topic)}/consumer-groups/${encodeURIComponent(group)}`)),
    deleteStream: async (stream) => void (await call('DELETE', streamPath(stream))),
    async topic(stream, topic) {
      const found = (await json('GET', topicPath(stream, topic)).catch(unlessNotFound)) as TopicJson | undefined;
      if (found === undefined) return undefined;
      const options = Object.entries(found.options ?? {}).map(([key, { value }]) => [key, value] as const);
      return { messages: found.messages_count, partitions: found.partitions_count, options: new Map(options) };
    },
    async stats() {
      const stats = (await json('GET', '/stats')) as StatsJson;
      return {
        version: stats.iggy_server_version,
        hostname: stats.hostname,
        os: `${stats.os_name} ${stats.os_version}`.trim(),
        kernel: stats.kernel_version,
        processId: stats.process_id,
        freeDiskBytes: undefined,
      };
    },
    topicDefaults: async () => undefined,
    configSnapshot: () => call('POST', '/snapshot', { compression: 'Stored', snapshot_types: ['ServerConfig'] }).catch(unlessRefused),
    close: async () => close(),
  };
}

interface TopicJson {
  messages_count: number;
  partitions_count: number;
  options?: Record<string, { value: string }>;
}

interface StatsJson {
  iggy_server_version: string;
  hostname: string;
  os_name: string;
  os_version: string;
  kernel_version: string;
  process_id: number;
}

/** What a server does not know, or does not let this user see, stays unknown. */
function unlessRefused(error: unknown): undefined {
  if (error instanceof ServerError || error instanceof HttpRefusal) return undefined;
  throw error;
}

function unlessNotFound(error: unknown): undefined {
  if (error instanceof HttpRefusal && error.status === 404) return undefined;
  throw error;
}
