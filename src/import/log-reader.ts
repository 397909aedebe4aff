// Reading one log file of the source: runs of sound messages in a buffer of the engine, ready to be restored, and what is wrong between them.

import type { Engine, SlotRange } from '../storage/engine.ts';
import { noSlot } from '../storage/engine.ts';
import { ImportError } from './source/import-error.ts';

export type LogPart =
  | { kind: 'run'; buffer: SlotBuffer; range: SlotRange; messages: number; nextOffset: bigint }
  /** `position` and `bytes` (0: unknown) of what follows the last run; `offset`: the one it has instead of the expected one. */
  | { kind: 'fault'; fault: 'torn' | 'layout' | 'checksum' | 'key'; position: number; bytes: number }
  | { kind: 'fault'; fault: 'offset'; position: number; bytes: number; offset: bigint }
  | { kind: 'end' };

export interface LogReader {
  /** Of the next byte to be looked at. */
  readonly position: number;
  /** What follows. A fault comes again until it is skipped, or another offset is expected. */
  next(expectedOffset: bigint): Promise<LogPart>;
  skip(bytes: number): void;
}

/** Log parts are read and restored this much at a time. */
export const chunkBytes = 4 * 1024 * 1024;

/** A buffer of the engine that may be in its use. */
export class SlotBuffer {
  readonly #engine: Engine;
  #slot: number;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#slot = acquire(engine, chunkBytes);
  }

  get slot(): number {
    return this.#slot;
  }

  get bytes(): Buffer {
    return this.#engine.slotBuffer(this.#slot);
  }

  /** The engine uses the buffer until `work` is done; whoever wants it next waits for that, and gets its error. */
  lend(work: Promise<unknown>): void {
    this.#busy = work;
    // Somebody waits for it later; until then a failure is not yet an unhandled one.
    work.catch(() => undefined);
  }

  async settled(): Promise<void> {
    await this.#busy;
  }

  /** Room for at least `bytes`; what was in the buffer may be gone. */
  async grow(bytes: number): Promise<void> {
    await this.settled();
    if (this.bytes.length >= bytes) return;
    const larger = acquire(this.#engine, bytes);
    this.#engine.releaseSlot(this.#slot);
    this.#slot = larger;
  }

  async release(): Promise<void> {
    await this.#busy.catch(() => undefined);
    this.#engine.releaseSlot(this.#slot);
  }
}

/** Two buffers: one is read into while the engine writes the other. */
export class BufferPair {
  readonly #buffers: readonly [SlotBuffer, SlotBuffer];
  #turn = 0;

  constructor(engine: Engine) {
    this.#buffers = [new SlotBuffer(engine), new SlotBuffer(engine)];
  }

  /** The one that was not given last. */
  other(): SlotBuffer {
    this.#turn = 1 - this.#turn;
    return this.#buffers[this.#turn] as SlotBuffer;
  }

  async settled(): Promise<void> {
    for (const buffer of this.#buffers) await buffer.settled();
  }

  async release(): Promise<void> {
    for (const buffer of this.#buffers) await buffer.release();
  }
}

function acquire(engine: Engine, bytes: number): number {
  const slot = engine.acquireSlot(bytes);
  if (slot === noSlot) throw new ImportError(`there is no memory for a message of ${bytes} bytes`);
  return slot;
}
