// One completion record of the engine: sixteen u32 words that the addon writes (native/engine/engine.h holds the layout).

import type { Completion } from './engine.ts';

export const completionBytes = 64;

/** A view of one record. It shows what the addon wrote last, so it is read at once. */
export class CompletionRecord implements Completion {
  readonly words: Uint32Array;

  constructor(memory: ArrayBuffer, position: number) {
    this.words = new Uint32Array(memory, position, completionBytes / Uint32Array.BYTES_PER_ELEMENT);
  }

  /** The number that the request was made under. */
  get request(): number {
    return this.#u32(0);
  }

  get status(): number {
    return this.#u32(1) | 0;
  }

  get slot(): number {
    return this.#u32(2);
  }

  get start(): number {
    return this.#u32(3);
  }

  get length(): number {
    return this.#u32(4);
  }

  get count(): number {
    return this.#u32(5);
  }

  get detail(): number {
    return this.#u32(6);
  }

  get firstOffset(): number {
    return this.#u64(8);
  }

  get lastOffset(): number {
    return this.#u64(10);
  }

  get currentOffset(): number {
    return this.#u64(12);
  }

  get timestamp(): number {
    return this.#u64(14);
  }

  #u32(word: number): number {
    return this.words[word] as number;
  }

  #u64(word: number): number {
    return this.#u32(word) + this.#u32(word + 1) * 2 ** 32;
  }
}
