// Consumer routing (VSR, clusters): where a consumer's polls or offset writes go
//   session       consumer session, to be attached there
//   node          cluster node: the partition's primary

import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { type ClusterNode, readClusterNode, writeClusterNode } from './cluster-node.ts';
import { type ConsumerSession, readConsumerSession, writeConsumerSession } from './consumer-session.ts';

export interface ConsumerRouting {
  session: ConsumerSession;
  node: ClusterNode;
}

export function readConsumerRouting(reader: Reader): ConsumerRouting {
  return { session: readConsumerSession(reader), node: readClusterNode(reader) };
}

export function writeConsumerRouting(writer: Writer, routing: ConsumerRouting): void {
  writeConsumerSession(writer, routing.session);
  writeClusterNode(writer, routing.node);
}
