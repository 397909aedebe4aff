// Forgets revocations of access tokens that have ended: they are refused anyway.

import { removeEndedRevocations } from '../streaming/revocations.ts';
import type { System } from '../streaming/system.ts';

/** Starts the job; returns what stops it. */
export function startEndedRevocations(system: System, everyMs: number): () => void {
  const timer = setInterval(() => {
    removeEndedRevocations(system).catch((error: unknown) => system.log.error({ err: error }, 'revocations could not be removed'));
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
