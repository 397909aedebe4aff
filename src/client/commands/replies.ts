// What servers tell, in the form in which programs get it: plain.ts makes these of the replies of the wire.
//
// Times are microseconds since 1970, as on the wire; sizes are bytes.

import type {
  ClusterNodeRole,
  ClusterNodeStatus,
  CompressionAlgorithm,
  Transport,
  UserStatus,
} from '../../protocol/primitives/enumerations.ts';
import type { Permissions } from '../../protocol/primitives/permissions.ts';
import type { TypedValue } from '../../protocol/primitives/typed-value.ts';

/** Options by name, as the server keeps them. Classic servers have none. */
export type StoredOptions = ReadonlyMap<string, TypedValue>;

/** A stream in a list. */
export interface StreamInfo {
  /** Given by the server. That of a deleted stream may be given again. */
  id: number;
  /** Unique among the streams. */
  name: string;
  /** Microseconds since 1970. */
  createdAt: number;
  /** How many topics it has. */
  topicsCount: number;
  /** Bytes of all messages. */
  sizeBytes: number;
  /** How many messages all its topics hold. */
  messagesCount: number;
  /** What its creator named. */
  options: StoredOptions;
}

/** A stream with its topics. */
export interface StreamDetails extends StreamInfo {
  /** By ascending id. */
  topics: TopicInfo[];
}

/** A topic in a list. */
export interface TopicInfo {
  /** Given by the server, unique in the stream. That of a deleted topic may be given again. */
  id: number;
  /** Unique in the stream. */
  name: string;
  /** Microseconds since 1970. */
  createdAt: number;
  /** How many partitions it has; their ids are 0 to one less. */
  partitionsCount: number;
  /** Microseconds until a message may be removed; Infinity: never. */
  messageExpiry: number;
  /** Says nothing about the messages: it is kept for clients that ask. */
  compression: CompressionAlgorithm;
  /** Bytes at which the oldest segments go; Infinity: unlimited. */
  maxTopicSize: number;
  /** Classic servers tell it; it has no effect. */
  replicationFactor: number | undefined;
  /** Bytes of all messages. */
  sizeBytes: number;
  /** How many messages all partitions hold. */
  messagesCount: number;
  /** What its creator named. */
  options: StoredOptions;
  /** What the server filled in. */
  derivedOptions: StoredOptions;
}

/** A topic with its partitions. */
export interface TopicDetails extends TopicInfo {
  /** By ascending id. */
  partitions: PartitionInfo[];
}

/** A partition of a topic. */
export interface PartitionInfo {
  /** Counts from 0. */
  id: number;
  /** Microseconds since 1970. */
  createdAt: number;
  /** How many files its log has. */
  segmentsCount: number;
  /** Offset of the last message; 0 when there is none. */
  currentOffset: number;
  /** Bytes of all messages. */
  sizeBytes: number;
  /** How many messages it holds. */
  messagesCount: number;
}

/** A consumer group in a list. */
export interface GroupInfo {
  /** Given by the server, unique in the topic. */
  id: number;
  /** Unique in the topic. */
  name: string;
  /** Of the topic, assigned or not. */
  partitionsCount: number;
  /** How many members it has. */
  membersCount: number;
}

/** A consumer group with its members. */
export interface GroupDetails extends GroupInfo {
  /** In the group's own order. */
  members: GroupMember[];
}

/** A member of a consumer group. */
export interface GroupMember {
  /** The group's own numbering, not the id of a connection. */
  id: number;
  /** Ids of the partitions that it reads. */
  partitions: number[];
}

/** What this connection may read as a member of a group. */
export interface GroupAssignment {
  /** Grows with every change of the group's assignment. */
  generation: number;
  /** Ids of the partitions. */
  partitions: number[];
}

/** The stored offset of a consumer or group in a partition. */
export interface OffsetInfo {
  /** Id of the partition. */
  partition: number;
  /** Offset of the partition's last message. */
  currentOffset: number;
  /** Offset of the last message that was committed: reading with `next` goes on after it. */
  storedOffset: number;
}

/** A user in a list. */
export interface UserInfo {
  /** Given by the server. The root user has 0. */
  id: number;
  /** Unique among the users. */
  username: string;
  /** Microseconds since 1970. */
  createdAt: number;
  /** Whether the user may log in. */
  status: UserStatus;
  /** What its creator named. */
  options: StoredOptions;
}

/** A user with permissions. */
export interface UserDetails extends UserInfo {
  /** Undefined: none at all. */
  permissions: Permissions | undefined;
}

/** A personal access token, without the token itself. */
export interface TokenInfo {
  /** Unique among the user's tokens. */
  name: string;
  /** Microseconds since 1970; 0: never. */
  expiryAt: number;
}

/** A connection in a list. */
export interface ConnectionInfo {
  /** Given by the server to each connection anew. */
  clientId: number;
  /** Undefined when the connection is not logged in. */
  userId: number | undefined;
  /** How it came. */
  transport: Transport;
  /** `ip:port` of the peer. */
  address: string;
  /** How many consumer groups it is a member of. */
  groupsCount: number;
}

/** A connection with its memberships. */
export interface ConnectionDetails extends Omit<ConnectionInfo, 'groupsCount'> {
  /** The consumer groups that it is a member of, by ids. */
  groups: MembershipInfo[];
}

/** A group that a connection is a member of. */
export interface MembershipInfo {
  /** Id of the stream. */
  streamId: number;
  /** Id of the topic. */
  topicId: number;
  /** Id of the group. */
  groupId: number;
}

/** The servers of a cluster; of a server that is alone, itself. */
export interface ClusterInfo {
  /** As the servers are configured. */
  name: string;
  /** All that are known. */
  nodes: ClusterNodeInfo[];
}

/** A server of a cluster. */
export interface ClusterNodeInfo {
  /** As it is configured. */
  name: string;
  /** IP address or host name. */
  host: string;
  /** 0: not that way. */
  tcpPort: number;
  /** 0: not that way. */
  quicPort: number;
  /** 0: not that way. */
  httpPort: number;
  /** 0: not that way. */
  websocketPort: number;
  /** Leaders take writes. */
  role: ClusterNodeRole;
  /** How it is. */
  status: ClusterNodeStatus;
}

/** An option that streams, topics or users take. */
export interface OptionInfo {
  /** Its name. */
  key: string;
  /** Kind of its values: 1 raw, 2 string, 3 bool, 4 to 8 int8 to int128, 9 to 13 uint8 to uint128, 14 float32, 15 float64. */
  kind: number;
  /** Encoded as the kind says, numbers little-endian; empty when there is no default. */
  defaultBytes: Uint8Array;
  /** A sentence. */
  description: string;
}

/** What a server tells of itself and its machine. */
export interface ServerStats {
  /** Of the operating system. */
  processId: number;
  /** Of the process, in percent of one processor. */
  cpuUsage: number;
  /** Of the machine, in percent. */
  totalCpuUsage: number;
  /** Resident bytes of the process. */
  memoryUsage: number;
  /** Bytes of the machine. */
  totalMemory: number;
  /** Bytes that are free on the machine. */
  availableMemory: number;
  /** Microseconds since the start. */
  runTime: number;
  /** Microseconds since 1970. */
  startTime: number;
  /** Bytes that the process has read from disks. */
  readBytes: number;
  /** Bytes that the process has written to disks. */
  writtenBytes: number;
  /** Bytes of all messages. */
  messagesSizeBytes: number;
  /** How many streams there are. */
  streamsCount: number;
  /** How many topics there are. */
  topicsCount: number;
  /** How many partitions there are. */
  partitionsCount: number;
  /** How many segments there are. */
  segmentsCount: number;
  /** How many messages there are. */
  messagesCount: number;
  /** How many connections there are. */
  clientsCount: number;
  /** How many consumer groups there are. */
  consumerGroupsCount: number;
  /** Of the machine. */
  hostname: string;
  /** Of the machine. */
  osName: string;
  /** Of the machine. */
  osVersion: string;
  /** Of the machine. */
  kernelVersion: string;
  /** `major.minor.patch`. */
  serverVersion: string;
  /** major · 10⁶ + minor · 10³ + patch; 0 when the server does not tell. */
  serverSemver: number;
  /** Of partitions whose messages the server caches; none on Galgo. */
  cacheMetrics: CacheInfo[];
  /** Of the process. */
  threadsCount: number;
  /** Bytes that are free where the data is. */
  freeDiskSpace: number;
  /** Bytes of the file system where the data is. */
  totalDiskSpace: number;
}

/** How well a partition's cache does. */
export interface CacheInfo {
  /** Id of the stream. */
  streamId: number;
  /** Id of the topic. */
  topicId: number;
  /** Id of the partition. */
  partitionId: number;
  /** Reads that the cache answered. */
  hits: number;
  /** Reads that it did not. */
  misses: number;
  /** 0 to 1. */
  hitRatio: number;
}
