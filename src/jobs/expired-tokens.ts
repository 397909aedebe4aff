// Removes personal access tokens that have expired. They are refused anyway: this is for what they take, and for the limit of tokens per user.

import type { System } from '../streaming/system.ts';
import { removeExpiredTokens } from '../streaming/token-commands.ts';

/** Starts the job; returns what stops it. */
export function startExpiredTokens(system: System, everyMs: number): () => void {
  const run = async (): Promise<void> => {
    try {
      const removed = await removeExpiredTokens(system);
      if (removed > 0) system.log.info({ removed }, 'expired personal access tokens were removed');
    } catch (error) {
      system.log.error({ err: error }, 'expired personal access tokens could not be removed');
    }
  };
  const timer = setInterval(() => void run(), everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
