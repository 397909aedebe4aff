// Memory that requests are received into: one buffer shared by all sockets of the thread (a read is consumed before the next one begins), and pooled slots
// for large frames, within a share of the engine's budget. Readers that find no memory wait in order and are resumed as slots come free. What a library of a transport gathers
// by itself counts in the same budget.
//
// Threads share the budget. What others give back is not told, so that readers which wait look again after a while.

import { type Engine, noSlot } from '../storage/engine.ts';

const sharedBytes = 256 * 1024;
const lookAgainMs = 10;

/** Something that waits for memory. */
export interface MemoryWaiter {
  resume(): void;
}

/** What frames are being received into in other threads, and what they know of this one. */
export interface SharedReceiving {
  /** Bytes. */
  ofOthers(): number;
  tell(bytes: number): void;
}

export class ReceiveBuffers {
  /** Receive buffer of every socket; its contents live until the read callback returns. */
  readonly shared = Buffer.allocUnsafeSlow(sharedBytes);
  readonly #engine: Engine;
  readonly #bytesMax: number;
  readonly #threads: SharedReceiving | undefined;
  readonly #waiters = new Set<MemoryWaiter>();
  #bytes = 0;
  #waking = false;

  /** `threads`: undefined if there is one. */
  constructor(engine: Engine, bytesMax: number, threads?: SharedReceiving) {
    this.#engine = engine;
    this.#bytesMax = bytesMax;
    this.#threads = threads;
  }

  /** Bytes that frames are being received into. */
  get bytesReceiving(): number {
    return this.#bytes;
  }

  /** A slot of at least `bytes`, or `noSlot`: then `waiter.resume` is called once it is worth trying again. */
  acquire(bytes: number, waiter: MemoryWaiter): number {
    const slot = this.#fits(bytes) ? this.#engine.acquireSlot(bytes) : noSlot;
    if (slot === noSlot) this.#wait(waiter);
    else this.#add(this.bytes(slot).length);
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
    this.#add(-this.bytes(slot).length);
  }

  /** Gives back a slot after its request was handled, or its reply sent. */
  releaseHandedOver(slot: number): void {
    this.#engine.releaseSlot(slot);
    this.#wakeWaiters();
  }

  /** Counts bytes that were received elsewhere. False: there are too many, and `waiter.resume` is called once it is worth reading on. */
  count(bytes: number, waiter: MemoryWaiter): boolean {
    const fits = this.#fits(bytes);
    this.#add(bytes);
    if (!fits) this.#wait(waiter);
    return fits;
  }

  /** Bytes that were counted are gone, or belong to a request that is being handled. */
  uncount(bytes: number): void {
    this.#add(-bytes);
    this.#wakeWaiters();
  }

  forget(waiter: MemoryWaiter): void {
    this.#waiters.delete(waiter);
  }

  /** A frame alone always fits. */
  #fits(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + (this.#threads?.ofOthers() ?? 0) + bytes <= this.#bytesMax;
  }

  #add(bytes: number): void {
    this.#bytes += bytes;
    this.#threads?.tell(this.#bytes);
  }

  #wait(waiter: MemoryWaiter): void {
    this.#waiters.add(waiter);
    if (this.#threads !== undefined && this.#waiters.size === 1) setTimeout(() => this.#wakeWaiters(), lookAgainMs).unref();
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
