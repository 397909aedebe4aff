// Callbacks of the requests that wait for their completion, by small request numbers that are used again.

import type { CompletionCallback } from './engine.ts';

export class RequestTable {
  readonly #callbacks: (CompletionCallback | undefined)[] = [];
  readonly #free: number[] = [];

  /** The number that the next request may go out under. It stays free until `hold`: a request that completes at once needs no entry. */
  next(): number {
    return this.#free.at(-1) ?? this.#callbacks.length;
  }

  /** The request that went out under `next()` was queued. */
  hold(request: number, done: CompletionCallback): void {
    this.#free.pop();
    this.#callbacks[request] = done;
  }

  /** Takes out the callback of a completed request; undefined if none waits under this number. */
  take(request: number): CompletionCallback | undefined {
    const done = this.#callbacks[request];
    if (done === undefined) return undefined;
    this.#callbacks[request] = undefined;
    this.#free.push(request);
    return done;
  }
}
