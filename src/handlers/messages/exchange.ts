// A send or a poll as its handler sees it: the request's bytes, and the ways to answer. Transports implement it once for each generation, so that
// the handlers know neither sockets nor frames. Exactly one of the answers is given, once, at once or later.

import type { Generation } from '../../protocol/command.ts';
import type { Completion } from '../../storage/engine.ts';
import type { ClientRecord } from '../../streaming/clients.ts';
import type { MessageTopic } from '../../streaming/message-topic.ts';

/** Where the body of a request lies. */
export interface RequestBody {
  readonly bytes: Buffer;
  readonly bodyStart: number;
  readonly end: number;
}

export interface Exchange extends RequestBody {
  readonly generation: Generation;
  readonly client: ClientRecord;
  /** Memory of the request. Valid until the handler returns, or until the answer if `slot` names a slot. */
  readonly bytes: Buffer;
  readonly slot: number;
  readonly bodyStart: number;
  readonly end: number;
  /** Where the VSR request header starts, or -1. */
  readonly headerStart: number;
  /** Bytes that must stay free before a poll's messages. */
  readonly pollHeadroom: number;
  /** Most bytes of messages in one reply. */
  readonly pollBytesMax: number;
  /** What the request is about. Set by its handler once that is known. */
  topic: MessageTopic | undefined;

  fail(status: number): void;
  /** A batch is stored from this offset on. */
  appended(streamId: number, topicId: number, partitionId: number, offset: number): void;
  /** Messages, or none: `completion` holds the current offset, and the slot if there are messages. */
  polled(partitionId: number, completion: Completion): void;
  /** A poll that no partition answers: a group member without partitions, or one that must synchronise (`partitionId` 0xffffffff). */
  polledNothing(partitionId: number): void;
}

/** One that may be answered long after others which came later. */
export interface WaitingExchange extends Exchange {
  /** Number of the request. */
  readonly request: bigint;
  /** The request waits for something that may never come: the connection must not be held up by it. `abandon` ends the wait when nobody wants the answer any more. */
  park(abandon: () => void): void;
  /** The answer is being made. */
  unpark(): void;
}
