// Where a consumer stands in one partition: what it fetched, what it handed out, what was processed, what is stored.

import type { PollFrom, PollResult } from '../commands/messages.ts';
import type { ReceivedMessage } from '../message/message.ts';

/** A partition that has nothing new is asked less and less often. */
export interface PollPacing {
  /** Delay after the first empty poll; it doubles with each further one. */
  minDelayMs: number;
  maxDelayMs: number;
}

export class Cursor {
  /** Undefined: a classic group, whose server chooses the partition of each poll. */
  readonly partition: number | undefined;
  /** Where the next poll reads. */
  from: PollFrom;
  /** A poll is on its way. Its result is thrown away if `epoch` has changed meanwhile. */
  polling = false;
  epoch = 0;
  /** Grows when offsets that were processed before lose their meaning. */
  seeks = 0;
  /** No more polls: the partition went to another member. What was fetched is still handed out. */
  leaving = false;
  /** Not asked before this time, in ms. */
  notBeforeMs = 0;
  /** Of the last message that was processed, by partition: one entry, more for a classic group. */
  readonly processed = new Map<number, number>();
  readonly committed = new Map<number, number>();
  #buffer: ReceivedMessage[] = [];
  #next = 0;
  /** Taken, and neither processed nor put back. */
  #inHand: readonly ReceivedMessage[] = [];
  #emptyPolls = 0;
  #waiting: AbortController | undefined;
  /** `from` was set by messages that were fetched. */
  #advanced = false;

  constructor(partition: number | undefined, from: PollFrom) {
    this.partition = partition;
    this.from = from;
  }

  /** Fetched and not handed out. */
  get buffered(): number {
    return this.#buffer.length - this.#next;
  }

  /** At most so many messages that follow each other, to be processed or put back before more are taken; those that were processed before are passed over. */
  take(count: number): ReceivedMessage[] {
    const taken: ReceivedMessage[] = [];
    while (this.#next < this.#buffer.length && taken.length < count) {
      const message = this.#buffer[this.#next] as ReceivedMessage;
      // A classic group may read another partition with each poll.
      if (taken.length > 0 && message.partition !== taken[0]?.partition) break;
      this.#next++;
      if (message.offset > (this.processed.get(message.partition) ?? -1)) taken.push(message);
    }
    this.#inHand = taken;
    return taken;
  }

  /** What was taken last was not processed after all. Without effect if the cursor reads elsewhere by now. */
  putBack(): void {
    if (this.#inHand.length === 0) return;
    this.#buffer = [...this.#inHand, ...this.#buffer.slice(this.#next)];
    this.#next = 0;
    this.#inHand = [];
  }

  /** Takes the messages of a poll. */
  fetched(result: PollResult): void {
    this.#emptyPolls = 0;
    this.notBeforeMs = 0;
    const last = result.messages[result.messages.length - 1] as ReceivedMessage;
    if (result.currentOffset < (this.processed.get(result.partition) ?? -1)) this.#forget();
    if (this.partition !== undefined) {
      this.from = { offset: last.offset + 1 };
      this.#advanced = true;
    }
    this.#buffer = this.buffered === 0 ? result.messages : [...this.#buffer.slice(this.#next), ...result.messages];
    this.#next = 0;
  }

  /** An empty poll that shows that the partition ends before the place where this cursor had come to: it was purged, and offsets begin anew. */
  wasPurged(currentOffset: number): boolean {
    return this.#advanced && typeof this.from === 'object' && 'offset' in this.from && currentOffset + 1 < this.from.offset;
  }

  fetchedNothing(pacing: PollPacing, nowMs: number): void {
    this.notBeforeMs = nowMs + Math.min(pacing.maxDelayMs, pacing.minDelayMs * 2 ** Math.min(this.#emptyPolls++, 20));
  }

  /** The partition had nothing new for as long as the server let the poll wait: it may be asked at once. */
  waitedInVain(): void {
    this.#emptyPolls = 0;
    this.notBeforeMs = 0;
  }

  /** A poll that may wait begins. */
  beginWait(): AbortSignal {
    this.#waiting = new AbortController();
    return this.#waiting.signal;
  }

  /** A poll that waits is given up. */
  stopWaiting(): void {
    this.#waiting?.abort();
  }

  /** Whether something was processed and is not stored. */
  get dirty(): boolean {
    for (const [partition, offset] of this.processed) if (offset > (this.committed.get(partition) ?? -1)) return true;
    return false;
  }

  /** Drops what was fetched and reads from here on. */
  restart(from: PollFrom): void {
    this.stopWaiting();
    this.from = from;
    this.epoch++;
    this.#advanced = false;
    this.#buffer = [];
    this.#next = 0;
    this.#inHand = [];
    this.notBeforeMs = 0;
    this.#emptyPolls = 0;
  }

  /** Forgets also what was processed: the next messages count, whatever their offsets. */
  seek(from: PollFrom): void {
    this.#forget();
    this.restart(from);
  }

  #forget(): void {
    this.seeks++;
    this.processed.clear();
    this.committed.clear();
  }
}
