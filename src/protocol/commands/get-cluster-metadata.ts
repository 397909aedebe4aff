// GetClusterMetadata (code 12)
//   empty
// → name        u32 length, UTF-8
//   nodes       u32 count · count × cluster node

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type ClusterNode, readClusterNode, writeClusterNode } from '../primitives/cluster-node.ts';

/** With several nodes clients look for a healthy leader and reconnect to it; with one they stay. */
export interface ClusterMetadata {
  name: string;
  nodes: ClusterNode[];
}

export const getClusterMetadata: Command<void, ClusterMetadata> = {
  name: 'GetClusterMetadata',
  code: 12,
  operation: Operation.nonReplicated,

  encodeRequest() {},
  decodeRequest() {},

  encodeReply(writer, metadata) {
    writer.longText(metadata.name).u32(metadata.nodes.length);
    for (const node of metadata.nodes) writeClusterNode(writer, node);
  },

  decodeReply(reader) {
    const name = reader.longText();
    const nodes: ClusterNode[] = [];
    for (let left = reader.u32(); left > 0; left--) nodes.push(readClusterNode(reader));
    return { name, nodes };
  },
};
