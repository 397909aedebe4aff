// state/log of Iggy 0.8 and 0.5: every change of metadata since the first start, one entry after another.
//
//   0.8   index u64 · term u64 · leader u32 · version u32 · flags u64 · timestamp u64 µs · user u32 · checksum u64 · context length u32 · context ·
//         code u32 · length u32 · payload
//   0.5   the same with a checksum of 32 bits
//
// The checksum (XXH3-64; 0.5: CRC-32) is taken over the entry without the checksum itself, with the plain payload and its length. An encrypted payload is stored longer
// than that; see encryption.ts.

import { crc32 } from 'node:zlib';
import type { Decrypt } from '../source/encryption.ts';
import { ImportError } from '../source/import-error.ts';
import type { Report } from '../source/report.ts';
import { ByteStream, type SourceFile } from '../source/source-file.ts';

export type StateGeneration = '0.8' | '0.5';

export interface StateEntry {
  position: number;
  /** Microseconds since 1970. */
  timestamp: bigint;
  userId: number;
  code: number;
  /** Plain; valid until the next entry is read. */
  payload: Buffer;
}

const checksumAt = 44;
const partBytesMax = 64 * 1024 * 1024;

interface RawEntry extends StateEntry {
  index: bigint;
  sound: boolean;
}

export class StateLog {
  readonly #file: SourceFile;
  readonly #xxh3: (bytes: Uint8Array) => bigint;
  readonly #decrypt: Decrypt | undefined;
  readonly #report: Report;

  constructor(file: SourceFile, xxh3: (bytes: Uint8Array) => bigint, decrypt: Decrypt | undefined, report: Report) {
    this.#file = file;
    this.#xxh3 = xxh3;
    this.#decrypt = decrypt;
    this.#report = report;
  }

  /** Which version wrote the log: the one under whose layout the first entry verifies. */
  async generation(): Promise<StateGeneration> {
    for (const generation of ['0.8', '0.5'] as const) {
      if ((await this.#read(new ByteStream(this.#file), generation))?.sound) return generation;
    }
    return '0.8';
  }

  /** Entries in order. Those that are damaged are reported; the log ends where none can be made out any more. */
  async *entries(generation: StateGeneration): AsyncGenerator<StateEntry> {
    const stream = new ByteStream(this.#file);
    let next = 0n;
    while (stream.remaining > 0) {
      const { position } = stream;
      const entry = await this.#read(stream, generation);
      if (entry === undefined) {
        this.#damaged(position, `the entry is cut off; ${this.#file.size - position} bytes are not read`);
        return;
      }
      if (!entry.sound) {
        if (position === 0 && this.#decrypt) throw new ImportError('the state log is not encrypted with this key');
        this.#damaged(position, position === 0 ? 'the entry does not verify: damaged, or encrypted' : 'the entry does not verify');
        continue;
      }
      if (entry.index !== next) this.#damaged(position, `the entry has number ${entry.index}, expected ${next}`);
      next = entry.index + 1n;
      yield entry;
    }
  }

  #damaged(position: number, reason: string): void {
    this.#report.damage({ file: this.#file.path, position, reason });
  }

  /** Undefined if the file ends, or lengths make no sense. */
  async #read(stream: ByteStream, generation: StateGeneration): Promise<RawEntry | undefined> {
    const { position } = stream;
    const checksumBytes = generation === '0.8' ? 8 : 4;
    const fixed = await stream.take(checksumAt + checksumBytes + 4);
    if (fixed === undefined) return undefined;
    const head = Buffer.from(fixed);
    const context = await this.#part(stream, head.readUInt32LE(checksumAt + checksumBytes));
    const kind = context && (await stream.take(8));
    if (context === undefined || kind === undefined) return undefined;
    const code = kind.readUInt32LE(0);
    const stored = await this.#part(stream, kind.readUInt32LE(4));
    if (stored === undefined) return undefined;
    const payload = this.#decrypt ? this.#decrypt(stored) : stored;
    return {
      position,
      index: head.readBigUInt64LE(0),
      timestamp: head.readBigUInt64LE(32),
      userId: head.readUInt32LE(40),
      code,
      payload: payload ?? stored,
      sound: payload !== undefined && this.#verifies(head, generation, context, code, payload),
    };
  }

  async #part(stream: ByteStream, length: number): Promise<Buffer | undefined> {
    if (length > partBytesMax) return undefined;
    const bytes = await stream.take(length);
    return bytes && Buffer.from(bytes);
  }

  #verifies(head: Buffer, generation: StateGeneration, context: Buffer, code: number, payload: Buffer): boolean {
    const numbers = Buffer.alloc(12);
    numbers.writeUInt32LE(context.length, 0);
    numbers.writeUInt32LE(code, 4);
    numbers.writeUInt32LE(payload.length, 8);
    const covered = Buffer.concat([head.subarray(0, checksumAt), numbers.subarray(0, 4), context, numbers.subarray(4), payload]);
    if (generation === '0.8') return this.#xxh3(covered) === head.readBigUInt64LE(checksumAt);
    return crc32(covered) === head.readUInt32LE(checksumAt);
  }
}
