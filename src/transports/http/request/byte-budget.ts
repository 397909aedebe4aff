// Bytes that requests and replies may hold in memory at once, of all connections together.

import { HttpFailure, retryAfter } from './failure.ts';

export class ByteBudget {
  readonly #bytesMax: number;
  #used = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Throws 503 if they are not to be had. */
  take(bytes: number): void {
    if (this.#used + bytes > this.#bytesMax) {
      throw new HttpFailure(503, 'server_busy', 'The server holds as many bytes of requests and replies as it may', retryAfter(1));
    }
    this.#used += bytes;
  }

  release(bytes: number): void {
    this.#used -= bytes;
  }
}
