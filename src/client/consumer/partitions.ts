// The partitions that a consumer reads now: a cursor for each, whose turn it is, and which are paused.

import type { PollFrom } from '../commands/messages.ts';
import type { ReceivedMessage } from '../message/message.ts';
import { Cursor } from './cursor.ts';

/** Messages of one partition that were taken and are not processed yet. At least one. */
export interface InHand {
  messages: readonly ReceivedMessage[];
  cursor: Cursor;
  /** Of the cursor, when they were taken. */
  seeks: number;
}

export class Partitions {
  readonly #start: PollFrom;
  readonly #cursors = new Map<number | undefined, Cursor>();
  readonly #paused = new Set<number>();
  #allPaused = false;
  #turns: Cursor[] = [];
  #turn = 0;

  /** New partitions are read from `start` on. */
  constructor(start: PollFrom) {
    this.#start = start;
  }

  get cursors(): readonly Cursor[] {
    return this.#turns;
  }

  /** Those that are read, by number; of a classic group it is not known. */
  get ids(): number[] {
    return this.#turns.flatMap(({ partition, leaving }) => (partition === undefined || leaving ? [] : [partition]));
  }

  /** The cursor that reads the partition: its own, or that of a classic group. */
  cursorOf(partition: number): Cursor | undefined {
    return this.#cursors.get(partition) ?? this.#cursors.get(undefined);
  }

  /** What is to be read from now on. Returns the cursors that are not; each of them stays until it is retired. */
  assign(partitions: readonly (number | undefined)[], rejoined: boolean): Cursor[] {
    const assigned = new Set(partitions);
    for (const partition of assigned) {
      const cursor = this.#cursors.get(partition);
      if (cursor === undefined) {
        this.#cursors.set(partition, new Cursor(partition, this.#start));
      } else if (rejoined || cursor.leaving) {
        // Another member may have read on from what is stored.
        cursor.leaving = false;
        cursor.restart('next');
      }
    }
    const lost = [...this.#cursors.values()].filter(({ partition, leaving }) => !assigned.has(partition) && !leaving);
    for (const cursor of lost) {
      cursor.leaving = true;
      cursor.epoch++;
      cursor.stopWaiting();
    }
    this.#turns = [...this.#cursors.values()];
    return lost;
  }

  /** Forgets a cursor, unless its partition was assigned again. */
  retire(cursor: Cursor): void {
    if (!cursor.leaving || this.#cursors.get(cursor.partition) !== cursor) return;
    this.#cursors.delete(cursor.partition);
    this.#turns = [...this.#cursors.values()];
  }

  /** At most so many messages of the next partition that has any. */
  take(count: number): InHand | undefined {
    for (let tried = 0; tried < this.#turns.length; tried++) {
      const cursor = this.#turns[this.#turn++ % this.#turns.length] as Cursor;
      if (this.isPaused(cursor)) continue;
      const messages = cursor.take(count);
      if (messages.length > 0) return { messages, cursor, seeks: cursor.seeks };
    }
    return undefined;
  }

  isPaused({ partition }: Cursor): boolean {
    return this.#allPaused || (partition !== undefined && this.#paused.has(partition));
  }

  /** Undefined: all. */
  pause(partitions: readonly number[] | undefined): void {
    if (partitions === undefined) this.#allPaused = true;
    else for (const partition of partitions) this.#paused.add(partition);
  }

  resume(partitions: readonly number[] | undefined): void {
    if (partitions === undefined) {
      this.#allPaused = false;
      this.#paused.clear();
    } else for (const partition of partitions) this.#paused.delete(partition);
  }
}
