// Closes connections whose peer began a frame and does not go on: they hold memory that others wait for.

import type { OpenConnection } from '../transports/listener.ts';

const checkEveryMs = 1_000;

/** Starts the job; returns what stops it. */
export function startStalledConnections(connections: () => Iterable<OpenConnection>, nowMs: () => number): () => void {
  const timer = setInterval(() => {
    const now = nowMs();
    for (const connection of connections()) {
      if (connection.stalled(now)) connection.destroy();
    }
  }, checkEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}
