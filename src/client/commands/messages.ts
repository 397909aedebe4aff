// Sending and polling by hand, and stored offsets. Producers and consumers are built on these.

import { decodeClassicMessages, writeClassicMessages } from '../../protocol/batch/classic-messages.ts';
import type { Message, Xxh3 } from '../../protocol/batch/message.ts';
import { decodeBatches, writeBatch } from '../../protocol/batch/vsr-batch.ts';
import type { Command } from '../../protocol/command.ts';
import { deleteConsumerOffset } from '../../protocol/commands/delete-consumer-offset.ts';
import { getConsumerOffset } from '../../protocol/commands/get-consumer-offset.ts';
import { type PolledMessages, type PollMessagesRequest, pollMessages, resyncPartition } from '../../protocol/commands/poll-messages.ts';
import { type SendConfirmation, type SendTarget, sendMessages, writeSendTarget } from '../../protocol/commands/send-messages.ts';
import { storeConsumerOffset } from '../../protocol/commands/store-consumer-offset.ts';
import { waitForMessages } from '../../protocol/commands/wait-for-messages.ts';
import { type Consumer, ConsumerKind } from '../../protocol/primitives/consumer.ts';
import type { Identifier } from '../../protocol/primitives/identifier.ts';
import type { Partitioning } from '../../protocol/primitives/partitioning.ts';
import { PollingKind, type PollingStrategy } from '../../protocol/primitives/polling-strategy.ts';
import { ProtocolError } from '../../protocol/protocol-error.ts';
import type { CallOptions } from '../connection/call.ts';
import type { RequestOptions } from '../connection/connection.ts';
import { argumentError, ProtocolViolationError } from '../connection/errors.ts';
import { duration, whole } from '../connection/options.ts';
import { sleep } from '../connection/timers.ts';
import type { Hashes } from '../message/hash.ts';
import { createIdSource, type OutgoingMessage, ReceivedMessage, wireMessage } from '../message/message.ts';
import type { MessageTransform } from '../transform/message-transform.ts';
import { isUnknownCommand, type ServerExtensions } from './extensions.ts';
import { plain, safeNumber } from './plain.ts';
import type { OffsetInfo } from './replies.ts';
import { type Requester, repeatable } from './run.ts';
import type { TopicAddress } from './topics.ts';

/** Where reading begins: by offset, by time in microseconds since 1970, at an end, or after the stored offset. */
export type PollFrom =
  | {
      /** Of the first message. */
      offset: number;
    }
  | {
      /** The first message of that time or later, microseconds since 1970. */
      timestamp: number;
    }
  | 'first'
  | 'last'
  | 'next';

/** A single consumer needs not exist; a group does. */
export type ConsumerName =
  | {
      /** Name or id. */
      consumer: Identifier;
    }
  | {
      /** Name or id. */
      group: Identifier;
    };

/** What to read. */
export interface PollRequest extends TopicAddress {
  /** Where to begin. */
  from: PollFrom;
  /** Default: consumer 1. */
  as?: ConsumerName;
  /** Default: 0 for a consumer; for a group the member's next one (classic alone). */
  partition?: number;
  /** At most so many messages. Default 100. */
  count?: number;
  /** The server stores the offset of the last message that it returns, whether or not the reply arrives. */
  autoCommit?: boolean;
  /**
   * Milliseconds to wait until there are messages. Default 0. A server that lets polls wait is asked once, or again after the longest wait that it allows; others are asked at
   * intervals. The result is empty at the end of the wait, and earlier if the partition was purged, the group was rebalanced, or the server has no room for one more that waits.
   */
  waitMs?: number;
  /** So many messages end the wait. Default 1; servers that do not let polls wait know no more than 1. */
  minMessages?: number;
}

/** What was read. */
export interface PollResult {
  /** 0xffffffff tells a group's member to synchronise (VSR). */
  partition: number;
  /** Of the partition's last message; 0 when there is none. */
  currentOffset: number;
  /** By ascending offset; none when there are no more. */
  messages: ReceivedMessage[];
}

/** What to send. */
export interface SendRequest extends TopicAddress {
  /** At least one. They are stored together or not at all. */
  messages: readonly OutgoingMessage[];
  /** Default: the server's choice. Keys and partitions of single messages are for producers, which sort them. */
  partitioning?: Partitioning;
}

/** Where messages went. */
export interface SentBatch {
  /** Id of the partition. */
  partition: number;
  /** Of the first message; the others follow without a gap. */
  offset: number;
}

/** Between two polls of a wait that the server does not take over; the first doubles until it reaches the second. */
const pollDelayMs = { min: 5, max: 100 };

/** Sending and polling by hand, and stored offsets: `client.messages`. */
export class Messages {
  readonly #requester: Requester;
  readonly #hashes: Hashes;
  readonly #extensions: ServerExtensions;
  readonly #transforms: readonly MessageTransform[];
  readonly #nextId = createIdSource();

  constructor(requester: Requester, hashes: Hashes, extensions: ServerExtensions, transforms: readonly MessageTransform[]) {
    this.#requester = requester;
    this.#hashes = hashes;
    this.#extensions = extensions;
    this.#transforms = transforms;
  }

  /**
   * One request with all the messages. Undefined: the server does not tell (classic servers never do). After a lost connection it fails with outcome `unknown`; a producer
   * knows better.
   */
  send(request: SendRequest, options: CallOptions = {}): Promise<SentBatch | undefined> {
    const { messages, partitioning = { kind: 'balanced' }, ...address } = request;
    const now = BigInt(Date.now()) * 1000n;
    const wire = refusing(() => messages.map((message) => wireMessage(message, this.#nextId, now, this.#transforms)));
    return sendBatch(this.#requester, this.#hashes.xxh3, address, wire, partitioning, { ...options, repeatable: false });
  }

  /** An aborted signal ends the wait too, here and in the server. `timeoutMs` counts from the end of the wait. */
  async poll(request: PollRequest, options: CallOptions = {}): Promise<PollResult> {
    const waitMs = duration('waitMs', request.waitMs ?? 0);
    const minMessages = whole('minMessages', request.minMessages ?? 1, 1, 2 ** 32 - 1);
    if (waitMs === 0) return this.#poll(request, options);
    const deadlineMs = performance.now() + waitMs;
    for (let emptyPolls = 0; ; ) {
      const beganMs = performance.now();
      const leftMs = Math.max(0, deadlineMs - beganMs);
      const serverWaitMs = Math.ceil(Math.min(leftMs, await unlessAborted(this.longestWaitMs(), options.signal)));
      const result = await this.#pollWaiting(request, serverWaitMs, minMessages, options);
      const nowMs = performance.now();
      if (result.messages.length > 0 || result.partition === resyncPartition || nowMs >= deadlineMs) return result;
      if (serverWaitMs > 0) {
        if (!waited(serverWaitMs, nowMs - beganMs)) return result;
      } else {
        const delayMs = Math.min(deadlineMs - nowMs, pollDelayMs.max, pollDelayMs.min * 2 ** Math.min(emptyPolls++, 20));
        await unlessAborted(sleep(delayMs), options.signal);
      }
    }
  }

  /** Milliseconds that the server lets a poll wait; 0: polls do not wait there. */
  longestWaitMs(): Promise<number> {
    return this.#extensions.longestWaitMs();
  }

  /** Undefined: none is stored. */
  async getOffset(
    request: TopicAddress & { as: ConsumerName; partition?: number },
    options?: CallOptions,
  ): Promise<OffsetInfo | undefined> {
    return plain(await this.#requester.request(getConsumerOffset, offsetTarget(request), repeatable(options)));
  }

  /** Reading with `next` goes on after this offset. */
  storeOffset(request: TopicAddress & { as: ConsumerName; partition?: number; offset: number }, options?: CallOptions): Promise<void> {
    return this.#requester.request(storeConsumerOffset, { ...offsetTarget(request), offset: BigInt(request.offset) }, repeatable(options));
  }

  /** Reading with `next` begins with the first message again. Rejects with NotFoundError when none is stored. */
  deleteOffset(request: TopicAddress & { as: ConsumerName; partition?: number }, options?: CallOptions): Promise<void> {
    return this.#requester.request(deleteConsumerOffset, offsetTarget(request), { ...options, repeatable: false });
  }

  async #pollWaiting(request: PollRequest, waitMs: number, minMessages: number, options: CallOptions): Promise<PollResult> {
    if (waitMs === 0) return this.#poll(request, options);
    const wire = { ...wirePoll(request), waitMs, messages: minMessages };
    try {
      return this.#result(await this.#requester.request(waitForMessages, wire, { ...options, waitMs, repeatable: mayPollAgain(request) }));
    } catch (error) {
      if (!isUnknownCommand(error)) throw error;
      // The poll outlived a connection, and the next one leads to another server.
      this.#extensions.forget();
      return this.#poll(request, options);
    }
  }

  async #poll(request: PollRequest, options: CallOptions): Promise<PollResult> {
    return this.#result(await this.#requester.request(pollMessages, wirePoll(request), { ...options, repeatable: mayPollAgain(request) }));
  }

  #result(reply: PolledMessages): PollResult {
    const messages = this.#decode(reply.batch).map((message) => new ReceivedMessage(message, reply.partition, this.#transforms));
    return { partition: reply.partition, currentOffset: safeNumber(reply.currentOffset), messages };
  }

  #decode(batch: Uint8Array) {
    try {
      return this.#requester.generation === 'classic' ? decodeClassicMessages(batch) : decodeBatches(batch);
    } catch (error) {
      throw new ProtocolViolationError('protocol-violation', 'the messages of a poll cannot be read', { cause: error });
    }
  }
}

/** One request with messages in their wire form. */
export async function sendBatch(
  requester: Requester,
  xxh3: Xxh3,
  { stream, topic }: TopicAddress,
  messages: readonly Message[],
  partitioning: Partitioning,
  options: RequestOptions,
): Promise<SentBatch | undefined> {
  const request = { stream, topic, partitioning, count: messages.length };
  const confirmation = await requester.request(sendOf(messages, xxh3), request, options);
  return confirmation && { partition: confirmation.partitionId, offset: safeNumber(confirmation.baseOffset) };
}

/** Writes the messages where the request has them, without a buffer in between. */
function sendOf(messages: readonly Message[], xxh3: Xxh3): Command<SendTarget, SendConfirmation | undefined> {
  return {
    ...sendMessages,
    encodeRequest(writer, target, generation) {
      writeSendTarget(writer, target);
      if (generation === 'classic') writeClassicMessages(writer, messages);
      else writeBatch(writer, messages, xxh3);
    },
  };
}

/** A poll that came back after so long has waited; one that came back earlier was sent back. */
export function waited(waitMs: number, tookMs: number): boolean {
  return tookMs >= waitMs / 2;
}

function wirePoll({
  stream,
  topic,
  partition,
  from,
  count = 100,
  autoCommit = false,
  as = { consumer: 1 },
}: PollRequest): PollMessagesRequest {
  return { stream, topic, consumer: wireConsumer(as), partition, strategy: wireStrategy(from), count, autoCommit };
}

/** The first copy may have moved the stored offset: a second would pass over what it read. */
function mayPollAgain({ autoCommit, from }: PollRequest): boolean {
  return !(autoCommit && from === 'next');
}

function unlessAborted<Result>(promise: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function offsetTarget({ stream, topic, as, partition }: TopicAddress & { as: ConsumerName; partition?: number }) {
  return { stream, topic, consumer: wireConsumer(as), partition };
}

function wireConsumer(name: ConsumerName): Consumer {
  return 'group' in name ? { kind: ConsumerKind.group, id: name.group } : { kind: ConsumerKind.consumer, id: name.consumer };
}

function wireStrategy(from: PollFrom): PollingStrategy {
  if (from === 'first' || from === 'last' || from === 'next') return { kind: PollingKind[from], value: 0n };
  if ('offset' in from) return { kind: PollingKind.offset, value: BigInt(from.offset) };
  return { kind: PollingKind.timestamp, value: BigInt(from.timestamp) };
}

/** What the codecs refuse is the caller's mistake. */
export function refusing<Result>(encode: () => Result): Result {
  try {
    return encode();
  } catch (error) {
    throw ProtocolError.is(error) ? argumentError(error) : error;
  }
}
