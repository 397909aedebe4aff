// What the client for Node and the one for browsers have in common: all but `connect`.

// biome-ignore-all lint/performance/noBarrelFile: part of entries of the package; nothing else imports this file.
export type { Generation } from '../protocol/command.ts';
export { CompressionAlgorithm, SnapshotCompression, SnapshotType, UserStatus } from '../protocol/primitives/enumerations.ts';
export type { Identifier } from '../protocol/primitives/identifier.ts';
export type { Partitioning } from '../protocol/primitives/partitioning.ts';
export type { Permissions, StreamPermissions, TopicPermissions } from '../protocol/primitives/permissions.ts';
export type { TypedValue } from '../protocol/primitives/typed-value.ts';
export type { Client, ClientEvents } from './client.ts';
export type { GroupAddress } from './commands/groups.ts';
export type { ConsumerName, PollFrom, PollRequest, PollResult, SendRequest, SentBatch } from './commands/messages.ts';
export type { Plain } from './commands/plain.ts';
export type { OptionValues } from './commands/run.ts';
export type { NewTopic, TopicAddress, TopicChoices } from './commands/topics.ts';
export type { NewUser } from './commands/users.ts';
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
