// What the control thread and a worker tell each other. Messages of one direction arrive in their order, which much here relies on: what a worker must know before a reply leaves
// is told before the reply.

import type { RequestFigures } from '../observability/request-meter.ts';
import type { FinishedRequest } from '../observability/request-tracing.ts';
import type { Generation } from '../protocol/command.ts';
import type { Identifier } from '../protocol/primitives/identifier.ts';
import type { Permissions } from '../protocol/primitives/permissions.ts';
import type { TransportName } from '../streaming/clients.ts';
import type { SendWindowContents, TopicKey } from '../streaming/send-window.ts';
import type { LateSend } from '../streaming/send-windows.ts';
import type { ControlOutcome } from '../transports/control.ts';
import type { MovingConnection } from '../transports/moving-connection.ts';
import type { QuicFromWorker, QuicToWorker } from './quic-messages.ts';

/** What a worker knows of users, streams and topics that are new or others than before, and of those that are gone. */
export interface ViewChanges {
  users: { id: number; name: string; permissions: Permissions | undefined }[];
  usersGone: number[];
  streams: { id: number; name: string; createdAt: bigint }[];
  streamsGone: number[];
  topics: (TopicKey & { name: string /** Handles by partition id. */; partitions: number[] })[];
  topicsGone: TopicKey[];
}

/** A login as it is from now on. */
export interface LoginState {
  client: number;
  userId: number | undefined;
  /** Of a VSR client, with the window that remembers its sends. */
  session: { clientId: bigint; number: bigint; key: bigint; window: SendWindowContents } | undefined;
}

/** A ControlOutcome whose body has memory of its own. */
export type SentOutcome = Exclude<ControlOutcome, { kind: 'reply' }> | { kind: 'reply'; body: Uint8Array<ArrayBuffer> };

/** A client that another worker served until now. */
export interface MovedClient {
  connection: MovingConnection;
  presentedClientId: bigint;
  login: LoginState | undefined;
  /** The server has begun to stop, and its connections with it. */
  ends: 'stop' | 'destroy' | undefined;
}

/** How a poll ended that the control thread carried out. */
export type PollAnswer =
  | { kind: 'failed'; status: number }
  | { kind: 'nothing'; partitionId: number }
  /** `record`: the completion; its slot was passed. */
  | { kind: 'polled'; partitionId: number; record: Uint32Array<ArrayBuffer> };

/** `epoch`, where there is one: what the worker's view has reached when the message has been applied. */
export type ToWorker =
  | { kind: 'view'; epoch: number; changes: ViewChanges }
  | { kind: 'login'; epoch: number | undefined; login: LoginState }
  | { kind: 'socket'; descriptor: number; client: number; address: string; moved: MovedClient | undefined }
  /** The client is to go on with the worker of this number. */
  | { kind: 'move'; client: number; to: number }
  | { kind: 'outcome'; request: number; outcome: SentOutcome; stream: Identifier | undefined; topic: Identifier | undefined }
  | { kind: 'answer'; request: number; answer: PollAnswer }
  | { kind: 'stale'; client: number; clientId: bigint | undefined }
  | { kind: 'sent'; send: LateSend }
  | { kind: 'quic'; message: QuicToWorker }
  /** Figures are wanted now; `told` follows them. */
  | { kind: 'tell' }
  | { kind: 'stop-connections' }
  | { kind: 'destroy-connections' }
  | { kind: 'end' };

/** Messages and bytes in, messages and bytes out. */
export type TrafficFigures = [number, number, number, number];

/** What a worker has counted since it last told. */
export interface WorkerFigures {
  /** Of all topics, also of those that are gone. */
  total: TrafficFigures;
  topics: { topic: TopicKey; traffic: TrafficFigures }[];
  /** Bytes in and out. */
  transports: { transport: TransportName; bytesIn: number; bytesOut: number }[];
  requests: RequestFigures[];
  /** Clients that asked for something, and when: numbers in pairs. */
  seen: Float64Array<ArrayBuffer>;
}

export type FromWorker =
  | { kind: 'ready' }
  | { kind: 'connected'; client: number; transport: TransportName; address: string }
  | { kind: 'disconnected'; client: number }
  | { kind: 'quic'; message: QuicFromWorker }
  /** The client is the control thread's to hand on to the worker `to`; `descriptor` is one of its socket. */
  | {
      kind: 'moved';
      client: number;
      to: number;
      descriptor: number;
      connection: MovingConnection;
      presentedClientId: bigint;
      lastSeenMs: number;
    }
  /** A `stale` came here for a client that is here no longer. */
  | { kind: 'stale'; client: number; clientId: bigint | undefined }
  | {
      kind: 'command';
      request: number;
      client: number;
      generation: Generation;
      code: number;
      body: Uint8Array<ArrayBuffer>;
      /** Of a login. */
      presentedClientId: bigint;
    }
  | {
      kind: 'poll';
      request: number;
      client: number;
      generation: Generation;
      body: Uint8Array<ArrayBuffer>;
      headroom: number;
      bytesMax: number;
      /** Of one that waits: the number that takes it back. */
      waits: bigint | undefined;
    }
  /** Nobody wants the answer of a poll that waits. */
  | { kind: 'abandon'; poll: number }
  | { kind: 'window'; key: bigint; window: SendWindowContents }
  | { kind: 'sent'; send: LateSend }
  /** Windows can hardly grow any more. */
  | { kind: 'room' }
  | { kind: 'changed'; partitions: number[] }
  | { kind: 'refused'; reason: string }
  | { kind: 'figures'; figures: WorkerFigures }
  | { kind: 'told' }
  | { kind: 'spans'; requests: FinishedRequest[] }
  | { kind: 'log'; line: string };
