// Memory that all threads share: numbers that one thread must see as soon as another has changed them.
//
//   int32   0 the server stops · 1 the last number of a connection · 2 entries that send windows have room for
//           16 … 16 + 256            epoch of each worker's view: raised before what changed the view is acknowledged to anybody
//           272 … 272 + 257          KiB that frames are being received into, of each worker and, last, of the control thread
//           544 … 544 + 4096         polls that wait, by partition handle modulo 4096
//           4640 … 4640 + 256        QUIC connections that each worker holds

import type { Counter, ThreadSharing } from '../streaming/thread-sharing.ts';
import type { SharedReceiving } from '../transports/receive-buffers.ts';

export const workersMax = 256;

const stoppingAt = 0;
const lastClientIdAt = 1;
const rememberedSendsAt = 2;
const epochsAt = 16;
const receivingAt = epochsAt + workersMax;
const waitsAt = receivingAt + workersMax + 16;
const waitPlaces = 4096;
const quicHeldAt = waitsAt + waitPlaces;
const words = quicHeldAt + workersMax;
const clientIdMax = 0x7fff_ffff;

export class SharedMemory implements ThreadSharing {
  readonly buffer: SharedArrayBuffer;
  readonly rememberedSends: Counter;
  readonly #words: Int32Array;

  /** `buffer`: that of another thread; without one it is made. */
  constructor(buffer = new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.rememberedSends = counterAt(this.#words, rememberedSendsAt);
  }

  get stopping(): boolean {
    return Atomics.load(this.#words, stoppingAt) !== 0;
  }

  stop(): void {
    Atomics.store(this.#words, stoppingAt, 1);
  }

  /** From 1; when the numbers are used up they begin again. */
  nextClientId(): number {
    return (Atomics.add(this.#words, lastClientIdAt, 1) & clientIdMax) + 1;
  }

  epoch(worker: number): number {
    return Atomics.load(this.#words, epochsAt + worker);
  }

  /** From now on the worker handles nothing before it has applied what comes with this epoch. */
  raiseEpoch(worker: number): number {
    return (Atomics.add(this.#words, epochsAt + worker, 1) + 1) | 0;
  }

  /** `thread`: a worker's number; without one it is the control thread. */
  receiving(thread = workersMax): SharedReceiving {
    const all = this.#words.subarray(receivingAt, receivingAt + workersMax + 1);
    return {
      ofOthers() {
        let kib = 0;
        for (let other = 0; other < all.length; other++) if (other !== thread) kib += Atomics.load(all, other);
        return kib * 1024;
      },
      tell: (bytes) => Atomics.store(all, thread, Math.ceil(bytes / 1024)),
    };
  }

  /** A worker holds so many QUIC connections now. Returns how many all of them hold. */
  holdQuic(worker: number, connections: number): number {
    Atomics.store(this.#words, quicHeldAt + worker, connections);
    let held = 0;
    for (let other = 0; other < workersMax; other++) held += Atomics.load(this.#words, quicHeldAt + other);
    return held;
  }

  /** Which of the first `workers` holds the fewest QUIC connections; of several any. */
  fewestQuic(workers: number): number {
    const held = (worker: number) => Atomics.load(this.#words, quicHeldAt + worker);
    let least = Math.floor(Math.random() * workers);
    for (let worker = 0; worker < workers; worker++) if (held(worker) < held(least)) least = worker;
    return least;
  }

  waitBegan(partition: number): void {
    Atomics.add(this.#words, waitsAt + (partition % waitPlaces), 1);
  }

  waitEnded(partition: number): void {
    Atomics.sub(this.#words, waitsAt + (partition % waitPlaces), 1);
  }

  /** Whether a poll may wait for the partition: false for certain, or true. */
  mayBeWaitedFor(partition: number): boolean {
    return Atomics.load(this.#words, waitsAt + (partition % waitPlaces)) > 0;
  }
}

function counterAt(memory: Int32Array, at: number): Counter {
  return {
    get value() {
      return Atomics.load(memory, at);
    },
    add(difference) {
      return Atomics.add(memory, at, difference) + difference;
    },
  };
}
