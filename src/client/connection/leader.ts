// Clusters: writes are the leader's business, so a client that reached another node goes on to the leader, as the official SDKs do. A server that stands alone names one node.

import type { ClusterMetadata } from '../../protocol/commands/get-cluster-metadata.ts';
import type { ClusterNode } from '../../protocol/primitives/cluster-node.ts';
import { ClusterNodeRole, ClusterNodeStatus } from '../../protocol/primitives/enumerations.ts';
import type { ServerAddress } from '../transport/transport.ts';

/** Undefined: the cluster has no healthy leader now. `here`: this is the leader, or there is no cluster. */
export function leaderOf({ nodes }: ClusterMetadata, here: ServerAddress): ServerAddress | 'here' | undefined {
  if (nodes.length <= 1) return 'here';
  const leader = nodes.find(({ role, status }) => role === ClusterNodeRole.leader && status === ClusterNodeStatus.healthy);
  if (leader === undefined) return undefined;
  const there = { ...here, host: leader.host, port: portOf(leader, here.transport) };
  return there.port === 0 || isSame(there, here) ? 'here' : there;
}

function portOf(node: ClusterNode, transport: ServerAddress['transport']): number {
  switch (transport) {
    case 'tcp':
      return node.tcpPort;
    case 'websocket':
      return node.websocketPort;
    case 'quic':
      return node.quicPort;
  }
}

function isSame(a: ServerAddress, b: ServerAddress): boolean {
  return a.port === b.port && normalised(a.host) === normalised(b.host);
}

function normalised(host: string): string {
  const name = host.toLowerCase();
  if (name === 'localhost') return '127.0.0.1';
  return name === '::' || name === '[::]' ? '::1' : name.replace(/^\[|\]$/g, '');
}
