// A warning that a peer can cause as often as it likes, written at most once in a while, with how often it came.

import type { Logger } from './logger.ts';

const everyMs = 10_000;

export function rateLimitedWarning(log: Logger, nowMs: () => number): { note(text: string): void } {
  let writtenAtMs = Number.NEGATIVE_INFINITY;
  let suppressed = 0;
  return {
    note(text) {
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
