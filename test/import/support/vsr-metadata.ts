// The metadata folder of Iggy 0.9, written from the published layouts: journal, snapshot and superblock.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { xxh3 } from '../../protocol/support/xxh3.ts';
import { concat, type Field, long, u8, u32, u64, u128, zeros } from './little-endian.ts';

export interface OperationFields {
  op?: bigint;
  userId?: number;
  timestamp?: bigint;
  commit?: bigint;
  view?: number;
  /** False: as early builds wrote it. */
  seal?: boolean;
}

export class JournalWriter {
  readonly entries: Buffer[] = [];
  #nextOp: bigint;

  constructor(firstOp = 1n) {
    this.#nextOp = firstOp;
  }

  add(operation: number, body: Field, fields: OperationFields = {}): this {
    const { op = this.#nextOp, userId = 0, timestamp = 1_700_000_000_000_000n, commit = op - 1n, view = 7, seal = true } = fields;
    this.#nextOp = op + 1n;
    const bodyChecksum = seal ? xxh3(body) : 0n;
    const header = (checksum: bigint, inView: number) =>
      concat(
        u128(checksum),
        u128(bodyChecksum),
        u128(99n),
        u32(256 + body.length),
        u32(inView),
        u32(0),
        u8(6),
        u8(0),
        zeros(66),
        u128(12345n),
        u128(0n),
        u128(0n),
        u64(op),
        u64(commit),
        u64(timestamp),
        u64(1),
        u8(operation),
        zeros(7),
        u64(1n << 63n),
        u32(userId),
        zeros(28),
      );
    this.entries.push(concat(header(seal ? xxh3(header(0n, 0)) : 0n, view), body));
    return this;
  }

  write(folder: string, tail: Field = zeros(0)): string {
    mkdirSync(path.join(folder, 'metadata'), { recursive: true });
    const file = path.join(folder, 'metadata', 'journal.wal');
    writeFileSync(file, concat(...this.entries, tail));
    return file;
  }
}

/** Operation 64. `options` is an options block. */
export function createTopicBody(stream: Field, partitions: number, name: Field, options: Field = zeros(0)): Field {
  const assignments = Array.from({ length: partitions }, (_, id) => concat(u32(id), u64(id)));
  return concat(long(concat(stream, u32(partitions), name, options)), long(zeros(0)), u32(partitions), ...assignments, u32(0));
}

/** One option of a block: kind 2 is text, 12 is u64. */
export function option(key: string, kind: number, value: Field): Field {
  return concat(u8(2), long(key), u8(kind), long(value));
}

export function writeSuperblock(
  folder: string,
  slot: 'a' | 'b',
  {
    sequence,
    replicas = 1,
    commitMax,
    checkpointOp = 0n,
  }: { sequence: bigint; replicas?: number; commitMax: bigint; checkpointOp?: bigint },
): void {
  const payload = concat(u128(99n), u8(0), u8(replicas), u32(7), u32(7), u64(commitMax), u64(checkpointOp), u128(0n), u64(0));
  const head = concat(u32(0x53424c4b), u8(1), u8(0), zeros(2), u64(sequence), u64(0), long(payload));
  writeFileSync(path.join(folder, 'metadata', `superblock.${slot}`), concat(head, u64(xxh3(head))));
}

export function writeSnapshot(folder: string, snapshot: unknown, { trailer = true }: { trailer?: boolean } = {}): string {
  mkdirSync(path.join(folder, 'metadata'), { recursive: true });
  const file = path.join(folder, 'metadata', 'snapshot.bin');
  const payload = messagePack(snapshot);
  writeFileSync(file, trailer ? concat(payload, u32(0x49534e50), u128(xxh3(payload))) : payload);
  return file;
}

/** An option of a topic in a snapshot. */
export function packedOption(key: string, kind: string, value: Field, named: boolean): [unknown, unknown] {
  return [
    ['string', Buffer.from(key).toString('base64')],
    [[kind, Buffer.from(value).toString('base64')], named],
  ];
}

/** MessagePack of null, booleans, numbers, texts, lists, and maps, whose keys may be anything. Big numbers take nine bytes, big-endian. */
export function messagePack(value: unknown): Buffer {
  if (value === null) return Buffer.of(0xc0);
  if (typeof value === 'boolean') return Buffer.of(value ? 0xc3 : 0xc2);
  if (typeof value === 'number' && value < 0x80) return Buffer.of(value);
  if (typeof value === 'number' || typeof value === 'bigint') {
    const bytes = Buffer.alloc(9, 0xcf);
    bytes.writeBigUInt64BE(BigInt(value), 1);
    return bytes;
  }
  if (typeof value === 'string') return Buffer.concat([head(0xdb, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Array.isArray(value)) {
    const small = value.length < 16 ? Buffer.of(0x90 + value.length) : head(0xdd, value.length);
    return Buffer.concat([small, ...value.map(messagePack)]);
  }
  if (value instanceof Map) return Buffer.concat([head(0xdf, value.size), ...[...value].flat().map(messagePack)]);
  throw new TypeError(`${value}`);
}

function head(kind: number, length: number): Buffer {
  const bytes = Buffer.alloc(5, kind);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}
