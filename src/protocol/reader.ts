// Reads little-endian fields one after another from a byte range. Running out of bytes is a ProtocolError with status 3, as the reference answers it.

import { ProtocolError } from './protocol-error.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class Reader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#at = start;
    this.#end = end;
  }

  /** Position of the next byte within `bytes`. */
  get position(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  u128(): bigint {
    const at = this.#take(16);
    return this.#view.getBigUint64(at, true) | (this.#view.getBigUint64(at + 8, true) << 64n);
  }

  f32(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** A view, not a copy: it is valid as long as the buffer behind the reader. */
  take(length: number): Uint8Array {
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** `length` bytes of UTF-8. */
  text(length: number): string {
    const bytes = this.take(length);
    try {
      return utf8.decode(bytes);
    } catch {
      throw new ProtocolError('invalid-command', 'text is not UTF-8');
    }
  }

  /** u8 length, then UTF-8. */
  shortText(): string {
    return this.text(this.u8());
  }

  /** u32 length, then UTF-8. */
  longText(): string {
    return this.text(this.u32());
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#end - at) throw new ProtocolError('invalid-command', `${length} bytes needed, ${this.#end - at} left`);
    this.#at = at + length;
    return at;
  }
}
