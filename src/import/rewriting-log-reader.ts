// Log files that hold messages in another form: those of Iggy 0.5, and encrypted ones. Each message is verified as it is stored and written anew as Iggy 0.8 keeps it.
//
//   0.8   checksum u64 · id u128 · offset u64 · timestamp u64 · origin timestamp u64 · user headers length u32 · payload length u32 · reserved u64, then payload,
//         then user headers. Checksum: XXH3-64 of all behind it
//   0.5   the same without `reserved`. Checksum: CRC-32 of all behind it, as u64
//
// Encryption replaces payload and user headers, each of which may be empty; the lengths are those of the stored form.

import { crc32 } from 'node:zlib';
import type { Engine } from '../storage/engine.ts';
import type { StateGeneration } from './classic/state-log.ts';
import { type BufferPair, chunkBytes, type LogPart, type LogReader, type SlotBuffer } from './log-reader.ts';
import { type Decrypt, encryptionBytes } from './source/encryption.ts';
import { ByteStream, type SourceFile } from './source/source-file.ts';

const headerBytes = { '0.8': 64, '0.5': 56 } as const;
const payloadBytesMax = 64_000_000;
const userHeadersBytesMax = 100_000;

type Fault = Extract<LogPart, { kind: 'fault' }>;

interface StoredMessage {
  bytes: number;
  offset: bigint;
  /** Id, offset and both time stamps, as they stand in both forms. */
  facts: Buffer;
  payload: Buffer;
  userHeaders: Buffer;
}

export class RewritingLogReader implements LogReader {
  readonly #engine: Engine;
  readonly #generation: StateGeneration;
  readonly #decrypt: Decrypt | undefined;
  readonly #buffers: BufferPair;
  readonly #stream: ByteStream;

  constructor(file: SourceFile, engine: Engine, generation: StateGeneration, decrypt: Decrypt | undefined, buffers: BufferPair) {
    this.#engine = engine;
    this.#generation = generation;
    this.#decrypt = decrypt;
    this.#buffers = buffers;
    this.#stream = new ByteStream(file);
  }

  get position(): number {
    return this.#stream.position;
  }

  async next(expectedOffset: bigint): Promise<LogPart> {
    let buffer: SlotBuffer | undefined;
    let length = 0;
    let messages = 0;
    let nextOffset = expectedOffset;
    for (;;) {
      const message = this.#stream.remaining === 0 ? undefined : await this.#read(nextOffset);
      const sound = message !== undefined && !('kind' in message);
      if (!sound || (length > 0 && length + plainBytes(message) > chunkBytes)) {
        if (buffer !== undefined) return { kind: 'run', buffer, range: { slot: buffer.slot, start: 0, length }, messages, nextOffset };
        return message !== undefined && 'kind' in message ? message : { kind: 'end' };
      }
      const room = plainBytes(message);
      if (buffer === undefined) {
        buffer = this.#buffers.other();
        await buffer.grow(room);
      }
      this.#write(message, buffer.bytes.subarray(length, length + room));
      length += room;
      messages++;
      nextOffset++;
      this.#stream.position += message.bytes;
    }
  }

  skip(bytes: number): void {
    this.#stream.position += bytes;
  }

  /** The message at `position`, which is not moved. */
  async #read(expectedOffset: bigint): Promise<StoredMessage | Fault> {
    const { position, remaining } = this.#stream;
    const size = headerBytes[this.#generation];
    const at = { kind: 'fault', position, bytes: 0 } as const;
    const header = await this.#stream.peek(size);
    if (header === undefined) return { ...at, fault: 'torn', bytes: remaining };
    const userHeadersBytes = header.readUInt32LE(48);
    const payloadBytes = header.readUInt32LE(52);
    const slack = this.#decrypt ? encryptionBytes : 0;
    if (payloadBytes > payloadBytesMax + slack || userHeadersBytes > userHeadersBytesMax + slack) return { ...at, fault: 'layout' };
    const bytes = size + payloadBytes + userHeadersBytes;
    const stored = await this.#stream.peek(bytes);
    if (stored === undefined) return { ...at, fault: 'torn', bytes: remaining };
    if (!this.#verifies(stored)) return { ...at, fault: 'checksum', bytes };
    const offset = stored.readBigUInt64LE(24);
    if (offset !== expectedOffset) return { ...at, fault: 'offset', bytes, offset };
    const payload = this.#plain(stored.subarray(size, size + payloadBytes));
    const userHeaders = this.#plain(stored.subarray(size + payloadBytes));
    if (payload === undefined || userHeaders === undefined) return { ...at, fault: 'key', bytes };
    return { bytes, offset, facts: stored.subarray(8, 48), payload, userHeaders };
  }

  #verifies(stored: Buffer): boolean {
    const covered = stored.subarray(8);
    const checksum = this.#generation === '0.8' ? this.#engine.xxh3(covered) : BigInt(crc32(covered));
    return checksum === stored.readBigUInt64LE(0);
  }

  #plain(stored: Buffer): Buffer | undefined {
    return this.#decrypt === undefined || stored.length === 0 ? stored : this.#decrypt(stored);
  }

  #write({ facts, payload, userHeaders }: StoredMessage, into: Buffer): void {
    facts.copy(into, 8);
    into.writeUInt32LE(userHeaders.length, 48);
    into.writeUInt32LE(payload.length, 52);
    into.fill(0, 56, 64);
    payload.copy(into, 64);
    userHeaders.copy(into, 64 + payload.length);
    into.writeBigUInt64LE(this.#engine.xxh3(into.subarray(8)), 0);
  }
}

function plainBytes({ payload, userHeaders }: StoredMessage): number {
  return 64 + payload.length + userHeaders.length;
}
