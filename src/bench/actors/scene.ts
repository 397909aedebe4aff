// What every actor works with, and the course that all of them share: warm-up until the start, then the measured phase until the quota or the deadline.

import type { Clock } from '../load/clock.ts';
import type { LoadClient } from '../load/load-client.ts';
import type { Actor } from '../plan/actors.ts';
import type { Range } from '../plan/amounts.ts';
import type { Counters } from './counters.ts';
import { createPacer, type Pacer } from './pacer.ts';
import type { Recorder } from './recorder.ts';

/** Times of the run's clock. */
export interface Schedule {
  /** Before this nothing is recorded, nor counted towards a quota. */
  startMs: number;
  /** Infinity: quotas end the run. */
  deadlineMs: number;
}

export interface Scene {
  readonly actor: Actor;
  readonly client: LoadClient;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly recorder: Recorder;
  readonly messageBytes: Range;
  readonly messagesPerBatch: Range;
  readonly warmsUp: boolean;
  /** Messages that were in the stream before the run. */
  readonly storedBefore: number;
  /** Latency of a read: from when the first message was made, or of the call alone. */
  readonly endToEnd: boolean;
}

/** Ready to begin; runs to its end. */
export type Performance = (schedule: Schedule) => Promise<void>;

export class Course {
  readonly #scene: Scene;
  readonly #schedule: Schedule;
  readonly #pacer: Pacer;
  #batches = 0;
  #messages = 0;
  #bytes = 0;

  constructor(scene: Scene, schedule: Schedule) {
    this.#scene = scene;
    this.#schedule = schedule;
    this.#pacer = createPacer(scene.clock, scene.actor.rateBytesPerSecond);
  }

  /** Actors that do not warm up wait for the common start. */
  async begin(): Promise<void> {
    if (this.#scene.warmsUp) return;
    // A timer may fire a little early.
    for (let waitMs = this.#untilStartMs; waitMs > 0; waitMs = this.#untilStartMs) {
      await new Promise((resolve) => setTimeout(resolve, Math.ceil(waitMs)));
    }
  }

  /** Whether the actor has more to do. */
  get goesOn(): boolean {
    const { batches = Number.POSITIVE_INFINITY, bytes = Number.POSITIVE_INFINITY } = this.#scene.actor.quota;
    if (this.#scene.counters.stopped) return false;
    if (this.#batches >= batches || this.messagesLeft <= 0 || this.#bytes >= bytes) return false;
    return this.#scene.clock.nowMs() < this.#schedule.deadlineMs;
  }

  /** Of the quota. */
  get messagesLeft(): number {
    return (this.#scene.actor.quota.messages ?? Number.POSITIVE_INFINITY) - this.#messages;
  }

  get measuring(): boolean {
    return this.#untilStartMs <= 0;
  }

  /** Waits until a batch of so many bytes is due, if there is a rate. */
  turn(bytes: number): Promise<void> | undefined {
    return this.#pacer.turn(bytes, this.#schedule.deadlineMs);
  }

  /** A request that began in the measured phase was answered. */
  done(latencyMs: number, endedMs: number, messages: number, bytes: number): void {
    const { recorder, counters, actor } = this.#scene;
    this.#batches++;
    this.#messages += messages;
    this.#bytes += bytes;
    recorder.record(Math.max(0, endedMs - this.#schedule.startMs), latencyMs, messages, bytes);
    counters.measured(actor.index, messages, bytes);
  }

  get #untilStartMs(): number {
    return this.#schedule.startMs - this.#scene.clock.nowMs();
  }
}

/** Without a message for so long, a reader gives up. */
export const patienceMs = 30_000;
