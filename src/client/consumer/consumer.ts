// A consumer: fetches ahead, hands messages out one by one, and stores the offsets of those that were processed.
//
// Each partition has a cursor of its own. After its first answer a cursor reads by explicit offset, so that a lost connection costs nothing: the poll is repeated and goes on where
// it was. Nothing is stored before it was processed; so whatever breaks, a message is delivered at least once.

import type { Groups } from '../commands/groups.ts';
import type { Messages, PollFrom } from '../commands/messages.ts';
import type { Requester } from '../commands/run.ts';
import type { Topics } from '../commands/topics.ts';
import { ArgumentError, ClientError, ClosedError, ConnectionError, LimitError, ServerError, TimeoutError } from '../connection/errors.ts';
import type { ReceivedMessage } from '../message/message.ts';
import { type Assignment, createAssignment } from './assignment.ts';
import { Cursor } from './cursor.ts';
import { type ConsumerOptions, type ConsumerSettings, consumerSettings } from './options.ts';

export interface ConsumerServices {
  topics: Topics;
  groups: Groups;
  messages: Messages;
  requester: Requester;
}

/** Partition of an empty poll that tells a member to synchronise. */
const resyncPartition = 0xffff_ffff;
const retryDelayMs = 200;

const noMember = 'consumer-group-member-not-found';
/** What a member hears that no longer owns what it asks for, or is no member. */
const notOwned = new Set<string>([noMember, 'consumer-group-partition-not-owned', 'resource-not-found']);
/** The session was lost in the server: the connection will be renewed. */
const sessionGone = new Set(['unauthenticated', 'stale-client', 'session-ended']);

interface InHand {
  message: ReceivedMessage;
  cursor: Cursor;
  seeks: number;
}

export class Consumer implements AsyncIterable<ReceivedMessage> {
  readonly #settings: ConsumerSettings;
  readonly #services: ConsumerServices;
  readonly #onClosed: () => void;
  readonly #cursors = new Map<number | undefined, Cursor>();
  readonly #pausedPartitions = new Set<number>();
  #turns: Cursor[] = [];
  #turn = 0;
  #assignment: Assignment | undefined;
  #started: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #failure: unknown;
  #pausedAll = false;
  #refreshing = false;
  #refreshAgain = false;
  #inHand: InHand | undefined;
  #sinceCommit = 0;
  #committing: Promise<void> = Promise.resolve();
  #commitQueued = false;
  #timers: NodeJS.Timeout[] = [];
  #pollTimer: NodeJS.Timeout | undefined;
  #waiters: (() => void)[] = [];

  constructor(options: ConsumerOptions, services: ConsumerServices, onClosed: () => void) {
    this.#settings = consumerSettings(options);
    this.#services = services;
    this.#onClosed = onClosed;
  }

  /** Partitions that are read now. */
  get partitions(): number[] {
    return this.#turns.flatMap(({ partition, leaving }) => (partition === undefined || leaving ? [] : [partition]));
  }

  /**
   * Messages, one after another, until the consumer is closed. Throws what makes further reading impossible; lost connections do not. A loop that is left early does not count the
   * message at hand as processed, and a later loop begins with it.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<ReceivedMessage, void, undefined> {
    for (;;) {
      const inHand = await this.#next();
      if (inHand === undefined) return;
      let processed = false;
      try {
        yield inHand.message;
        processed = true;
      } finally {
        this.#inHand = undefined;
        if (!processed) inHand.cursor.putBack(inHand.message);
      }
      await this.#processed(inHand);
    }
  }

  /** The callback form: one message after another. Resolves when the consumer is closed; rejects with what the handler throws, whose message counts as not processed. */
  async run(handler: (message: ReceivedMessage) => void | Promise<void>): Promise<void> {
    for await (const message of this) await handler(message);
  }

  /** Stores the offsets of all processed messages, or of the given one and all before it in its partition. */
  async commit(message?: Pick<ReceivedMessage, 'partition' | 'offset'>): Promise<void> {
    if (message === undefined) return this.#commitProcessed();
    const { partition, offset } = message;
    await this.#store(partition, offset);
    const cursor = this.#cursors.get(partition) ?? this.#cursors.get(undefined);
    cursor?.committed.set(partition, Math.max(offset, cursor.committed.get(partition) ?? -1));
    this.#fetch();
  }

  /** Hands out nothing more of these partitions, or of all, and does not poll them. Membership and reading position stay. */
  pause(partitions?: readonly number[]): void {
    if (partitions === undefined) this.#pausedAll = true;
    else for (const partition of partitions) this.#pausedPartitions.add(partition);
  }

  resume(partitions?: readonly number[]): void {
    if (partitions === undefined) {
      this.#pausedAll = false;
      this.#pausedPartitions.clear();
    } else for (const partition of partitions) this.#pausedPartitions.delete(partition);
    this.#wake();
    this.#fetch();
  }

  /** Goes on from there in a partition that is read now. A member of a group on a classic server cannot: the server chooses what it reads. */
  async seek(partition: number, from: PollFrom): Promise<void> {
    await this.#start();
    const cursor = this.#cursors.get(partition);
    if (cursor === undefined) throw new ArgumentError('invalid-argument', `partition ${partition} is not read by this consumer`);
    cursor.seek(from);
    this.#fetch();
  }

  /** Stops handing out, stores the offsets of what was processed (unless commits are manual) and leaves the group. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The client has a new session. */
  reconnected(): void {
    if (this.#assignment === undefined || this.#closing !== undefined) return;
    this.#assignment.sessionLost();
    void this.#refresh();
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#pollTimer);
    this.#wake();
    try {
      await this.#started?.catch(() => undefined);
      if (this.#failure === undefined && this.#settings.commit !== 'manual') await this.#commitProcessed();
      await this.#assignment?.leave();
    } catch (error) {
      // What could not be stored will be delivered again; what could not be left is forgotten with the session.
      if (!ClientError.is(error)) throw error;
    } finally {
      this.#onClosed();
    }
  }

  #start(): Promise<void> {
    this.#started ??= this.#begin().catch((error) => {
      this.#started = undefined;
      throw error;
    });
    return this.#started;
  }

  async #begin(): Promise<void> {
    const { topics, groups, requester } = this.#services;
    const assignment = createAssignment(this.#settings, topics, groups, requester.generation);
    const { partitions } = await assignment.refresh();
    this.#assignment = assignment;
    this.#assign(partitions, false);
    if (this.#closing !== undefined) return;
    const { commit } = this.#settings;
    if (typeof commit === 'object' && commit.intervalMs > 0)
      this.#timers.push(setInterval(() => this.#queueCommit(), commit.intervalMs).unref());
    if (assignment.refreshMs > 0) this.#timers.push(setInterval(() => void this.#refresh(), assignment.refreshMs).unref());
    this.#fetch();
  }

  /** The next message is in hand until it is processed or put back. Undefined: closed. */
  async #next(): Promise<InHand | undefined> {
    if (this.#inHand !== undefined) throw new ArgumentError('invalid-argument', 'a consumer is read by one loop at a time');
    if (this.#closing === undefined) await this.#start();
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#closing !== undefined) return undefined;
      const inHand = this.#take();
      if (inHand !== undefined) {
        this.#inHand = inHand;
        if (inHand.cursor.buffered <= this.#settings.batchSize / 2) this.#fetch();
        return inHand;
      }
      this.#fetch();
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  /** One message of the next partition that has any. */
  #take(): InHand | undefined {
    for (let tried = 0; tried < this.#turns.length; tried++) {
      const cursor = this.#turns[this.#turn++ % this.#turns.length] as Cursor;
      if (this.#isPaused(cursor)) continue;
      const message = cursor.take();
      if (message !== undefined) return { message, cursor, seeks: cursor.seeks };
    }
    return undefined;
  }

  async #processed({ message, cursor, seeks }: InHand): Promise<void> {
    if (cursor.seeks !== seeks) return;
    cursor.processed.set(message.partition, message.offset);
    this.#sinceCommit++;
    const { commit } = this.#settings;
    if (this.#closing !== undefined) return;
    if (commit === 'each') await this.#commitProcessed();
    else if (typeof commit === 'object' && this.#sinceCommit >= commit.count) this.#queueCommit();
    if (cursor.leaving && cursor.buffered === 0) this.#retire(cursor);
  }

  /** Polls every partition that wants it. */
  #fetch(): void {
    if (this.#closing !== undefined || this.#failure !== undefined) return;
    const now = Date.now();
    let wakeMs = Number.POSITIVE_INFINITY;
    for (const cursor of this.#turns) {
      if (cursor.polling || cursor.leaving || this.#isPaused(cursor)) continue;
      if (cursor.partition === undefined ? !this.#mayPollNext(cursor) : cursor.buffered > this.#settings.batchSize / 2) continue;
      if (cursor.notBeforeMs > now) wakeMs = Math.min(wakeMs, cursor.notBeforeMs);
      else void this.#poll(cursor);
    }
    clearTimeout(this.#pollTimer);
    if (wakeMs < Number.POSITIVE_INFINITY) this.#pollTimer = setTimeout(() => this.#fetch(), wakeMs - now);
  }

  /** A classic group reads on after what is stored: everything that was handed out must be stored first. */
  #mayPollNext(cursor: Cursor): boolean {
    if (cursor.buffered > 0 || this.#inHand !== undefined) return false;
    if (!cursor.dirty) return true;
    if (this.#settings.commit !== 'manual') this.#queueCommit();
    return false;
  }

  async #poll(cursor: Cursor): Promise<void> {
    const { stream, topic, as, batchSize, pacing } = this.#settings;
    const { epoch, partition, from } = cursor;
    cursor.polling = true;
    try {
      const request = { stream, topic, as, from, count: batchSize, ...(partition === undefined ? {} : { partition }) };
      const result = await this.#services.messages.poll(request);
      if (cursor.epoch !== epoch) return;
      if (result.partition === resyncPartition) {
        cursor.fetchedNothing(pacing, Date.now());
        void this.#refresh();
      } else if (result.messages.length > 0) {
        cursor.fetched(result);
        this.#wake();
      } else if (cursor.wasPurged(result.currentOffset)) {
        cursor.seek('first');
      } else {
        cursor.fetchedNothing(pacing, Date.now());
      }
    } catch (error) {
      cursor.notBeforeMs = Date.now() + retryDelayMs;
      this.#troubled(error);
    } finally {
      cursor.polling = false;
      this.#fetch();
    }
  }

  /** Goes on where another attempt may succeed, ends the consumer where not. */
  #troubled(error: unknown): void {
    if (ClientError.is(error) && this.#settings.group !== undefined && notOwned.has(error.code)) {
      if (error.code === noMember) this.#assignment?.sessionLost();
      void this.#refresh();
      return;
    }
    const passing =
      error instanceof ConnectionError ||
      error instanceof TimeoutError ||
      error instanceof LimitError ||
      (error instanceof ServerError && sessionGone.has(error.code));
    if (passing || this.#closing !== undefined) return;
    this.#failure = error;
    if (error instanceof ClosedError) void this.close();
    this.#wake();
  }

  /** Asks what may be read now; requests that come meanwhile are answered by one more. */
  async #refresh(): Promise<void> {
    this.#refreshAgain = true;
    if (this.#refreshing) return;
    this.#refreshing = true;
    while (this.#refreshAgain && this.#closing === undefined && this.#failure === undefined) {
      this.#refreshAgain = false;
      try {
        const assigned = await this.#assignment?.refresh();
        if (assigned !== undefined) this.#assign(assigned.partitions, assigned.rejoined);
      } catch (error) {
        this.#troubled(error);
        await new Promise((resolve) => setTimeout(resolve, retryDelayMs));
        this.#refreshAgain ||= error instanceof ConnectionError || error instanceof TimeoutError;
      }
    }
    this.#refreshing = false;
    this.#fetch();
  }

  #assign(partitions: readonly (number | undefined)[], rejoined: boolean): void {
    const assigned = new Set(partitions);
    for (const partition of assigned) {
      const cursor = this.#cursors.get(partition);
      if (cursor === undefined) {
        this.#cursors.set(partition, new Cursor(partition, this.#settings.start));
      } else if (rejoined || cursor.leaving) {
        // Another member may have read on from what is stored.
        cursor.leaving = false;
        cursor.restart('next');
      }
    }
    for (const [partition, cursor] of this.#cursors) {
      if (assigned.has(partition) || cursor.leaving) continue;
      cursor.leaving = true;
      cursor.epoch++;
      void this.#giveUp(cursor, rejoined);
    }
    this.#turns = [...this.#cursors.values()];
  }

  /** A partition goes to another member. As long as this one may store offsets it hands out what it fetched, so that the partition can go without repetition. */
  async #giveUp(cursor: Cursor, lostForSure: boolean): Promise<void> {
    const owned = !lostForSure && (await this.#commitCursor(cursor).catch(() => false));
    if (cursor.leaving && (!owned || (cursor.buffered === 0 && this.#inHand?.cursor !== cursor))) this.#retire(cursor);
  }

  #retire(cursor: Cursor): void {
    const remove = () => {
      if (!cursor.leaving || this.#cursors.get(cursor.partition) !== cursor) return;
      this.#cursors.delete(cursor.partition);
      this.#turns = [...this.#cursors.values()];
    };
    void this.#commitCursor(cursor).then(remove, remove);
  }

  /** Errors of commits that nobody waits for end up here; the next commit tries again. */
  #queueCommit(): void {
    if (this.#commitQueued) return;
    this.#commitQueued = true;
    this.#commitProcessed().then(
      () => this.#fetch(),
      (error) => this.#troubled(error),
    );
  }

  /** One commit after another, so that a partition's offset never goes back. */
  #commitProcessed(): Promise<void> {
    const commit = this.#committing.then(async () => {
      this.#commitQueued = false;
      this.#sinceCommit = 0;
      await Promise.all([...this.#cursors.values()].map((cursor) => this.#commitCursor(cursor)));
    });
    this.#committing = commit.catch(() => undefined);
    return commit;
  }

  /** False: this member may not store offsets of the partition any more. */
  async #commitCursor(cursor: Cursor): Promise<boolean> {
    const { seeks } = cursor;
    for (const [partition, offset] of cursor.processed) {
      if (offset <= (cursor.committed.get(partition) ?? -1)) continue;
      try {
        await this.#store(partition, offset);
      } catch (error) {
        if (this.#settings.group === undefined || !ClientError.is(error) || !notOwned.has(error.code)) throw error;
        cursor.processed.delete(partition);
        if (this.#closing === undefined) void this.#refresh();
        return false;
      }
      if (cursor.seeks === seeks) cursor.committed.set(partition, offset);
    }
    return true;
  }

  #store(partition: number, offset: number): Promise<void> {
    const { stream, topic, as } = this.#settings;
    return this.#services.messages.storeOffset({ stream, topic, as, partition, offset });
  }

  #isPaused({ partition }: Cursor): boolean {
    return this.#pausedAll || (partition !== undefined && this.#pausedPartitions.has(partition));
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
