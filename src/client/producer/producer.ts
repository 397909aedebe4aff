// A producer: takes messages one by one or many at once, sorts them by partition, sends them in batches, and tells each sender where its messages went.
//
// A message waits in the open batch of its partition. A batch is closed by its count, by its bytes, or when it has lingered; closed batches are sent in order, several at a time.
// Without a linger time a batch goes as soon as there is a free place on the wire, so that batches grow by themselves while the server is busy. Order within a partition is kept,
// also across a lost connection: on transports where requests may overtake each other a partition has one batch on its way.

import type { Message } from '../../protocol/batch/message.ts';
import { refusing, sendBatch } from '../commands/messages.ts';
import type { Requester } from '../commands/run.ts';
import type { TopicAddress, Topics } from '../commands/topics.ts';
import { ArgumentError, ClosedError } from '../connection/errors.ts';
import { duration, whole } from '../connection/options.ts';
import type { Hashes } from '../message/hash.ts';
import { createIdSource, type OutgoingMessage, wireMessage } from '../message/message.ts';
import type { MessageTransform } from '../transform/message-transform.ts';
import { Batch, type SendResult, Ticket } from './batch.ts';
import { PartitionsCount, type ProducerPartitioning, partitionOfKey } from './partitioner.ts';
import { QueueRoom } from './queue-room.ts';

/** What a producer can be told: its topic, and more. */
export interface ProducerOptions extends TopicAddress {
  /** Default: `balanced`. */
  partitioning?: ProducerPartitioning;
  /** A batch is closed at so many messages. Default 1000. */
  maxBatchMessages?: number;
  /** A batch is closed at so many bytes of payloads and headers; a larger message goes alone. Default 1 MiB. */
  maxBatchBytes?: number;
  /** A batch that is not full waits so long for more. Default 0. */
  lingerMs?: number;
  /** Messages accepted and not settled; beyond it `send` waits. Default 10,000. */
  maxQueueMessages?: number;
  /** The same in bytes. Default 32 MiB. */
  maxQueueBytes?: number;
  /** Batches on the wire at a time. Default 16. */
  maxInFlight?: number;
  /** A batch that is not confirmed within this time, reconnects included, fails. Default 60,000; 0 waits for ever. */
  deliveryTimeoutMs?: number;
  /**
   * What to do with a batch that was on the wire when the connection was lost. `retry` (default) sends it again under its old number; `fail` rejects with outcome `unknown`.
   * See docs/client.md for which servers recognise the copy.
   */
  onUnknownOutcome?: 'retry' | 'fail';
  /** What its messages pass on their way out. Default: the client's. */
  transforms?: readonly MessageTransform[];
}

export interface ProducerServices {
  requester: Requester;
  topics: Topics;
  hashes: Hashes;
  transforms: readonly MessageTransform[];
}

/** Header of a message on the wire, in the larger of the two generations. */
const messageOverheadBytes = 64;

/** Sends to one topic: `client.producer`. */
export class Producer {
  readonly #address: TopicAddress;
  readonly #partitioning: ProducerPartitioning;
  readonly #limits: Required<Omit<ProducerOptions, 'stream' | 'topic' | 'partitioning' | 'transforms'>>;
  readonly #services: ProducerServices;
  readonly #onClosed: () => void;
  readonly #partitions: PartitionsCount;
  readonly #room: QueueRoom;
  readonly #nextId = createIdSource();
  /** Batches that take further messages, by partition. */
  readonly #open = new Map<number, Batch>();
  /** Batches that wait for a place on the wire. */
  readonly #closed: Batch[] = [];
  /** All that are not settled. */
  readonly #unsettled = new Set<Batch>();
  /** Sends whose messages are not all in the queue yet. */
  readonly #accepting = new Set<Promise<void>>();
  #inFlight = 0;
  /** Partitions whose next batch waits for the one on its way. */
  readonly #busy = new Set<number>();
  /** Partition of the balanced batch that is being filled, and whose turn is next. */
  #balanced: Batch | undefined;
  #turn = Math.floor(Math.random() * 0xffff);
  #lingering: NodeJS.Timeout | undefined;
  /** Open batches have waited long enough. */
  #due = false;
  #pumping = false;
  #ended = false;

  constructor(options: ProducerOptions, services: ProducerServices, onClosed: () => void) {
    this.#address = { stream: options.stream, topic: options.topic };
    this.#partitioning = options.partitioning ?? 'balanced';
    this.#limits = {
      maxBatchMessages: whole('maxBatchMessages', options.maxBatchMessages ?? 1000, 1, 1_000_000),
      maxBatchBytes: whole('maxBatchBytes', options.maxBatchBytes ?? 1024 * 1024, 1, 32 * 1024 * 1024),
      lingerMs: duration('lingerMs', options.lingerMs ?? 0),
      maxQueueMessages: whole('maxQueueMessages', options.maxQueueMessages ?? 10_000, 1),
      maxQueueBytes: whole('maxQueueBytes', options.maxQueueBytes ?? 32 * 1024 * 1024, 1),
      maxInFlight: whole('maxInFlight', options.maxInFlight ?? 16, 1, 256),
      deliveryTimeoutMs: duration('deliveryTimeoutMs', options.deliveryTimeoutMs ?? 60_000),
      onUnknownOutcome: options.onUnknownOutcome ?? 'retry',
    };
    this.#services = services;
    this.#onClosed = onClosed;
    this.#partitions = new PartitionsCount(services.topics, this.#address);
    this.#room = new QueueRoom(this.#limits.maxQueueMessages, this.#limits.maxQueueBytes);
  }

  /** Messages accepted and not settled. */
  get queued(): number {
    return this.#room.messages;
  }

  /**
   * Resolves when the server has confirmed the message. Waits while the queue is full; a signal ends only that wait, for an accepted message will be sent.
   * Rejects with a ClientError whose `outcome` tells whether the message may have been stored.
   */
  async send(message: OutgoingMessage, options: { signal?: AbortSignal } = {}): Promise<SendResult> {
    const [result] = await this.sendAll([message], options);
    return result as SendResult;
  }

  /** Resolves when all are confirmed, with a result for each, in order. Rejects with the first error; others of them may have been stored. */
  async sendAll(messages: readonly OutgoingMessage[], options: { signal?: AbortSignal } = {}): Promise<SendResult[]> {
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.#ended) throw producerClosed();
    if (messages.length === 0) return [];
    const ticket = new Ticket(messages.length);
    const accepting = this.#accept(messages, ticket, signal);
    this.#accepting.add(accepting);
    try {
      await accepting;
    } finally {
      this.#accepting.delete(accepting);
    }
    return ticket.promise;
  }

  /** Sends what was accepted so far and resolves when all of it is settled, well or not. */
  async flush(): Promise<void> {
    this.#due = true;
    this.#pump();
    await Promise.all([...this.#unsettled].map((batch) => batch.done));
  }

  /** Takes no more messages, sends those that it has taken, also from sends that wait for room, and resolves when all are settled. */
  async drain(): Promise<void> {
    this.#ended = true;
    while (this.#accepting.size > 0 || this.#room.messages > 0) {
      await this.flush();
      if (this.#room.messages === 0 && this.#accepting.size > 0)
        await Promise.race([...this.#accepting].map((accepting) => accepting.catch(() => undefined)));
    }
    this.#onClosed();
  }

  /** `drain`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  async #accept(messages: readonly OutgoingMessage[], ticket: Ticket, signal: AbortSignal | undefined): Promise<void> {
    const known = this.#partitionsCount(messages);
    const partitionsCount = typeof known === 'number' ? known : await known;
    const now = BigInt(Date.now()) * 1000n;
    const wire = refusing(() => messages.map((message) => wireMessage(message, this.#nextId, now, this.#services.transforms)));
    const targets = messages.map((message) => this.#target(message, partitionsCount));
    for (const [index, message] of wire.entries()) {
      const bytes = messageOverheadBytes + message.payload.length + (message.headers?.length ?? 0);
      const room = this.#room.take(bytes, signal);
      if (room !== undefined) await room;
      this.#add(message, bytes, targets[index], partitionsCount, ticket, index);
    }
  }

  /** Asked only where a message needs it. */
  #partitionsCount(messages: readonly OutgoingMessage[]): number | Promise<number> {
    const fixed = typeof this.#partitioning === 'object' && 'partition' in this.#partitioning;
    const given = messages.every(({ partition, key }) => partition !== undefined || (fixed && key === undefined));
    return given ? 0 : this.#partitions.get();
  }

  /** Undefined: balanced. */
  #target(message: OutgoingMessage, partitionsCount: number): number | undefined {
    const { partition, key } = message;
    if (partition !== undefined) return whole('partition', partition, 0, 0xffff_ffff);
    if (key !== undefined) return this.#partitionOf(key, partitionsCount);
    const rule = this.#partitioning;
    if (rule === 'balanced') return undefined;
    if (typeof rule === 'function') return whole('partition', rule(message, partitionsCount), 0, 0xffff_ffff);
    return 'key' in rule ? this.#partitionOf(rule.key, partitionsCount) : whole('partition', rule.partition, 0, 0xffff_ffff);
  }

  #partitionOf(key: string | Uint8Array, partitionsCount: number): number {
    const bytes = typeof key === 'string' ? Buffer.byteLength(key) : key.length;
    if (bytes === 0 || bytes > 255) throw new ArgumentError('invalid-argument', `a key takes 1 to 255 bytes, not ${bytes}`);
    return partitionOfKey(key, partitionsCount, this.#services.hashes.xxh32);
  }

  #add(message: Message, bytes: number, target: number | undefined, partitionsCount: number, ticket: Ticket, index: number): void {
    const partition = target ?? this.#balancedPartition(bytes, partitionsCount);
    let batch = this.#open.get(partition);
    if (batch !== undefined && batch.bytes + bytes > this.#limits.maxBatchBytes) {
      this.#closeBatch(batch);
      batch = undefined;
    }
    if (batch === undefined) {
      batch = new Batch(partition);
      this.#open.set(partition, batch);
      this.#unsettled.add(batch);
    }
    if (target === undefined) this.#balanced = batch;
    batch.add(message, bytes, ticket, index);
    if (batch.messages.length >= this.#limits.maxBatchMessages || batch.bytes >= this.#limits.maxBatchBytes) this.#closeBatch(batch);
    this.#arm();
  }

  /** One partition until its batch is closed, then the next. */
  #balancedPartition(bytes: number, partitionsCount: number): number {
    const filling = this.#balanced;
    const open = filling !== undefined && this.#open.get(filling.partition) === filling;
    if (open && filling.bytes + bytes <= this.#limits.maxBatchBytes) return filling.partition;
    this.#turn = (this.#turn + 1) % partitionsCount;
    return this.#turn;
  }

  #closeBatch(batch: Batch): void {
    this.#open.delete(batch.partition);
    this.#closed.push(batch);
  }

  /** Sees to it that what waits is sent: full batches at the end of this turn, others when they have lingered. */
  #arm(): void {
    if (!this.#pumping) {
      this.#pumping = true;
      queueMicrotask(() => {
        this.#pumping = false;
        if (this.#limits.lingerMs === 0) this.#due = true;
        this.#pump();
      });
    }
    if (this.#limits.lingerMs > 0 && this.#open.size > 0) {
      this.#lingering ??= setTimeout(() => {
        this.#lingering = undefined;
        this.#due = true;
        this.#pump();
      }, this.#limits.lingerMs);
    }
  }

  #pump(): void {
    while (this.#inFlight < this.#limits.maxInFlight) {
      const batch = this.#takeClosed() ?? this.#takeDue();
      if (batch === undefined) break;
      void this.#dispatch(batch);
    }
  }

  #takeClosed(): Batch | undefined {
    if (this.#busy.size === 0) return this.#closed.shift();
    const index = this.#closed.findIndex(({ partition }) => !this.#busy.has(partition));
    return index < 0 ? undefined : this.#closed.splice(index, 1)[0];
  }

  /** The oldest open batch that may go, where it need not wait any longer. */
  #takeDue(): Batch | undefined {
    if (!this.#due) return undefined;
    for (const batch of this.#open.values()) {
      if (this.#busy.has(batch.partition)) continue;
      this.#open.delete(batch.partition);
      return batch;
    }
    if (this.#open.size > 0) return undefined;
    this.#due = false;
    clearTimeout(this.#lingering);
    this.#lingering = undefined;
    return undefined;
  }

  async #dispatch(batch: Batch): Promise<void> {
    const { requester, hashes } = this.#services;
    this.#inFlight++;
    if (!requester.ordered) this.#busy.add(batch.partition);
    const { deliveryTimeoutMs, onUnknownOutcome } = this.#limits;
    try {
      const options = { timeoutMs: deliveryTimeoutMs, repeatable: onUnknownOutcome === 'retry' };
      const to = { kind: 'partition', partition: batch.partition } as const;
      batch.succeeded(await sendBatch(requester, hashes.xxh3, this.#address, batch.messages, to, options));
    } catch (error) {
      batch.failed(error);
    }
    this.#inFlight--;
    this.#busy.delete(batch.partition);
    this.#unsettled.delete(batch);
    this.#room.give(batch.messages.length, batch.bytes);
    this.#pump();
  }
}

function producerClosed(): ClosedError {
  return new ClosedError('closed', 'the producer is closed');
}
