// One clock for all threads of a run.

export interface Clock {
  /** Milliseconds of a monotonic clock that is the same in every thread. */
  nowMs(): number;
  /** Microseconds since 1970, never running backwards within a run. */
  epochMicros(): number;
}

/** Milliseconds to add to the monotonic clock for the time since 1970; measured once a run, so that all threads agree. */
export function measureEpochOffsetMs(): number {
  return Date.now() - monotonicMs();
}

export function createClock(epochOffsetMs: number): Clock {
  // performance.now() is the same clock with another zero in each thread, and costs a third of hrtime.
  const zeroMs = monotonicMs() - performance.now();
  const nowMs = () => performance.now() + zeroMs;
  return { nowMs, epochMicros: () => Math.floor((nowMs() + epochOffsetMs) * 1000) };
}

function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
