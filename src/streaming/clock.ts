// Time, injected so that tests can hold it.

export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Microseconds since 1970. */
  nowMicros(): bigint;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  nowMicros: () => BigInt(Date.now()) * 1000n,
};
