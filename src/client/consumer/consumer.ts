// A consumer: fetches ahead, hands messages out one by one, and stores the offsets of those that were processed.
//
// Each partition has a cursor of its own. After its first answer a cursor reads by explicit offset, so that a lost connection costs nothing: the poll is repeated and goes on where
// it was. Nothing is stored before it was processed; so whatever breaks, a message is delivered at least once.

import type { Groups } from '../commands/groups.ts';
import type { Messages, PollFrom } from '../commands/messages.ts';
import type { Requester } from '../commands/run.ts';
import type { Topics } from '../commands/topics.ts';
import type { CallOptions } from '../connection/call.ts';
import { ArgumentError, ClientError, ClosedError, ConnectionError, LimitError, ServerError, TimeoutError } from '../connection/errors.ts';
import type { ReceivedMessage } from '../message/message.ts';
import { type Assigned, createAssignment } from './assignment.ts';
import { Commits } from './commits.ts';
import type { Cursor } from './cursor.ts';
import { Fetcher } from './fetcher.ts';
import { noMember, notOwned } from './group-errors.ts';
import { Membership } from './membership.ts';
import { type ConsumerOptions, type ConsumerSettings, consumerSettings } from './options.ts';
import { type InHand, Partitions } from './partitions.ts';

export interface ConsumerServices {
  topics: Topics;
  groups: Groups;
  messages: Messages;
  requester: Requester;
}

/** The session was lost in the server: the connection will be renewed. */
const sessionGone = new Set(['unauthenticated', 'stale-client', 'session-ended']);

/** Reads from one topic: `client.consumer`. One loop at a time. */
export class Consumer implements AsyncIterable<ReceivedMessage> {
  readonly #settings: ConsumerSettings;
  readonly #services: ConsumerServices;
  readonly #onClosed: () => void;
  readonly #partitions: Partitions;
  readonly #commits: Commits;
  readonly #fetcher: Fetcher;
  #membership: Membership | undefined;
  #started: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #failure: unknown;
  #inHand: InHand | undefined;
  #waiters: (() => void)[] = [];
  #stopListening: (() => void) | undefined;

  constructor(options: ConsumerOptions, services: ConsumerServices, onClosed: () => void) {
    const settings = consumerSettings(options);
    const { messages } = services;
    this.#settings = settings;
    this.#services = services;
    this.#onClosed = onClosed;
    this.#partitions = new Partitions(settings.start);
    this.#commits = new Commits(settings, messages, this.#partitions, {
      committed: () => this.#fetcher.fetch(),
      troubled: (error) => this.#troubled(error),
      fenced: () => this.#refresh(),
    });
    this.#fetcher = new Fetcher(settings, messages, this.#partitions, {
      fetched: () => this.#wake(),
      resync: () => this.#refresh(),
      troubled: (error) => this.#troubled(error),
      mayReadOn: (cursor) => this.#mayReadOn(cursor),
      over: () => this.#over,
    });
    const { signal } = options;
    if (signal === undefined) return;
    const abort = () => void this.close();
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    this.#stopListening = () => signal.removeEventListener('abort', abort);
  }

  /** Partitions that are read now. */
  get partitions(): number[] {
    return this.#partitions.ids;
  }

  /**
   * Messages, one after another, until the consumer is closed. Throws what makes further reading impossible; lost connections do not. A loop that is left early does not count the
   * message at hand as processed, and a later loop begins with it.
   */
  [Symbol.asyncIterator](): AsyncGenerator<ReceivedMessage, void, undefined> {
    return this.#take(1, ([message]) => message as ReceivedMessage);
  }

  /** The same by the batch: what has been fetched of a partition, in order, at least one message and at most `batchSize`. A batch is processed as a whole. */
  batches(): AsyncGenerator<readonly ReceivedMessage[], void, undefined> {
    return this.#take(this.#settings.batchSize, (messages) => messages);
  }

  /** The callback form: one message after another. Resolves when the consumer is closed; rejects with what the handler throws, whose message counts as not processed. */
  async run(handler: (message: ReceivedMessage) => void | Promise<void>): Promise<void> {
    for await (const message of this) await handler(message);
  }

  /** Stores the offsets of all processed messages, or of the given one and all before it in its partition. */
  async commit(message?: Pick<ReceivedMessage, 'partition' | 'offset'>, options?: CallOptions): Promise<void> {
    if (message === undefined) return this.#commits.all(options);
    await this.#commits.one(message.partition, message.offset, options);
    this.#fetcher.fetch();
  }

  /** Hands out nothing more of these partitions, or of all, and does not poll them. Membership and reading position stay. */
  pause(partitions?: readonly number[]): void {
    this.#partitions.pause(partitions);
  }

  /** Ends a pause of these partitions, or of all. */
  resume(partitions?: readonly number[]): void {
    this.#partitions.resume(partitions);
    this.#wake();
    this.#fetcher.fetch();
  }

  /** Goes on from there in a partition that is read now. A member of a group on a classic server cannot: the server chooses what it reads. */
  async seek(partition: number, from: PollFrom): Promise<void> {
    await this.#start();
    const cursor = this.#partitions.cursorOf(partition);
    if (cursor?.partition === undefined) throw new ArgumentError('invalid-argument', `partition ${partition} is not read by this consumer`);
    cursor.seek(from);
    this.#fetcher.fetch();
  }

  /** Stops handing out, stores the offsets of what was processed (unless commits are manual) and leaves the group. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The client has a new session. */
  reconnected(): void {
    this.#membership?.lost();
    this.#refresh();
  }

  get #over(): boolean {
    return this.#closing !== undefined || this.#failure !== undefined;
  }

  async #close(): Promise<void> {
    this.#membership?.stop();
    this.#commits.stop();
    this.#fetcher.stop();
    this.#stopListening?.();
    this.#wake();
    try {
      await this.#started?.catch(() => undefined);
      if (this.#failure === undefined && this.#settings.commit !== 'manual') await this.#commits.all();
      await this.#membership?.leave();
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
    const membership = new Membership(createAssignment(this.#settings, topics, groups, requester.generation), {
      assigned: (assigned) => this.#assign(assigned),
      troubled: (error) => this.#troubled(error),
      over: () => this.#over,
    });
    await membership.begin();
    this.#membership = membership;
    if (this.#closing === undefined) this.#commits.begin();
  }

  #refresh(): void {
    if (!this.#over) void this.#membership?.refresh();
  }

  #assign({ partitions, rejoined }: Assigned): void {
    for (const cursor of this.#partitions.assign(partitions, rejoined)) void this.#giveUp(cursor, rejoined);
    this.#fetcher.fetch();
  }

  /** A partition goes to another member. As long as this one may store offsets it hands out what it fetched, so that the partition can go without repetition. */
  async #giveUp(cursor: Cursor, lostForSure: boolean): Promise<void> {
    const owned = !lostForSure && (await this.#commits.of(cursor).catch(() => false));
    if (cursor.leaving && (!owned || (cursor.buffered === 0 && this.#inHand?.cursor !== cursor))) this.#retire(cursor);
  }

  #retire(cursor: Cursor): void {
    const remove = () => this.#partitions.retire(cursor);
    this.#commits.of(cursor).then(remove, remove);
  }

  async *#take<Item>(count: number, item: (messages: readonly ReceivedMessage[]) => Item): AsyncGenerator<Item, void, undefined> {
    for (;;) {
      const inHand = await this.#next(count);
      if (inHand === undefined) return;
      let processed = false;
      try {
        yield item(inHand.messages);
        processed = true;
      } finally {
        this.#inHand = undefined;
        if (!processed) inHand.cursor.putBack();
      }
      await this.#processed(inHand);
    }
  }

  /** The next messages are in hand until they are processed or put back. Undefined: closed. */
  async #next(count: number): Promise<InHand | undefined> {
    if (this.#inHand !== undefined) throw new ArgumentError('invalid-argument', 'a consumer is read by one loop at a time');
    if (this.#closing === undefined) await this.#start();
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#closing !== undefined) return undefined;
      const inHand = this.#partitions.take(count);
      if (inHand !== undefined) {
        this.#inHand = inHand;
        if (this.#fetcher.isLow(inHand.cursor)) this.#fetcher.fetch();
        return inHand;
      }
      this.#fetcher.fetch();
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  async #processed({ messages, cursor, seeks }: InHand): Promise<void> {
    if (cursor.seeks !== seeks) return;
    const { partition, offset } = messages.at(-1) as ReceivedMessage;
    cursor.processed.set(partition, offset);
    if (this.#closing !== undefined) return;
    await this.#commits.processed(messages.length);
    if (cursor.leaving && cursor.buffered === 0) this.#retire(cursor);
  }

  #mayReadOn(cursor: Cursor): boolean {
    if (cursor.buffered > 0 || this.#inHand !== undefined) return false;
    if (!cursor.dirty) return true;
    if (this.#settings.commit !== 'manual') this.#commits.queue();
    return false;
  }

  /** Goes on where another attempt may succeed, ends the consumer where not. */
  #troubled(error: unknown): void {
    if (ClientError.is(error) && this.#settings.group !== undefined && notOwned.has(error.code)) {
      if (error.code === noMember) this.#membership?.lost();
      this.#refresh();
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

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
