// How long to wait before the next attempt: doubling, bounded, and with half of it left to chance, so that clients that lost the same server do not return as one.

export interface BackoffLimits {
  initialDelayMs: number;
  maxDelayMs: number;
}

/** Milliseconds before attempt number `attempt`, from 1. `random` is from 0 to 1. */
export function backoffMs({ initialDelayMs, maxDelayMs }: BackoffLimits, attempt: number, random: number): number {
  const full = Math.min(maxDelayMs, initialDelayMs * 2 ** Math.min(attempt - 1, 30));
  return full * (0.5 + random / 2);
}
