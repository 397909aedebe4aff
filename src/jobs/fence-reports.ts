// Reports partitions that were fenced while the server runs. The engine only counts them; which ones they are is looked up when there are more than before.

import { placeOf } from '../streaming/known-damage.ts';
import type { Partition } from '../streaming/partition.ts';
import type { System } from '../streaming/system.ts';

const everyMs = 1000;

/** Starts the job; returns what stops it. What is fenced already was reported when it was opened. */
export function startFenceReports(system: System, intervalMs = everyMs): () => void {
  const reported = new WeakSet<Partition>();
  let fences = -1;
  const look = (report: boolean): void => {
    const counted = system.engine.engineStats().fences;
    if (counted === fences) return;
    fences = counted;
    for (const stream of system.streams.values()) {
      for (const topic of stream.topics.values()) {
        for (const partition of topic.partitions) {
          const { fence } = system.engine.stats(partition.handle);
          if (fence === undefined || reported.has(partition)) continue;
          reported.add(partition);
          if (report) system.log.error({ ...placeOf(topic, partition), ...fence }, 'partition was fenced: it takes no messages');
        }
      }
    }
  };
  look(false);
  const timer = setInterval(() => look(true), intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}
