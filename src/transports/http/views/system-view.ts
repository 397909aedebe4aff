// The server's figures, its clients, and the cluster that it is alone in.

import type { ClusterMetadata } from '../../../protocol/commands/get-cluster-metadata.ts';
import type { Client, ClientDetails } from '../../../protocol/primitives/client-details.ts';
import { ClusterNodeRole, ClusterNodeStatus, Transport } from '../../../protocol/primitives/enumerations.ts';
import type { Stats } from '../../../protocol/primitives/stats.ts';
import { sizeText as formatSize } from '../json/size-text.ts';
import { integer, listOf, nullable, record, sizeText, text } from './schema.ts';

const number = { type: 'number' };

export const statsSchema = record(
  {
    process_id: integer,
    cpu_usage: number,
    total_cpu_usage: number,
    memory_usage: sizeText,
    total_memory: sizeText,
    available_memory: sizeText,
    run_time: integer,
    start_time: integer,
    read_bytes: sizeText,
    written_bytes: sizeText,
    messages_size_bytes: sizeText,
    streams_count: integer,
    topics_count: integer,
    partitions_count: integer,
    segments_count: integer,
    messages_count: integer,
    clients_count: integer,
    consumer_groups_count: integer,
    hostname: text,
    os_name: text,
    os_version: text,
    kernel_version: text,
    iggy_server_version: text,
    iggy_server_semver: integer,
    cache_metrics: { type: 'object', additionalProperties: record({ hits: integer, misses: integer, hit_ratio: number }) },
    threads_count: integer,
    free_disk_space: sizeText,
    total_disk_space: sizeText,
  },
  'Stats',
);

const clientProperties = {
  client_id: integer,
  user_id: nullable(integer),
  address: text,
  transport: { type: 'string', enum: Object.keys(Transport) },
  consumer_groups_count: integer,
};

export const clientSchema = record(clientProperties, 'Client');
export const clientDetailsSchema = record(
  { ...clientProperties, consumer_groups: listOf(record({ stream_id: integer, topic_id: integer, group_id: integer })) },
  'ClientDetails',
);

export const clusterSchema = record(
  {
    name: text,
    nodes: listOf(
      record({
        name: text,
        ip: text,
        endpoints: record({ tcp: integer, quic: integer, http: integer, websocket: integer }),
        role: { type: 'string', enum: Object.keys(ClusterNodeRole) },
        status: { type: 'string', enum: Object.keys(ClusterNodeStatus) },
      }),
    ),
  },
  'ClusterMetadata',
);

export function statsView(stats: Stats) {
  return {
    process_id: stats.processId,
    cpu_usage: stats.cpuUsage,
    total_cpu_usage: stats.totalCpuUsage,
    memory_usage: formatSize(stats.memoryUsage),
    total_memory: formatSize(stats.totalMemory),
    available_memory: formatSize(stats.availableMemory),
    run_time: stats.runTime,
    start_time: stats.startTime,
    read_bytes: formatSize(stats.readBytes),
    written_bytes: formatSize(stats.writtenBytes),
    messages_size_bytes: formatSize(stats.messagesSizeBytes),
    streams_count: stats.streamsCount,
    topics_count: stats.topicsCount,
    partitions_count: stats.partitionsCount,
    segments_count: stats.segmentsCount,
    messages_count: stats.messagesCount,
    clients_count: stats.clientsCount,
    consumer_groups_count: stats.consumerGroupsCount,
    hostname: stats.hostname,
    os_name: stats.osName,
    os_version: stats.osVersion,
    kernel_version: stats.kernelVersion,
    iggy_server_version: stats.serverVersion,
    iggy_server_semver: stats.serverSemver,
    cache_metrics: Object.fromEntries(
      stats.cacheMetrics.map(({ streamId, topicId, partitionId, hits, misses, hitRatio }) => [
        `${streamId}-${topicId}-${partitionId}`,
        { hits, misses, hit_ratio: hitRatio },
      ]),
    ),
    threads_count: stats.threadsCount,
    free_disk_space: formatSize(stats.freeDiskSpace),
    total_disk_space: formatSize(stats.totalDiskSpace),
  };
}

export function clientView(client: Client) {
  return {
    client_id: client.clientId,
    user_id: client.userId ?? null,
    address: client.address,
    transport: nameOf(Transport, client.transport),
    consumer_groups_count: client.groupsCount,
  };
}

export function clientDetailsView(client: ClientDetails) {
  const groups = client.groups.map(({ streamId, topicId, groupId }) => ({ stream_id: streamId, topic_id: topicId, group_id: groupId }));
  return { ...clientView({ ...client, groupsCount: groups.length }), consumer_groups: groups };
}

export function clusterView({ name, nodes }: ClusterMetadata) {
  return {
    name,
    nodes: nodes.map((node) => ({
      name: node.name,
      ip: node.host,
      endpoints: { tcp: node.tcpPort, quic: node.quicPort, http: node.httpPort, websocket: node.websocketPort },
      role: nameOf(ClusterNodeRole, node.role),
      status: nameOf(ClusterNodeStatus, node.status),
    })),
  };
}

function nameOf(members: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(members).find((name) => members[name] === value) ?? 'unknown';
}
