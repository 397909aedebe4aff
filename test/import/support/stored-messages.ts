// Messages as Iggy's log files hold them, of all three versions, written from the published layouts.

import { createCipheriv, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Message } from '../../../src/protocol/batch/message.ts';
import { xxh3 } from '../../protocol/support/xxh3.ts';
import { concat, u32, u64, u128, zeros } from './little-endian.ts';

export interface Stored {
  message: Message;
  offset: bigint;
  /** Server time, µs. */
  timestamp: bigint;
}

/** Consecutive offsets; `batch` messages share a time stamp. */
export function stored(messages: readonly Message[], firstOffset: bigint, firstTimestamp: bigint, batch = 10): Stored[] {
  return messages.map((message, index) => ({
    message,
    offset: firstOffset + BigInt(index),
    timestamp: firstTimestamp + BigInt(Math.floor(index / batch)) * 1000n,
  }));
}

/** Iggy 0.8, with a key as it stores messages when encryption is on. */
export function frame08({ message, offset, timestamp }: Stored, key?: Buffer): Buffer {
  const payload = sealed(message.payload, key);
  const headers = sealed(message.headers ?? zeros(0), key);
  const covered = concat(
    u128(message.id ?? 0n),
    u64(offset),
    u64(timestamp),
    u64(message.originTimestamp ?? 0n),
    u32(headers.length),
    u32(payload.length),
    u64(0),
    payload,
    headers,
  );
  return concat(u64(xxh3(covered)), covered);
}

/** Iggy 0.5. */
export function frame05({ message, offset, timestamp }: Stored): Buffer {
  const headers = message.headers ?? zeros(0);
  const covered = concat(
    u128(message.id ?? 0n),
    u64(offset),
    u64(timestamp),
    u64(message.originTimestamp ?? 0n),
    u32(headers.length),
    u32(message.payload.length),
    message.payload,
    headers,
  );
  return concat(u64(crc32(covered)), covered);
}

/** One batch record of Iggy 0.9. All messages get the time stamp of the first. */
export function record09(messages: readonly Stored[], partitionId: number): Buffer {
  const [first] = messages as [Stored, ...Stored[]];
  const origins = messages.map(({ message }) => message.originTimestamp ?? 0n);
  const [origin = 0n] = origins.toSorted((a, b) => (a < b ? -1 : 1));
  const frames = messages.map(({ message }, index) => {
    const headers = message.headers ?? zeros(0);
    const covered = concat(
      u128(message.id ?? 0n),
      u32(index),
      u32(Number((origins[index] as bigint) - origin)),
      u32(headers.length),
      u32(message.payload.length),
      u64(0),
      message.payload,
      headers,
    );
    return concat(u64(xxh3(covered)), covered);
  });
  const length = 256 + frames.reduce((sum, frame) => sum + frame.length, 0);
  const fields = concat(u64(partitionId), u64(first.offset), u64(first.timestamp), u64(origin), u64(length));
  const checksums = frames.map((frame) => frame.subarray(0, 8));
  const checksum = xxh3(concat(fields, u32(messages.length), ...checksums));
  return concat(fields, u64(checksum), u32(messages.length), zeros(204), ...frames);
}

/** AES-256-GCM as Iggy stores it; nothing stays nothing. */
export function sealed(plain: Uint8Array, key: Buffer | undefined): Uint8Array {
  if (key === undefined || plain.length === 0) return plain;
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return concat(nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag());
}
