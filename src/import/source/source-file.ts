// Files of the source. They are opened for reading alone, and what is read of them at once has a bound.

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

export class SourceFile {
  readonly path: string;
  readonly size: number;
  readonly #handle: FileHandle;

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path;
    this.size = size;
    this.#handle = handle;
  }

  /** Undefined if there is no such file. Throws for what is no plain file. */
  static async open(path: string): Promise<SourceFile | undefined> {
    let handle: FileHandle;
    try {
      // A pipe would keep us waiting for a writer.
      handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    const stat = await handle.stat();
    if (stat.isFile()) return new SourceFile(path, stat.size, handle);
    await handle.close();
    throw new Error(`${path} is not a file`);
  }

  /** Fills `into` from `position` on as far as the file goes. Resolves to the number of bytes. */
  async read(into: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < into.length) {
      const { bytesRead } = await this.#handle.read(into, done, into.length - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** A whole small file; undefined if there is none. Of a larger one the first `bytesMax` bytes. */
export async function readSmallFile(path: string, bytesMax: number): Promise<Buffer | undefined> {
  const file = await SourceFile.open(path);
  if (file === undefined) return undefined;
  try {
    const bytes = Buffer.alloc(Math.min(file.size, bytesMax));
    return bytes.subarray(0, await file.read(bytes, 0));
  } finally {
    await file.close();
  }
}

/** Reads a file from front to back in pieces of a size that is only known on the way. */
export class ByteStream {
  readonly file: SourceFile;
  /** Of the next byte. */
  position = 0;
  #buffer: Buffer;
  #bufferedAt = 0;
  #buffered = 0;

  constructor(file: SourceFile, windowBytes = 1024 * 1024) {
    this.file = file;
    this.#buffer = Buffer.allocUnsafe(windowBytes);
  }

  get remaining(): number {
    return this.file.size - this.position;
  }

  /** The next `length` bytes, or undefined if the file ends before. Valid until the next call. */
  async take(length: number): Promise<Buffer | undefined> {
    const bytes = await this.peek(length);
    if (bytes !== undefined) this.position += length;
    return bytes;
  }

  async peek(length: number): Promise<Buffer | undefined> {
    if (length > this.remaining) return undefined;
    const from = this.position - this.#bufferedAt;
    if (from < 0 || from + length > this.#buffered) {
      if (length > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(length);
      this.#bufferedAt = this.position;
      this.#buffered = await this.file.read(this.#buffer, this.position);
      if (this.#buffered < length) return undefined;
    }
    const start = this.position - this.#bufferedAt;
    return this.#buffer.subarray(start, start + length);
  }
}
