// Keeps requests of a worker back while the worker has not applied what the control thread has done already.
//
// The control thread raises the worker's epoch in shared memory before it acknowledges a change, and sends the change with that epoch. A request is handled only at a moment when
// the epoch applied is the one in memory: so whoever was told of a change finds it in force on every worker, and the wait is that for a message from one thread to another.

import type { ClientRecord } from '../streaming/clients.ts';
import type { MemoryWaiter } from '../transports/receive-buffers.ts';
import type { RequestGate } from '../transports/request-gate.ts';

export class ViewGate implements RequestGate {
  readonly #currentEpoch: () => number;
  readonly #held = new Set<ClientRecord>();
  readonly #waiters = new Set<MemoryWaiter>();
  #appliedEpoch = 0;

  constructor(currentEpoch: () => number) {
    this.#currentEpoch = currentEpoch;
  }

  pass(client: ClientRecord, waiter: MemoryWaiter): boolean {
    if (this.#currentEpoch() === this.#appliedEpoch && (this.#held.size === 0 || !this.#held.has(client))) return true;
    this.#waiters.add(waiter);
    return false;
  }

  /** The worker's view has reached this epoch. */
  applied(epoch: number): void {
    this.#appliedEpoch = epoch;
    this.#open();
  }

  /** The client's login may be about to change. */
  hold(client: ClientRecord): void {
    this.#held.add(client);
  }

  release(client: ClientRecord): void {
    if (this.#held.delete(client)) this.#open();
  }

  #open(): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.resume();
  }
}
