// Fetches ahead: polls each partition that holds too little and may be asked. Where the server lets polls wait, an idle partition has one that waits there; elsewhere each is asked
// at its own pace.

import { resyncPartition } from '../../protocol/commands/poll-messages.ts';
import { type Messages, type PollResult, waited } from '../commands/messages.ts';
import type { Cursor } from './cursor.ts';
import type { ConsumerSettings } from './options.ts';
import type { Partitions } from './partitions.ts';

const retryDelayMs = 200;

export interface FetchEvents {
  /** There are messages. */
  fetched(): void;
  /** The server wants this member to ask what it may read. */
  resync(): void;
  troubled(error: unknown): void;
  /** Whether a classic group may read on: the server goes on after what is stored, so everything that was handed out must be stored first. */
  mayReadOn(cursor: Cursor): boolean;
  /** Nothing more is wanted. */
  over(): boolean;
}

export class Fetcher {
  readonly #settings: ConsumerSettings;
  readonly #messages: Messages;
  readonly #partitions: Partitions;
  readonly #events: FetchEvents;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: ConsumerSettings, messages: Messages, partitions: Partitions, events: FetchEvents) {
    this.#settings = settings;
    this.#messages = messages;
    this.#partitions = partitions;
    this.#events = events;
  }

  /** Holds so few messages that it is time for a poll. */
  isLow(cursor: Cursor): boolean {
    return cursor.buffered <= this.#settings.batchSize / 2;
  }

  /** Polls every partition that wants it. */
  fetch(): void {
    if (this.#events.over()) return;
    const now = Date.now();
    let wakeMs = Number.POSITIVE_INFINITY;
    for (const cursor of this.#partitions.cursors) {
      if (cursor.polling || cursor.leaving || this.#partitions.isPaused(cursor)) continue;
      if (cursor.partition === undefined ? !this.#events.mayReadOn(cursor) : !this.isLow(cursor)) continue;
      if (cursor.notBeforeMs > now) wakeMs = Math.min(wakeMs, cursor.notBeforeMs);
      else void this.#poll(cursor);
    }
    clearTimeout(this.#timer);
    if (wakeMs < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.fetch(), wakeMs - now);
  }

  stop(): void {
    clearTimeout(this.#timer);
    for (const cursor of this.#partitions.cursors) cursor.stopWaiting();
  }

  async #poll(cursor: Cursor): Promise<void> {
    const { pacing } = this.#settings;
    const { epoch } = cursor;
    cursor.polling = true;
    const signal = cursor.beginWait();
    try {
      const waitMs = await this.#waitMs(cursor);
      if (signal.aborted) return;
      const beganMs = performance.now();
      const result = await this.#pollOnce(cursor, waitMs, signal);
      if (cursor.epoch !== epoch) return;
      if (result.partition === resyncPartition) {
        cursor.fetchedNothing(pacing, Date.now());
        this.#events.resync();
      } else if (result.messages.length > 0) {
        cursor.fetched(result);
        this.#events.fetched();
      } else if (cursor.wasPurged(result.currentOffset)) {
        cursor.seek('first');
      } else if (waitMs > 0 && waited(waitMs, performance.now() - beganMs)) {
        cursor.waitedInVain();
      } else {
        cursor.fetchedNothing(pacing, Date.now());
      }
    } catch (error) {
      if (signal.aborted && error === signal.reason) return;
      cursor.notBeforeMs = Date.now() + retryDelayMs;
      this.#events.troubled(error);
    } finally {
      cursor.polling = false;
      this.fetch();
    }
  }

  #pollOnce({ partition, from }: Cursor, waitMs: number, signal: AbortSignal): Promise<PollResult> {
    const { stream, topic, as, batchSize } = this.#settings;
    const request = { stream, topic, as, from, count: batchSize, ...(partition === undefined ? {} : { partition }) };
    return waitMs > 0 ? this.#messages.poll({ ...request, waitMs }, { signal }) : this.#messages.poll(request);
  }

  /** How long the next poll may wait in the server. Only polls of a partition can: what a classic group reads next is decided when it is asked. */
  async #waitMs({ partition }: Cursor): Promise<number> {
    const { maxWaitMs } = this.#settings;
    if (partition === undefined || maxWaitMs === 0) return 0;
    return Math.min(maxWaitMs, await this.#messages.longestWaitMs());
  }
}
