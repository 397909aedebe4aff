// Enumerations of one byte each. Unknown values are error 3.

import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';

export const CompressionAlgorithm = { none: 1, gzip: 2 } as const;
export type CompressionAlgorithm = (typeof CompressionAlgorithm)[keyof typeof CompressionAlgorithm];

export const UserStatus = { active: 1, inactive: 2 } as const;
export type UserStatus = (typeof UserStatus)[keyof typeof UserStatus];

export const Transport = { tcp: 1, quic: 2, http: 3, websocket: 4 } as const;
export type Transport = (typeof Transport)[keyof typeof Transport];

export const SnapshotCompression = { stored: 1, deflated: 2, bzip2: 3, zstd: 4, lzma: 5, xz: 6 } as const;
export type SnapshotCompression = (typeof SnapshotCompression)[keyof typeof SnapshotCompression];

export const SnapshotType = {
  filesystemOverview: 1,
  processList: 2,
  resourceUsage: 3,
  test: 4,
  serverLogs: 5,
  serverConfig: 6,
  all: 100,
} as const;
export type SnapshotType = (typeof SnapshotType)[keyof typeof SnapshotType];

export const ClusterNodeRole = { leader: 0, follower: 1 } as const;
export type ClusterNodeRole = (typeof ClusterNodeRole)[keyof typeof ClusterNodeRole];

/** A server writes all but `unknown`, which some clients refuse. */
export const ClusterNodeStatus = { healthy: 0, starting: 1, stopping: 2, unreachable: 3, maintenance: 4, unknown: 5 } as const;
export type ClusterNodeStatus = (typeof ClusterNodeStatus)[keyof typeof ClusterNodeStatus];

/** What DescribeOptions describes (VSR). */
export const OptionScope = { topic: 1, stream: 2, user: 3 } as const;
export type OptionScope = (typeof OptionScope)[keyof typeof OptionScope];

/** Reads a byte that must be one of the members' values. Throws 3 for any other. */
export function readMember<Value extends number>(reader: Reader, members: Readonly<Record<string, Value>>, what: string): Value {
  const value = reader.u8();
  for (const name in members) {
    const member = members[name] as Value;
    if (member === value) return member;
  }
  throw new ProtocolError('invalid-command', `${what} ${value}`);
}
