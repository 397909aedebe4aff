// Has TCP connections served by as few worker threads as can serve them: looks at the threads ten times a second, and has connections change threads as SpreadingPolicy says.
//
// QUIC connections stay where they are, since their datagrams find the thread by a number in them; what they cost their thread counts all the same.

import type { EventLoopUtilization } from 'node:perf_hooks';
import type { Clock } from '../streaming/clock.ts';
import { watchIdleProcessors } from './idle-processors.ts';
import type { RemoteClient } from './remote-client.ts';
import { SpreadingPolicy } from './spreading.ts';
import type { WorkerLink } from './worker-link.ts';

const lookEveryMs = 100;
/** Workers tell four times a second whom they heard of. */
const activeMs = 1_000;

interface Watched {
  readonly link: WorkerLink;
  before: EventLoopUtilization;
  active: RemoteClient[];
}

export class ConnectionSpreader {
  readonly #threads: readonly Watched[];
  readonly #clock: Clock;
  readonly #stopping: () => boolean;
  readonly #policy = new SpreadingPolicy();
  readonly #idleProcessors = watchIdleProcessors();
  readonly #timer: NodeJS.Timeout;

  /** Looks until `stop`. Nothing moves any more when `stopping` is true. */
  constructor(links: readonly WorkerLink[], clock: Clock, stopping: () => boolean) {
    this.#threads = links.map((link) => ({ link, before: link.eventLoopUtilisation(), active: [] }));
    this.#clock = clock;
    this.#stopping = stopping;
    this.#timer = setInterval(() => this.#look(), lookEveryMs).unref();
  }

  /** Where a new connection is to go: of the threads in use the one with the fewest connections. */
  place(): WorkerLink {
    const used = this.#threads.filter(({ active }, number) => number === 0 || active.length > 0);
    return used.reduce((least, other) => (other.link.clients.size < least.link.clients.size ? other : least)).link;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    if (this.#stopping()) return;
    const sinceMs = this.#clock.nowMs() - activeMs;
    const loads = this.#threads.map((thread) => {
      const now = thread.link.eventLoopUtilisation();
      const { utilization: utilisation } = thread.link.eventLoopUtilisation(now, thread.before);
      thread.before = now;
      thread.active = [...thread.link.clients.values()].filter((client) => client.transport === 'tcp' && client.lastSeenMs >= sinceMs);
      return { number: thread.link.number, utilisation, activeConnections: thread.active.length };
    });
    const spreading = this.#policy.look(loads, this.#idleProcessors);
    if (spreading === undefined) return;
    const { kind, from, to } = spreading;
    const { link, active } = this.#threads[from] as Watched;
    const moving = kind === 'gather' ? active : active.slice(0, active.length >> 1);
    for (const { id } of moving) link.post({ kind: 'move', client: id, to });
  }
}
