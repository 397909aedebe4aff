// Removes segments that the limits of their topics no longer let stay.

import { applyRetention } from '../streaming/retention.ts';
import type { System } from '../streaming/system.ts';

/** Starts the job; returns what stops it. A run that takes longer than the interval is not overtaken by the next. */
export function startRetention(system: System, everyMs: number): () => void {
  let running = false;
  let stopped = false;
  const run = async (): Promise<void> => {
    if (running) return;
    running = true;
    try {
      for (const stream of system.streams.list()) {
        for (const topic of stream.topics.list()) {
          const segments = stopped ? 0 : await applyRetention(system, topic);
          if (segments > 0) system.log.info({ stream: stream.id, topic: topic.id, segments }, 'old segments were removed');
        }
      }
    } catch (error) {
      system.log.error({ err: error }, 'retention failed');
    } finally {
      running = false;
    }
  };
  const timer = setInterval(() => void run(), everyMs);
  timer.unref();
  return () => {
    stopped = true;
    clearInterval(timer);
  };
}
