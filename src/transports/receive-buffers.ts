// Memory that requests are received into: one buffer shared by all sockets of the thread (a read is consumed before the next one begins), and pooled slots
// for large frames, within a share of the engine's budget. Readers that find no memory wait in order and are resumed as slots come free. What a library of a transport gathers
// by itself counts in the same budget.

import { type Engine, noSlot } from '../storage/engine.ts';

const sharedBytes = 256 * 1024;

/** Something that waits for memory. */
export interface MemoryWaiter {
  resume(): void;
}

export class ReceiveBuffers {
  /** Receive buffer of every socket; its contents live until the read callback returns. */
  readonly shared = Buffer.allocUnsafeSlow(sharedBytes);
  readonly #engine: Engine;
  readonly #bytesMax: number;
  readonly #waiters = new Set<MemoryWaiter>();
  #bytes = 0;
  #waking = false;

  constructor(engine: Engine, bytesMax: number) {
    this.#engine = engine;
    this.#bytesMax = bytesMax;
  }

  /** Bytes that frames are being received into. */
  get bytesReceiving(): number {
    return this.#bytes;
  }

  /** A slot of at least `bytes`, or `noSlot`: then `waiter.resume` is called once it is worth trying again. */
  acquire(bytes: number, waiter: MemoryWaiter): number {
    const slot = this.#bytes + bytes <= this.#bytesMax || this.#bytes === 0 ? this.#engine.acquireSlot(bytes) : noSlot;
    if (slot === noSlot) this.#waiters.add(waiter);
    else this.#bytes += this.bytes(slot).length;
    return slot;
  }

  bytes(slot: number): Buffer {
    return this.#engine.slotBuffer(slot);
  }

  /** A slot whose frame was given up or moved to a larger one. */
  release(slot: number): void {
    this.handOver(slot);
    this.releaseHandedOver(slot);
  }

  /** The frame in the slot is complete: it counts as being handled, no longer as being received. */
  handOver(slot: number): void {
    this.#bytes -= this.bytes(slot).length;
  }

  /** Gives back a slot after its request was handled, or its reply sent. */
  releaseHandedOver(slot: number): void {
    this.#engine.releaseSlot(slot);
    this.#wakeWaiters();
  }

  /** Counts bytes that were received elsewhere. False: there are too many, and `waiter.resume` is called once it is worth reading on. */
  count(bytes: number, waiter: MemoryWaiter): boolean {
    const fits = this.#bytes + bytes <= this.#bytesMax || this.#bytes === 0;
    this.#bytes += bytes;
    if (!fits) this.#waiters.add(waiter);
    return fits;
  }

  /** Bytes that were counted are gone, or belong to a request that is being handled. */
  uncount(bytes: number): void {
    this.#bytes -= bytes;
    this.#wakeWaiters();
  }

  forget(waiter: MemoryWaiter): void {
    this.#waiters.delete(waiter);
  }

  #wakeWaiters(): void {
    if (this.#waiters.size === 0 || this.#waking) return;
    this.#waking = true;
    queueMicrotask(() => {
      this.#waking = false;
      const waiters = [...this.#waiters];
      this.#waiters.clear();
      for (const waiter of waiters) waiter.resume();
    });
  }
}
