// Ends the logins of clients that were silent for too long: members of consumer groups keep partitions from the others.
//
// Iggy 0.9 clients ping by themselves, and only those in a group are looked at. 0.8 clients ping if they were told to, so that for them the check is off unless it is set;
// then it concerns every one, as in Iggy.

import type { ClientRecord } from '../streaming/clients.ts';
import type { System } from '../streaming/system.ts';

export interface SilenceLimits {
  /** Expected time between two requests of a 0.8 client; undefined: they are left alone. */
  classicIntervalMs: number | undefined;
  /** The same of a 0.9 client that is in a group. */
  memberIntervalMs: number;
}

const checkEveryMsMax = 1_000;
/** A request may be this much late. */
const tolerance = 1.2;

/** Starts the job; returns what stops it. */
export function startSilentClients(system: System, limits: SilenceLimits): () => void {
  const timer = setInterval(
    () => {
      const nowMs = system.clock.nowMs();
      for (const client of system.clients.list()) {
        const intervalMs = intervalOf(client, limits);
        if (intervalMs === undefined || nowMs - client.lastSeenMs <= intervalMs * tolerance) continue;
        system.log.info(
          { client: client.id, address: client.address, silentMs: nowMs - client.lastSeenMs },
          'client is silent: login ended',
        );
        const sessionClientId = client.session?.clientId;
        system.sessions.close(client);
        client.tellStale?.(sessionClientId);
      }
    },
    Math.min(checkEveryMsMax, limits.memberIntervalMs, limits.classicIntervalMs ?? checkEveryMsMax),
  );
  timer.unref();
  return () => clearInterval(timer);
}

function intervalOf(client: ClientRecord, limits: SilenceLimits): number | undefined {
  if (client.generation === 'classic') return limits.classicIntervalMs;
  return client.generation === 'vsr' && client.memberships.size > 0 ? limits.memberIntervalMs : undefined;
}
