// How many processors have nothing to do.

import os from 'node:os';

/** A function that tells how many of the processors that this process may use were idle since its last call. All of them, where the system does not tell. */
export function watchIdleProcessors(): () => number {
  let before = processorTimes();
  return () => {
    const now = processorTimes();
    const totalMs = now.totalMs - before.totalMs;
    const idleMs = now.idleMs - before.idleMs;
    before = now;
    return os.availableParallelism() * (totalMs > 0 ? idleMs / totalMs : 1);
  };
}

/** Of all processors of the machine, since it started. */
function processorTimes(): { totalMs: number; idleMs: number } {
  let totalMs = 0;
  let idleMs = 0;
  for (const { times } of os.cpus()) {
    totalMs += times.user + times.nice + times.sys + times.irq + times.idle;
    idleMs += times.idle;
  }
  return { totalMs, idleMs };
}
