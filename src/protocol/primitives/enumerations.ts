// Enumerations of one byte each. Unknown values are error 3.

import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';

/**
 * Compression that a topic names. Servers do not compress.
 *
 * @enum
 */
export const CompressionAlgorithm = { none: 1, gzip: 2 } as const;
/** A value of CompressionAlgorithm. */
export type CompressionAlgorithm = (typeof CompressionAlgorithm)[keyof typeof CompressionAlgorithm];

/**
 * Inactive users cannot log in.
 *
 * @enum
 */
export const UserStatus = { active: 1, inactive: 2 } as const;
/** A value of UserStatus. */
export type UserStatus = (typeof UserStatus)[keyof typeof UserStatus];

/**
 * How a client came.
 *
 * @enum
 */
export const Transport = { tcp: 1, quic: 2, http: 3, websocket: 4 } as const;
/** A value of Transport. */
export type Transport = (typeof Transport)[keyof typeof Transport];

/**
 * Compression of a snapshot's ZIP archive.
 *
 * @enum
 */
export const SnapshotCompression = { stored: 1, deflated: 2, bzip2: 3, zstd: 4, lzma: 5, xz: 6 } as const;
/** A value of SnapshotCompression. */
export type SnapshotCompression = (typeof SnapshotCompression)[keyof typeof SnapshotCompression];

/**
 * Parts of a snapshot.
 *
 * @enum
 */
export const SnapshotType = {
  filesystemOverview: 1,
  processList: 2,
  resourceUsage: 3,
  test: 4,
  serverLogs: 5,
  serverConfig: 6,
  all: 100,
} as const;
/** A value of SnapshotType. */
export type SnapshotType = (typeof SnapshotType)[keyof typeof SnapshotType];

/**
 * What a server of a cluster does.
 *
 * @enum
 */
export const ClusterNodeRole = { leader: 0, follower: 1 } as const;
/** A value of ClusterNodeRole. */
export type ClusterNodeRole = (typeof ClusterNodeRole)[keyof typeof ClusterNodeRole];

/**
 * How a server of a cluster is. A server writes all but `unknown`, which some clients refuse.
 *
 * @enum
 */
export const ClusterNodeStatus = { healthy: 0, starting: 1, stopping: 2, unreachable: 3, maintenance: 4, unknown: 5 } as const;
/** A value of ClusterNodeStatus. */
export type ClusterNodeStatus = (typeof ClusterNodeStatus)[keyof typeof ClusterNodeStatus];

/**
 * What DescribeOptions describes (VSR).
 *
 * @enum
 */
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
