// All state of the server below its connections: users and their tokens, streams and what is in them, clients and their sessions.
//
// Reads are plain memory. Changes go through `mutate`, one after another: validate, commit to the store and wait until that is on the device, apply in memory. What a
// reader sees is therefore never ahead of the store, and never half of a change.

import type { Logger } from '../observability/logger.ts';
import { ConsumerKind } from '../protocol/primitives/consumer.ts';
import type { Identifier } from '../protocol/primitives/identifier.ts';
import type { Options } from '../protocol/primitives/options.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { type Engine, EngineStatus, type PartitionOptions } from '../storage/engine.ts';
import { checkReferences } from '../storage/metadata/check-row.ts';
import type { MetadataStore } from '../storage/metadata/metadata-store.ts';
import type { OptionRow, PartitionRow, TopicRow } from '../storage/metadata/rows.ts';
import { type ClientRecord, Clients } from './clients.ts';
import type { Clock } from './clock.ts';
import { ConsumerGroup } from './consumer-group.ts';
import { Directory } from './directory.ts';
import { KnownDamage } from './known-damage.ts';
import { MessageTraffic } from './message-traffic.ts';
import { closePartitions, type Partition } from './partition.ts';
import { PartitionChecks } from './partition-checks.ts';
import { PartitionFolders, type Place } from './partition-folders.ts';
import { Passwords } from './passwords.ts';
import { type PollWaitLimits, PollWaits } from './poll-waits.ts';
import { restoreSendWindows } from './restore-send-windows.ts';
import { Revocations } from './revocations.ts';
import { SendWindows } from './send-windows.ts';
import { Sessions } from './sessions.ts';
import { Stream } from './stream.ts';
import { singleThread, type ThreadSharing } from './thread-sharing.ts';
import { isImported, Tokens, tokenOfRow } from './tokens.ts';
import { Topic } from './topic.ts';
import { type Deduplication, restoreTopicConfig, type TopicConfig, type TopicDefaults, unlimited } from './topic-settings.ts';
import { Users, userOfRow } from './users.ts';

export interface SystemOptions {
  engine: Engine;
  store: MetadataStore;
  dataPath: string;
  defaults: TopicDefaults;
  rebalancingTimeoutMs: number;
  limits: SystemLimits;
  clock: Clock;
  log: Logger;
  /** Default: there is one thread. */
  sharing?: ThreadSharing | undefined;
}

/** Of what is kept: how many there may be. */
export interface SystemLimits extends PollWaitLimits {
  usersMax: number;
  tokensPerUserMax: number;
  streamsMax: number;
  topicsPerStreamMax: number;
  partitionsPerTopicMax: number;
  groupsPerTopicMax: number;
  membersPerGroupMax: number;
  /** Send requests of VSR clients, for all of them together. */
  rememberedSendsMax: number;
}

export class System {
  readonly engine: Engine;
  readonly store: MetadataStore;
  readonly defaults: TopicDefaults;
  readonly clock: Clock;
  readonly log: Logger;
  readonly folders: PartitionFolders;
  readonly limits: SystemLimits;
  readonly users = new Users();
  readonly passwords = new Passwords();
  readonly tokens = new Tokens();
  readonly revocations = new Revocations();
  readonly clients: Clients;
  readonly sendWindows: SendWindows;
  readonly pollWaits: PollWaits;
  readonly sessions: Sessions;
  readonly damage: KnownDamage;
  readonly checks: PartitionChecks;
  readonly streams = new Directory<Stream>();
  readonly rebalancingTimeoutMs: number;
  /** Of all topics, also of those that are gone. */
  readonly traffic = new MessageTraffic();
  /** Called after each change, whatever came of it, before whoever asked for it is told. */
  onMutated: (() => void) | undefined;
  #mutations: Promise<unknown> = Promise.resolve();
  #directIoRefused = false;

  private constructor(options: SystemOptions) {
    this.engine = options.engine;
    this.store = options.store;
    this.defaults = options.defaults;
    this.clock = options.clock;
    this.log = options.log;
    this.rebalancingTimeoutMs = options.rebalancingTimeoutMs;
    this.limits = options.limits;
    this.folders = new PartitionFolders(options.dataPath, options.log);
    const sharing = options.sharing ?? singleThread();
    this.clients = new Clients(sharing);
    this.sendWindows = new SendWindows(options.limits.rememberedSendsMax, options.clock, options.engine, sharing.rememberedSends);
    this.pollWaits = new PollWaits((partition) => this.engine.stats(partition), options.limits, sharing);
    this.engine.onChanged = (partition) => this.pollWaits.partitionChanged(partition);
    this.damage = new KnownDamage(options.log);
    this.checks = new PartitionChecks(this);
    this.sessions = new Sessions(this.sendWindows, (client) => this.pollWaits.loginEnded(client));
  }

  /** Reads the store and opens every partition. Resolves when all of them are recovered; a damaged one is fenced and does not stop the others. */
  static async load(options: SystemOptions): Promise<System> {
    checkReferences(options.store);
    const system = new System(options);
    for (const { ids, row } of system.store.all('user')) system.users.add(userOfRow(ids[0] as number, row));
    const tokens = system.store.all('token');
    if (tokens.some(({ row }) => isImported(row))) await system.tokens.prepareImported();
    for (const { ids, row } of tokens) {
      system.tokens.add(tokenOfRow(system.users.require(ids[0] as number), ids[1] as number, row));
    }
    for (const { ids, row } of system.store.all('revocation')) {
      system.revocations.add(row.tokenId, { id: ids[0] as number, until: row.until });
    }
    for (const { ids, row } of system.store.all('stream')) {
      system.streams.add(new Stream(ids[0] as number, row.name, BigInt(row.createdAt)));
    }
    for (const { ids, row } of system.store.all('topic')) {
      system.stream(ids[0] as number).topics.add(topicOfRow(ids as [number, number], row, system.defaults));
    }
    if (system.store.created && (await system.folders.hold())) {
      throw new Error(`${options.dataPath} holds messages but no metadata: restore its metadata folder, or choose another data folder`);
    }
    const partitions = system.store.all('partition');
    const known = knownPlaces(system, partitions);
    for (const { ids } of system.store.all('removal')) {
      const place = ids as unknown as Place;
      // A place that is in use again was free before: its folder went then, and only the row was left.
      if (known(place)) await system.store.commit([{ remove: 'removal', ids }]);
      else await system.discardFolder(place);
    }
    await system.folders.sweep(known);
    await system.#openAll(partitions);
    await restoreSendWindows(system);
    for (const { ids, row } of system.store.all('group')) {
      const topic = system.topic(ids[0] as number, ids[1] as number);
      topic.groups.add(system.newGroup(topic, ids[2] as number, row.name));
    }
    return system;
  }

  /** Throws 1009. */
  stream(identifier: Identifier): Stream {
    const stream = this.streams.get(identifier);
    if (stream === undefined) throw new ProtocolError('stream-id-not-found', `stream ${identifier}`);
    return stream;
  }

  /** Throws 1009 or 2010. */
  topic(stream: Identifier, topic: Identifier): Topic {
    return this.stream(stream).topic(topic);
  }

  /** A group of the topic, with the offsets that the engine has of it. */
  newGroup(topic: Topic, id: number, name: string): ConsumerGroup {
    const partitionIds = topic.partitions.map((partition) => partition.id);
    const group = new ConsumerGroup(id, name, partitionIds, {
      rebalancingTimeoutMs: this.rebalancingTimeoutMs,
      onChanged: (changed) => this.pollWaits.groupChanged(changed),
    });
    for (const partition of topic.partitions) {
      const offset = this.engine.loadOffset(partition.handle, ConsumerKind.group, id);
      if (offset !== undefined) group.committed(partition.id, Number(offset));
    }
    return group;
  }

  /** Runs a change when those before it have ended. */
  mutate<Result>(change: () => Promise<Result>): Promise<Result> {
    const result = this.#mutations.then(this.onMutated === undefined ? change : () => change().finally(this.onMutated));
    this.#mutations = result.catch(() => undefined);
    return result;
  }

  /**
   * Starts opening a partition; the handle takes requests at once, which wait until it is ready. `fence`: one that is damaged or cannot be read refuses its requests and
   * stops nothing else. `reject`: the promise rejects.
   */
  openPartition(
    topic: Pick<Topic, 'streamId' | 'id'> & { config: TopicConfig },
    id: number,
    row: PartitionRow,
    onFailure: 'fence' | 'reject',
  ): Promise<Partition> {
    const directory = this.folders.path([topic.streamId, topic.id, id]);
    const incarnation = BigInt(row.incarnation);
    return new Promise((resolve, reject) => {
      const options = { ...this.partitionOptions(topic, id, incarnation), create: row.state === 'creating' };
      const handle = this.engine.open(directory, options, ({ status, detail }) => {
        if (status !== EngineStatus.ok && onFailure === 'reject') {
          // Whatever lies there is another's; the handle is of no use.
          this.engine.close(handle, () => undefined);
          reject(new Error(`partition ${directory} cannot be made: status ${status}, errno ${detail}`));
          return;
        }
        if (status !== EngineStatus.ok) {
          const place = { stream: topic.streamId, topic: topic.id, partition: id, directory };
          const reason = this.engine.stats(handle).fence?.reason;
          this.log.error({ ...place, reason, status, errno: detail }, 'partition is fenced: it takes no messages');
        } else if (detail !== 0) {
          this.#warnOfRefusedDirectIo(directory, detail);
        }
        resolve({ id, createdAt: BigInt(row.createdAt), incarnation, directory, handle });
      });
    });
  }

  // Thousands of partitions lie on one file system: the first one speaks for all.
  #warnOfRefusedDirectIo(directory: string, errno: number): void {
    if (this.#directIoRefused) return;
    this.#directIoRefused = true;
    this.log.warn({ directory, errno }, 'direct I/O is refused: logs are written through the page cache');
  }

  /** How the engine opens an existing partition of the topic. */
  partitionOptions(topic: { config: TopicConfig }, id: number, incarnation: bigint): PartitionOptions {
    const { segmentBytes, directIo, durability, offsetDurability, deduplication } = topic.config;
    return {
      partitionId: id,
      incarnation,
      create: false,
      segmentBytes,
      directIo,
      durability,
      offsetDurability,
      ...idOptions(deduplication),
    };
  }

  /** Takes a folder away whose removal was committed with a `removal` row, and then the row. */
  async discardFolder(place: Place): Promise<void> {
    if (await this.folders.discard(place)) await this.store.commit([{ remove: 'removal', ids: place as readonly number[] }]);
  }

  disconnected(client: ClientRecord): void {
    this.sessions.close(client);
    this.clients.disconnect(client);
  }

  /** Every consumer group, for what must be done at times. */
  *groups(): Iterable<ConsumerGroup> {
    for (const stream of this.streams.values()) {
      for (const topic of stream.topics.values()) yield* topic.groups.values();
    }
  }

  /** Waits for changes under way, then writes and closes every partition. */
  async close(): Promise<void> {
    await this.checks.stop();
    await this.#mutations;
    const partitions = [...this.streams.values()].flatMap((stream) => [...stream.topics.values()].flatMap((topic) => topic.partitions));
    await closePartitions(this.engine, partitions);
    await this.folders.settled();
  }

  async #openAll(rows: readonly { ids: readonly number[]; row: PartitionRow }[]): Promise<void> {
    const opened = await Promise.all(
      rows.map(async ({ ids, row }) => {
        const [streamId, topicId, id] = ids as [number, number, number];
        const topic = this.topic(streamId, topicId);
        return { topic, row, partition: await this.openPartition(topic, id, row, 'fence') };
      }),
    );
    const byTopic = new Map<Topic, Partition[]>();
    for (const { topic, partition } of opened) {
      const partitions = byTopic.get(topic);
      if (partitions === undefined) byTopic.set(topic, [partition]);
      else partitions.push(partition);
    }
    for (const [topic, partitions] of byTopic) topic.partitions = partitions;
    const created = opened.filter(({ row }) => row.state === 'creating');
    if (created.length === 0) return;
    await this.store.commit(
      created.map(({ topic, partition, row }) => ({
        put: 'partition' as const,
        ids: [topic.streamId, topic.id, partition.id],
        row: { ...row, state: 'ready' as const },
      })),
    );
  }
}

/** A topic as the store keeps it. */
export function topicRow(topic: Pick<Topic, 'name' | 'createdAt' | 'config' | 'defaults' | 'nextGroupId'>): TopicRow {
  const { directIo: _, ...defaults } = topic.defaults;
  return {
    name: topic.name,
    createdAt: String(topic.createdAt),
    replicationFactor: topic.config.replicationFactor,
    options: Object.fromEntries([...topic.config.explicit].map(([key, { kind, bytes }]) => [key, optionRow(kind, bytes)])),
    defaults: {
      ...defaults,
      messageExpiry: String(defaults.messageExpiry),
      maxTopicSize: String(defaults.maxTopicSize),
      deduplication: { ...defaults.deduplication, expiry: String(defaults.deduplication.expiry) },
    },
    nextGroupId: topic.nextGroupId,
  };
}

/** As the engine takes it. */
function idOptions({ enabled, entriesMax, expiry }: Deduplication): Pick<PartitionOptions, 'idEntriesMax' | 'idExpiryMicros'> {
  const forever = expiry === unlimited || expiry > Number.MAX_SAFE_INTEGER;
  return { idEntriesMax: enabled ? entriesMax : 0, idExpiryMicros: forever ? 0 : Number(expiry) };
}

function optionRow(kind: number, bytes: Uint8Array): OptionRow {
  return [kind, Buffer.from(bytes).toString('base64')];
}

// How a log is written is no promise: there a topic follows what the server is set to now.
function topicOfRow([streamId, id]: [number, number], row: TopicRow, { directIo }: TopicDefaults): Topic {
  const defaults: TopicDefaults = {
    ...row.defaults,
    directIo,
    messageExpiry: BigInt(row.defaults.messageExpiry),
    maxTopicSize: BigInt(row.defaults.maxTopicSize),
    deduplication: { ...row.defaults.deduplication, expiry: BigInt(row.defaults.deduplication.expiry) },
  };
  const explicit: Options = new Map(
    Object.entries(row.options).map(([key, [kind, base64]]) => [key, { kind, bytes: new Uint8Array(Buffer.from(base64, 'base64')) }]),
  );
  const config = restoreTopicConfig(explicit, row.replicationFactor, defaults);
  return new Topic(streamId, id, {
    name: row.name,
    createdAt: BigInt(row.createdAt),
    config,
    defaults,
    nextGroupId: row.nextGroupId,
  });
}

function knownPlaces(system: System, partitions: readonly { ids: readonly number[] }[]) {
  const known = new Set(partitions.map(({ ids }) => ids.join('/')));
  return ([stream, topic, partition]: readonly [number, number?, number?]): boolean => {
    if (topic === undefined) return system.streams.get(stream) !== undefined;
    if (partition === undefined) return system.streams.get(stream)?.topics.get(topic) !== undefined;
    return known.has(`${stream}/${topic}/${partition}`);
  };
}
