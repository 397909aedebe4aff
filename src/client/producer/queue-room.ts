// The bound of a producer's queue: who finds no room waits, in order.

interface Waiter {
  bytes: number;
  admit(): void;
}

export class QueueRoom {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #messages = 0;
  #bytes = 0;
  /** In order; a set, so that each end and every abort cost the same. */
  readonly #waiters = new Set<Waiter>();

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  /** Messages that were let in and are not settled. */
  get messages(): number {
    return this.#messages;
  }

  /** Takes room for one message; a promise where there is none yet. A message larger than the whole queue is let in when the queue is empty. */
  take(bytes: number, signal: AbortSignal | undefined): Promise<void> | undefined {
    if (this.#waiters.size === 0 && this.#fits(bytes)) {
      this.#enter(bytes);
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        bytes,
        admit: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
      };
      const abort = () => {
        this.#waiters.delete(waiter);
        reject(signal?.reason);
        this.#admit();
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  give(messages: number, bytes: number): void {
    this.#messages -= messages;
    this.#bytes -= bytes;
    this.#admit();
  }

  #admit(): void {
    for (const waiter of this.#waiters) {
      if (!this.#fits(waiter.bytes)) return;
      this.#waiters.delete(waiter);
      this.#enter(waiter.bytes);
      waiter.admit();
    }
  }

  #fits(bytes: number): boolean {
    return this.#messages === 0 || (this.#messages < this.#maxMessages && this.#bytes + bytes <= this.#maxBytes);
  }

  #enter(bytes: number): void {
    this.#messages++;
    this.#bytes += bytes;
  }
}
