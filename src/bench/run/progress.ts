// How far the phase that is under way is.

import type { Counters } from '../actors/counters.ts';
import type { Actor } from '../plan/actors.ts';

export interface Progress {
  readonly phase: 'filling' | 'warming up' | 'measuring';
  /** 0 to 1; undefined: nobody knows. */
  readonly part: number | undefined;
  /** Of producers, or of readers where there are no producers. */
  readonly messages: number;
  /** Of payloads. */
  readonly bytes: number;
  readonly elapsedMs: number;
}

export interface Watched {
  readonly phase: Progress['phase'];
  /** All of the run. */
  readonly actors: readonly Actor[];
  readonly counters: Counters;
  readonly startsInMs: number;
  readonly durationMs: number | undefined;
  /** Messages of a whole batch, for quotas in batches. */
  readonly messagesPerBatch: number;
}

const everyMs = 200;

/** Tells from time to time; returns what ends that. */
export function watchProgress(
  { phase, actors, counters, startsInMs, durationMs, messagesPerBatch }: Watched,
  tell: (progress: Progress) => void,
): () => void {
  const startMs = performance.now() + startsInMs;
  const senders = actors.filter(({ role }) => role === 'producer' || role === 'producing-consumer');
  const leading = senders.length > 0 ? senders : actors;
  const whole = leading.reduce(
    (sum, { quota }) => ({
      messages: sum.messages + (quota.messages ?? (quota.batches ?? Number.POSITIVE_INFINITY) * messagesPerBatch),
      bytes: sum.bytes + (quota.bytes ?? Number.POSITIVE_INFINITY),
    }),
    { messages: 0, bytes: 0 },
  );
  const look = () => {
    const elapsedMs = performance.now() - startMs;
    if (elapsedMs < 0)
      return tell({ phase: 'warming up', part: 1 + elapsedMs / startsInMs, messages: 0, bytes: 0, elapsedMs: startsInMs + elapsedMs });
    const done = counters.progress(leading);
    const part = Math.max(elapsedMs / (durationMs ?? Number.POSITIVE_INFINITY), done.messages / whole.messages, done.bytes / whole.bytes);
    tell({ phase, part: part > 0 ? Math.min(1, part) : undefined, ...done, elapsedMs });
  };
  const timer = setInterval(look, everyMs);
  return () => clearInterval(timer);
}
