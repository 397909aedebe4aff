// Log files that hold messages as the engine takes them: those of Iggy 0.8 and 0.9, not encrypted. The engine checks them where they were read to.

import type { Generation } from '../protocol/command.ts';
import { type Engine, StoredFault } from '../storage/engine.ts';
import type { BufferPair, LogPart, LogReader, SlotBuffer } from './log-reader.ts';
import type { SourceFile } from './source/source-file.ts';

export class StoredLogReader implements LogReader {
  position = 0;
  readonly #file: SourceFile;
  readonly #engine: Engine;
  readonly #generation: Generation;
  readonly #buffers: BufferPair;
  #buffer: SlotBuffer | undefined;
  /** Of the byte at `position`, in the buffer. */
  #start = 0;
  #end = 0;

  constructor(file: SourceFile, engine: Engine, generation: Generation, buffers: BufferPair) {
    this.#file = file;
    this.#engine = engine;
    this.#generation = generation;
    this.#buffers = buffers;
  }

  async next(expectedOffset: bigint): Promise<LogPart> {
    for (;;) {
      const left = this.#file.size - this.position;
      if (left === 0) return { kind: 'end' };
      const buffer = this.#buffer;
      if (buffer === undefined || this.#start === this.#end) {
        if (!(await this.#fill(1))) return { kind: 'fault', fault: 'torn', position: this.position, bytes: left };
        continue;
      }
      await buffer.settled();
      const range = { slot: buffer.slot, start: this.#start, length: this.#end - this.#start };
      const run = this.#engine.checkStored(this.#generation, range, expectedOffset);
      if (run.bytes > 0) {
        this.skip(run.bytes);
        return { kind: 'run', buffer, range: { ...range, length: run.bytes }, messages: run.messages, nextOffset: run.nextOffset };
      }
      const at = { kind: 'fault', position: this.position, bytes: run.faultBytes } as const;
      if (run.fault === StoredFault.layout) return { ...at, fault: 'layout' };
      if (run.fault === StoredFault.checksum) return { ...at, fault: 'checksum' };
      if (run.fault === StoredFault.offset) return { ...at, fault: 'offset', offset: run.faultOffset };
      if (run.faultBytes > left || !(await this.#fill(run.faultBytes))) return { ...at, fault: 'torn', bytes: left };
    }
  }

  skip(bytes: number): void {
    this.position += bytes;
    this.#start = Math.min(this.#end, this.#start + bytes);
  }

  /** Brings at least `bytes` from `position` on into a buffer. False: the file has become shorter. */
  async #fill(bytes: number): Promise<boolean> {
    const buffer = this.#buffers.other();
    await buffer.grow(bytes);
    const into = buffer.bytes;
    // The head of a message whose rest is to be read: it may lie in a buffer that the engine only reads from.
    const kept = this.#buffer === undefined ? 0 : this.#end - this.#start;
    if (kept > 0) (this.#buffer as SlotBuffer).bytes.copy(into, 0, this.#start, this.#end);
    const wanted = Math.min(into.length, this.#file.size - this.position);
    const read = await this.#file.read(into.subarray(kept, wanted), this.position + kept);
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = kept + read;
    return this.#end >= bytes;
  }
}
