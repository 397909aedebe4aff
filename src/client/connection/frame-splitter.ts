// Cuts the bytes that arrive into frames. A frame within one chunk is a view of it; one that spans chunks is gathered into a buffer of its own, which grows as its bytes arrive:
// an announced length costs nothing.

/** How long frames are. `frameBytes` sees at least `headerBytes` bytes from `at` on and throws where the header makes no sense. */
export interface Framing {
  headerBytes: number;
  frameBytes(bytes: Buffer, at: number): number;
}

const firstGrowth = 64 * 1024;

export class FrameSplitter {
  readonly #framing: Framing;
  /** The frame that has begun; empty between frames. */
  #partial: Buffer = Buffer.alloc(0);
  #filled = 0;

  constructor(framing: Framing) {
    this.#framing = framing;
  }

  /** Calls `onFrame` for each frame that the chunk completes; stops when it returns false. */
  push(chunk: Buffer, onFrame: (frame: Buffer) => boolean): void {
    const { headerBytes } = this.#framing;
    let at = 0;
    while (at < chunk.length) {
      if (this.#filled > 0) {
        if (this.#filled < headerBytes) at = this.#gather(chunk, at, headerBytes);
        if (this.#filled < headerBytes) return;
        const total = this.#framing.frameBytes(this.#partial, 0);
        at = this.#gather(chunk, at, total);
        if (this.#filled < total) return;
        const frame = this.#partial.subarray(0, total);
        this.#partial = Buffer.alloc(0);
        this.#filled = 0;
        if (!onFrame(frame)) return;
        continue;
      }
      const left = chunk.length - at;
      const total = left < headerBytes ? headerBytes : this.#framing.frameBytes(chunk, at);
      if (left < headerBytes || left < total) {
        this.#gather(chunk, at, total);
        return;
      }
      if (!onFrame(chunk.subarray(at, at + total))) return;
      at += total;
    }
  }

  /** Takes bytes until `total` are there; returns the position after them. */
  #gather(chunk: Buffer, at: number, total: number): number {
    const taken = Math.min(total - this.#filled, chunk.length - at);
    const needed = this.#filled + taken;
    if (needed > this.#partial.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(total, Math.max(needed, this.#partial.length * 2, firstGrowth)));
      this.#partial.copy(grown, 0, 0, this.#filled);
      this.#partial = grown;
    }
    chunk.copy(this.#partial, this.#filled, at, at + taken);
    this.#filled = needed;
    return at + taken;
  }
}
