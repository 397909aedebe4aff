// What the client for Node and the one for browsers have in common: all but `connect`.

// biome-ignore-all lint/performance/noBarrelFile: part of entries of the package; nothing else imports this file.
export type { Generation } from '../protocol/command.ts';
export {
  ClusterNodeRole,
  ClusterNodeStatus,
  CompressionAlgorithm,
  SnapshotCompression,
  SnapshotType,
  Transport,
  UserStatus,
} from '../protocol/primitives/enumerations.ts';
export type { Identifier } from '../protocol/primitives/identifier.ts';
export type { Partitioning } from '../protocol/primitives/partitioning.ts';
export type { GlobalPermissions, Permissions, StreamPermissions, TopicPermissions } from '../protocol/primitives/permissions.ts';
export type { TypedValue } from '../protocol/primitives/typed-value.ts';
export type { Client, ClientEvents } from './client.ts';
export type { GroupAddress, Groups } from './commands/groups.ts';
export type { ConsumerName, Messages, PollFrom, PollRequest, PollResult, SendRequest, SentBatch } from './commands/messages.ts';
export type {
  CacheInfo,
  ClusterInfo,
  ClusterNodeInfo,
  ConnectionDetails,
  ConnectionInfo,
  GroupAssignment,
  GroupDetails,
  GroupInfo,
  GroupMember,
  MembershipInfo,
  OffsetInfo,
  OptionInfo,
  PartitionInfo,
  ServerStats,
  StoredOptions,
  StreamDetails,
  StreamInfo,
  TokenInfo,
  TopicDetails,
  TopicInfo,
  UserDetails,
  UserInfo,
} from './commands/replies.ts';
export type { OptionValues } from './commands/run.ts';
export type { Streams } from './commands/streams.ts';
export type { System } from './commands/system.ts';
export type { Tokens } from './commands/tokens.ts';
export type { NewTopic, TopicAddress, TopicChoices, Topics } from './commands/topics.ts';
export type { NewUser, Users } from './commands/users.ts';
export type { CallOptions } from './connection/call.ts';
export {
  AlreadyExistsError,
  ArgumentError,
  AuthenticationError,
  ClientError,
  ClosedError,
  ConnectionError,
  LimitError,
  NotFoundError,
  type Outcome,
  PermissionError,
  ProtocolViolationError,
  ServerError,
  TimeoutError,
} from './connection/errors.ts';
export type { ClientOptions, QuicOptions, ReconnectOptions, WebSocketOptions } from './connection/options.ts';
export type { Consumer } from './consumer/consumer.ts';
export type { CommitPolicy, ConsumerOptions } from './consumer/options.ts';
export type { OutgoingMessage, ReceivedMessage } from './message/message.ts';
export type { Value } from './message/typed.ts';
export type { SendResult } from './producer/batch.ts';
export type { ProducerPartitioning } from './producer/partitioner.ts';
export type { Producer, ProducerOptions } from './producer/producer.ts';
export { type Compressor, compression, type MessageBody, type MessageTransform } from './transform/message-transform.ts';
export type { TlsOptions } from './transport/tls.ts';
export type { ServerAddress, TransportName } from './transport/transport.ts';
