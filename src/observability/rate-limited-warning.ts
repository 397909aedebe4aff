// A warning that a peer can cause as often as it likes, counted, and written at most once in a while with how often it came.

import type { Logger } from './logger.ts';

const everyMs = 10_000;

export interface RateLimitedWarning {
  /** How often it came. */
  readonly count: number;
  note(text: string): void;
}

export function rateLimitedWarning(log: Logger, nowMs: () => number): RateLimitedWarning {
  let writtenAtMs = Number.NEGATIVE_INFINITY;
  let suppressed = 0;
  let count = 0;
  return {
    get count() {
      return count;
    },
    note(text) {
      count++;
      const now = nowMs();
      if (now - writtenAtMs < everyMs) {
        suppressed++;
        return;
      }
      log.warn(suppressed === 0 ? {} : { suppressed }, text);
      writtenAtMs = now;
      suppressed = 0;
    },
  };
}
