// Cuts the bytes that arrive into frames. A frame that spans chunks is gathered into a buffer of its own: up to 4 MiB are made at once, beyond that it grows as its bytes arrive,
// since an announced length must not cost memory.
//
// Bytes come as chunks that belong to the splitter (`push`), or are read into memory that it names (`room`, then `filled`). While a large frame arrives that is the frame's own, so
// that nobody but the kernel copies its bytes. All else is read into one buffer for good, from which whole frames are copied. The memory of a gathered frame that its owner gives back
// is that of the next one: a new megabyte for each costs more in page faults and garbage collection than its bytes do.

/** How long frames are. `frameBytes` sees at least `headerBytes` bytes from `at` on and throws where the header makes no sense. */
export interface Framing {
  headerBytes: number;
  frameBytes(bytes: Buffer, at: number): number;
}

const atOnceBytesMax = 4 * 1024 * 1024;
const growthFactor = 4;
const sharedBytes = 64 * 1024;
/** Less of a frame is read together with what follows. */
const ownRoomBytesMin = 8 * 1024;

export class FrameSplitter {
  readonly #framing: Framing;
  /** The frame that has begun; empty between frames. */
  #partial: Buffer = Buffer.alloc(0);
  #filled = 0;
  /** Made when it is first asked for: not every transport reads into memory of ours. */
  #shared: Buffer | undefined;
  /** Memory of gathered frames that their owners may give back. */
  readonly #lent = new WeakSet<ArrayBufferLike>();
  #spare: Buffer | undefined;

  constructor(framing: Framing) {
    this.#framing = framing;
  }

  /** Calls `onFrame` for each frame that the chunk completes; stops when it returns false. Frames may be views of the chunk. */
  push(chunk: Buffer, onFrame: (frame: Buffer) => boolean): void {
    this.#cut(chunk, false, onFrame);
  }

  /** Memory for the bytes that arrive next, never empty. */
  room(): Buffer {
    this.#shared ??= Buffer.allocUnsafeSlow(sharedBytes);
    const { headerBytes, frameBytes } = this.#framing;
    if (this.#filled < headerBytes) return this.#shared;
    const total = frameBytes(this.#partial, 0);
    if (total - this.#filled < ownRoomBytesMin) return this.#shared;
    this.#reserve(this.#filled + 1, total);
    return this.#partial.subarray(this.#filled, total);
  }

  /** `length` bytes arrived at the start of `room`, which is what `room()` gave last. Calls `onFrame` as `push` does. */
  filled(room: Buffer, length: number, onFrame: (frame: Buffer) => boolean): void {
    if (room === this.#shared) {
      this.#cut(room.subarray(0, length), true, onFrame);
      return;
    }
    this.#filled += length;
    if (this.#filled === this.#framing.frameBytes(this.#partial, 0)) onFrame(this.#takePartial());
  }

  /** The owner of a frame, of which `bytes` are a part, needs it no longer. What is not the memory of one frame alone is left alone. */
  recycle(bytes: Uint8Array): void {
    const { buffer } = bytes;
    if (!this.#lent.delete(buffer) || buffer.byteLength <= (this.#spare?.length ?? 0) || buffer.byteLength > atOnceBytesMax) return;
    this.#spare = Buffer.from(buffer);
  }

  /** `borrowed`: the chunk is written to again. */
  #cut(chunk: Buffer, borrowed: boolean, onFrame: (frame: Buffer) => boolean): void {
    const { headerBytes, frameBytes } = this.#framing;
    let at = 0;
    while (at < chunk.length) {
      if (this.#filled > 0) {
        if (this.#filled < headerBytes) at = this.#gather(chunk, at, headerBytes);
        if (this.#filled < headerBytes) return;
        const total = frameBytes(this.#partial, 0);
        at = this.#gather(chunk, at, total);
        if (this.#filled < total) return;
        if (!onFrame(this.#takePartial())) return;
        continue;
      }
      const left = chunk.length - at;
      const total = left < headerBytes ? headerBytes : frameBytes(chunk, at);
      if (left < headerBytes || left < total) {
        this.#gather(chunk, at, total);
        return;
      }
      if (borrowed) {
        // One copy for all frames that lie in it.
        this.#cut(Buffer.from(chunk.subarray(at)), false, onFrame);
        return;
      }
      if (!onFrame(chunk.subarray(at, at + total))) return;
      at += total;
    }
  }

  #takePartial(): Buffer {
    const frame = this.#partial.subarray(0, this.#filled);
    this.#lent.add(frame.buffer);
    this.#partial = Buffer.alloc(0);
    this.#filled = 0;
    return frame;
  }

  /** Takes bytes until `total` are there; returns the position after them. */
  #gather(chunk: Buffer, at: number, total: number): number {
    const taken = Math.min(total - this.#filled, chunk.length - at);
    const needed = this.#filled + taken;
    this.#reserve(needed, total);
    chunk.copy(this.#partial, this.#filled, at, at + taken);
    this.#filled = needed;
    return at + taken;
  }

  /** Makes room for the first `needed` bytes of a frame of `total`. */
  #reserve(needed: number, total: number): void {
    if (needed <= this.#partial.length) return;
    const grown = this.#memory(Math.min(total, Math.max(needed, this.#partial.length * growthFactor, atOnceBytesMax)));
    this.#partial.copy(grown, 0, 0, this.#filled);
    this.#partial = grown;
  }

  #memory(bytes: number): Buffer {
    const spare = this.#spare;
    if (spare === undefined || spare.length < bytes || bytes < ownRoomBytesMin) return Buffer.allocUnsafeSlow(bytes);
    this.#spare = undefined;
    return spare;
  }
}
