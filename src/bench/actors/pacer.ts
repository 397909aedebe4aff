// Keeps an actor at its rate: each batch has a time at which it is due, so that one that was late does not move those behind it. What is late by more than a second is not made up for.

import type { Clock } from '../load/clock.ts';

export interface Pacer {
  /** Resolves when the next batch is due, or at the deadline. `bytes` are its payloads'. */
  turn(bytes: number, deadlineMs: number): Promise<void> | undefined;
}

const catchUpMs = 1000;
/** A timer fires no earlier than a millisecond from now; what is due before half of that goes at once. */
const soonMs = 0.5;

/** `bytesPerSecond` undefined: every batch is due at once. */
export function createPacer(clock: Clock, bytesPerSecond: number | undefined): Pacer {
  let dueMs = 0;
  return {
    turn(bytes, deadlineMs) {
      if (bytesPerSecond === undefined) return undefined;
      const nowMs = clock.nowMs();
      dueMs = Math.max(dueMs, nowMs - catchUpMs);
      const waitMs = Math.min(dueMs, deadlineMs) - nowMs;
      if (dueMs === nowMs - catchUpMs) dueMs = nowMs;
      dueMs += (bytes / bytesPerSecond) * 1000;
      return waitMs < soonMs ? undefined : new Promise((resolve) => setTimeout(resolve, waitMs));
    },
  };
}
