// The hashes of the protocol: XXH3-64 guards VSR batches, xxHash32 points a key at its partition. WebAssembly, so that they run wherever the client does.

import { createXXHash3, createXXHash32 } from 'hash-wasm';
import type { Xxh3 } from '../../protocol/batch/message.ts';

export interface Hashes {
  /** Seed 0. */
  xxh3: Xxh3;
  /** Seed 0. */
  xxh32(bytes: Uint8Array): number;
}

/** Compiles the code once; the functions themselves are synchronous. */
export async function loadHashes(): Promise<Hashes> {
  const [long, short] = await Promise.all([createXXHash3(), createXXHash32()]);
  return {
    xxh3: (bytes) => {
      const digest = long.init().update(bytes).digest('binary');
      return (BigInt(wordAt(digest, 0)) << 32n) | BigInt(wordAt(digest, 4));
    },
    xxh32: (bytes) => wordAt(short.init().update(bytes).digest('binary'), 0),
  };
}

/** Digests are big-endian. */
function wordAt(digest: Uint8Array, at: number): number {
  const [a, b, c, d] = [digest[at], digest[at + 1], digest[at + 2], digest[at + 3]] as [number, number, number, number];
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
