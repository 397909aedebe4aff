// Moves partitions whose owner was asked to hand them over and did not commit in time.

import type { System } from '../streaming/system.ts';

const checkEveryMs = 1_000;

/** Starts the job; returns what stops it. */
export function startRebalanceTimeout(system: System): () => void {
  const timer = setInterval(() => {
    const nowMs = system.clock.nowMs();
    for (const group of system.groups()) group.expireRevocations(nowMs);
  }, checkEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}
