// Ping, statistics, clients, the one-node cluster, and what options there are.

import { describeOptions } from '../protocol/commands/describe-options.ts';
import { getClient } from '../protocol/commands/get-client.ts';
import { getClients } from '../protocol/commands/get-clients.ts';
import { type ClusterMetadata, getClusterMetadata } from '../protocol/commands/get-cluster-metadata.ts';
import { getMe } from '../protocol/commands/get-me.ts';
import { getStats } from '../protocol/commands/get-stats.ts';
import { ping } from '../protocol/commands/ping.ts';
import type { Client, ClientDetails } from '../protocol/primitives/client-details.ts';
import { OptionScope, Transport } from '../protocol/primitives/enumerations.ts';
import type { Stats } from '../protocol/primitives/stats.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { ClientRecord } from '../streaming/clients.ts';
import type { ProcessStats } from '../streaming/process-stats.ts';
import type { System } from '../streaming/system.ts';
import { describeTopicOptions } from '../streaming/topic-settings.ts';
import { type Handler, handler, publicHandler } from './handler.ts';

/** What handlers know of the server around the system. */
export interface SystemFacts {
  readonly version: string;
  readonly processStats: () => ProcessStats;
  /** The one node, with the ports that are bound. */
  readonly cluster: () => ClusterMetadata;
  readonly dataPath: string;
  /** Of each transport. */
  readonly connectionsMax: number;
  /** Milliseconds that a poll may wait for messages; 0: none may. */
  readonly longestWaitMs: number;
  /** The last lines of the log. */
  readonly recentLog: () => string;
}

export function systemHandlers(facts: SystemFacts): Handler[] {
  return [
    publicHandler(ping, () => undefined),

    handler(getStats, ({ system, client }) => {
      system.users.authorize(client.userId, 'read-servers');
      return { ...facts.processStats(), ...contentStats(system) };
    }),

    handler(getClusterMetadata, () => facts.cluster()),

    handler(describeOptions, ({ system }, { scope }) => (scope === OptionScope.topic ? describeTopicOptions(system.defaults) : [])),

    handler(getMe, ({ client }) => clientDetails(client)),

    handler(getClient, ({ system, client }, { clientId }) => {
      system.users.authorize(client.userId, 'read-servers');
      if (clientId === 0) throw new ProtocolError('invalid-client-id');
      const found = system.clients.get(clientId);
      return found && clientDetails(found);
    }),

    handler(getClients, ({ system, client }) => {
      system.users.authorize(client.userId, 'read-servers');
      return system.clients.list().map(clientSummary);
    }),
  ];
}

function contentStats(system: System): Omit<Stats, keyof ProcessStats> {
  const streams = system.streams.list();
  const topics = streams.flatMap((stream) => stream.topics.list());
  const partitions = topics.flatMap((topic) => topic.partitions);
  const sums = { messages: 0, logicalBytes: 0, segments: 0 };
  for (const { handle } of partitions) {
    const stats = system.engine.stats(handle);
    sums.messages += stats.messages;
    sums.logicalBytes += stats.logicalBytes;
    sums.segments += stats.segments;
  }
  return {
    messagesSizeBytes: BigInt(sums.logicalBytes),
    streamsCount: streams.length,
    topicsCount: topics.length,
    partitionsCount: partitions.length,
    segmentsCount: sums.segments,
    messagesCount: BigInt(sums.messages),
    clientsCount: system.clients.size,
    consumerGroupsCount: topics.reduce((count, topic) => count + topic.groups.size, 0),
    // The page cache is the only cache, and it tells nobody.
    cacheMetrics: [],
  };
}

function clientSummary(client: ClientRecord): Client {
  return {
    clientId: client.id,
    userId: client.userId,
    transport: transportNumber(client),
    address: client.address,
    groupsCount: client.memberships.size,
  };
}

function clientDetails(client: ClientRecord): ClientDetails {
  const groups = [...client.memberships].map(({ topic, group }) => ({ streamId: topic.streamId, topicId: topic.id, groupId: group.id }));
  return { clientId: client.id, userId: client.userId, transport: transportNumber(client), address: client.address, groups };
}

/** The protocol has no number for a client without a socket, and clients refuse those that they do not know. */
function transportNumber({ transport }: ClientRecord): Transport {
  return Transport[transport === 'in-process' ? 'tcp' : transport];
}
