// The files of a partition in a data folder of Iggy, and a state log as Iggy 0.8 and 0.5 keep it.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import type { Permissions } from '../../../src/protocol/primitives/permissions.ts';
import { writePermissions } from '../../../src/protocol/primitives/permissions.ts';
import { Writer } from '../../../src/protocol/writer.ts';
import { xxh3 } from '../../protocol/support/xxh3.ts';
import { concat, type Field, long, numeric, short, u8, u32, u64 } from './little-endian.ts';
import { sealed } from './stored-messages.ts';

export type Place = readonly [stream: number, topic: number, partition: number];

export function partitionFolder(folder: string, [stream, topic, partition]: Place): string {
  return path.join(folder, 'streams', String(stream), 'topics', String(topic), 'partitions', String(partition));
}

export function logFile(folder: string, place: Place, startOffset: bigint): string {
  return path.join(partitionFolder(folder, place), `${String(startOffset).padStart(20, '0')}.log`);
}

export function writeLog(folder: string, place: Place, startOffset: bigint, frames: readonly Uint8Array[]): void {
  mkdirSync(path.join(partitionFolder(folder, place), 'offsets', 'consumers'), { recursive: true });
  mkdirSync(path.join(partitionFolder(folder, place), 'offsets', 'groups'), { recursive: true });
  writeFileSync(logFile(folder, place, startOffset), concat(...frames));
}

/** 0.8: the offset; 0.9: with its checksum. */
export function writeOffset(
  folder: string,
  place: Place,
  kind: 'consumers' | 'groups',
  id: number | string,
  offset: bigint,
  layout: '0.8' | '0.9' = '0.8',
): void {
  const bytes = u64(offset);
  const file = path.join(partitionFolder(folder, place), 'offsets', kind, String(id));
  writeFileSync(file, layout === '0.8' ? bytes : concat(bytes, u64(xxh3(bytes))));
}

export interface EntryFields {
  timestamp?: bigint;
  userId?: number;
}

/** state/log, entry by entry. */
export class StateLogWriter {
  readonly entries: Buffer[] = [];
  readonly #layout: '0.8' | '0.5';
  readonly #key: Buffer | undefined;

  constructor(layout: '0.8' | '0.5' = '0.8', key?: Buffer) {
    this.#layout = layout;
    this.#key = key;
  }

  /** Command code and plain payload. */
  add(code: number, payload: Field, { timestamp = 1_700_000_000_000_000n, userId = 0 }: EntryFields = {}): this {
    const head = concat(
      u64(this.entries.length),
      u64(0),
      u32(0),
      u32(this.#layout === '0.8' ? 8000 : 5000),
      u64(0),
      u64(timestamp),
      u32(userId),
    );
    const covered = concat(head, u32(0), u32(code), long(payload));
    const checksum = this.#layout === '0.8' ? u64(xxh3(covered)) : u32(crc32(covered));
    this.entries.push(concat(head, checksum, u32(0), u32(code), long(sealed(payload, this.#key))));
    return this;
  }

  user(id: number, name: string, passwordHash: string, permissions?: Permissions, active = true): this {
    return this.add(
      33,
      concat(u32(id), long(concat(short(name), short(passwordHash), u8(active ? 1 : 2), optionalPermissions(permissions)))),
    );
  }

  token(userId: number, name: string, hash: string, expiry = 0n, timestamp?: bigint): this {
    const fields = timestamp === undefined ? { userId } : { userId, timestamp };
    return this.add(42, concat(long(hash), long(concat(short(name), u64(expiry)))), fields);
  }

  stream(id: number, name: string, timestamp?: bigint): this {
    return this.add(202, concat(u32(id), long(short(name))), timestamp === undefined ? {} : { timestamp });
  }

  topic(
    stream: number,
    id: number,
    name: string,
    partitions: number,
    settings: { compression?: number; expiry?: bigint; maxSize?: bigint; replication?: number } = {},
  ): this {
    const { compression = 1, expiry = 0n, maxSize = 0n, replication = 1 } = settings;
    const request = concat(numeric(stream), u32(partitions), u8(compression), u64(expiry), u64(maxSize), u8(replication), short(name));
    return this.add(302, concat(u32(id), long(request)));
  }

  group(stream: number, topic: number, id: number, name: string): this {
    return this.add(602, concat(u32(id), long(concat(numeric(stream), numeric(topic), short(name)))));
  }

  write(folder: string, tail: Uint8Array = new Uint8Array()): string {
    mkdirSync(path.join(folder, 'state'), { recursive: true });
    const file = path.join(folder, 'state', 'log');
    writeFileSync(file, concat(...this.entries, tail));
    return file;
  }
}

export function optionalPermissions(permissions: Permissions | undefined): Field {
  if (permissions === undefined) return u8(0);
  const writer = new Writer();
  writePermissions(writer, permissions);
  return concat(u8(1), long(writer.written));
}
