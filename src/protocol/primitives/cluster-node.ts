// Cluster node
//   name          u32 length, UTF-8
//   host          u32 length, UTF-8: IP address or host name, without port
//   ports         TCP, QUIC, HTTP, WebSocket: 4 × u16, 0 when disabled
//   role          u8: 0 leader, 1 follower
//   status        u8: 0 healthy, 1 starting, 2 stopping, 3 unreachable, 4 maintenance, 5 unknown

import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { ClusterNodeRole, ClusterNodeStatus, readMember } from './enumerations.ts';

export interface ClusterNode {
  name: string;
  /** IP address or host name. */
  host: string;
  tcpPort: number;
  quicPort: number;
  httpPort: number;
  websocketPort: number;
  role: ClusterNodeRole;
  status: ClusterNodeStatus;
}

export function readClusterNode(reader: Reader): ClusterNode {
  return {
    name: reader.longText(),
    host: reader.longText(),
    tcpPort: reader.u16(),
    quicPort: reader.u16(),
    httpPort: reader.u16(),
    websocketPort: reader.u16(),
    role: readMember(reader, ClusterNodeRole, 'cluster node role'),
    status: readMember(reader, ClusterNodeStatus, 'cluster node status'),
  };
}

export function writeClusterNode(writer: Writer, node: ClusterNode): void {
  writer.longText(node.name).longText(node.host);
  writer.u16(node.tcpPort).u16(node.quicPort).u16(node.httpPort).u16(node.websocketPort);
  writer.u8(node.role).u8(node.status);
}
