import xxhash from 'xxhash-addon';

/** XXH3-64 with seed 0. */
export function xxh3(bytes: Uint8Array): bigint {
  return xxhash.XXHash3.hash(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)).readBigUInt64BE();
}
