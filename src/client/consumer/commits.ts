// Stores the offsets of what was processed. One store after another for each partition, so that its offset never goes back, whatever the transport does with requests that are under
// way together.

import type { Messages } from '../commands/messages.ts';
import type { CallOptions } from '../connection/call.ts';
import { ClientError } from '../connection/errors.ts';
import { backgroundInterval } from '../connection/timers.ts';
import type { Cursor } from './cursor.ts';
import { notOwned } from './group-errors.ts';
import type { ConsumerSettings } from './options.ts';
import type { Partitions } from './partitions.ts';

export interface CommitEvents {
  /** A commit that nobody waits for is through. */
  committed(): void;
  /** It is not; the next one tries again. */
  troubled(error: unknown): void;
  /** This member may not store offsets of a partition any more. */
  fenced(): void;
}

export class Commits {
  readonly #settings: ConsumerSettings;
  readonly #messages: Messages;
  readonly #partitions: Partitions;
  readonly #events: CommitEvents;
  #last: Promise<unknown> = Promise.resolve();
  #queued = false;
  #sinceLast = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: ConsumerSettings, messages: Messages, partitions: Partitions, events: CommitEvents) {
    this.#settings = settings;
    this.#messages = messages;
    this.#partitions = partitions;
    this.#events = events;
  }

  /** Commits by time, where the policy says so. */
  begin(): void {
    const { commit } = this.#settings;
    if (typeof commit === 'object' && commit.intervalMs > 0) this.#timer = backgroundInterval(() => this.queue(), commit.intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** So many messages were processed. Resolves when the policy lets the next ones go. */
  async processed(count: number): Promise<void> {
    this.#sinceLast += count;
    const { commit } = this.#settings;
    if (commit === 'each') await this.all();
    else if (typeof commit === 'object' && this.#sinceLast >= commit.count) this.queue();
  }

  /** Stores everything soon; nobody waits for it. */
  queue(): void {
    if (this.#queued) return;
    this.#queued = true;
    this.all().then(
      () => this.#events.committed(),
      (error) => this.#events.troubled(error),
    );
  }

  /** Stores everything that was processed. */
  all(options?: CallOptions): Promise<void> {
    return this.#inTurn(async () => {
      this.#queued = false;
      this.#sinceLast = 0;
      await Promise.all(this.#partitions.cursors.map((cursor) => this.#storeProcessed(cursor, options)));
    });
  }

  /** The same for one cursor. False: this member may not store offsets of the partition any more. */
  of(cursor: Cursor): Promise<boolean> {
    return this.#inTurn(() => this.#storeProcessed(cursor));
  }

  /** Stores what it is told. */
  one(partition: number, offset: number, options?: CallOptions): Promise<void> {
    return this.#inTurn(async () => {
      await this.#store(partition, offset, options);
      const committed = this.#partitions.cursorOf(partition)?.committed;
      committed?.set(partition, Math.max(offset, committed.get(partition) ?? -1));
    });
  }

  #inTurn<Result>(store: () => Promise<Result>): Promise<Result> {
    const stored = this.#last.then(store);
    this.#last = stored.catch(() => undefined);
    return stored;
  }

  async #storeProcessed(cursor: Cursor, options?: CallOptions): Promise<boolean> {
    const { seeks } = cursor;
    for (const [partition, offset] of cursor.processed) {
      if (offset <= (cursor.committed.get(partition) ?? -1)) continue;
      try {
        await this.#store(partition, offset, options);
      } catch (error) {
        if (this.#settings.group === undefined || !ClientError.is(error) || !notOwned.has(error.code)) throw error;
        cursor.processed.delete(partition);
        this.#events.fenced();
        return false;
      }
      if (cursor.seeks === seeks) cursor.committed.set(partition, offset);
    }
    return true;
  }

  #store(partition: number, offset: number, options?: CallOptions): Promise<void> {
    const { stream, topic, as } = this.#settings;
    return this.#messages.storeOffset({ stream, topic, as, partition, offset }, options);
  }
}
