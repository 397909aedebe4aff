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
    xxh3: (bytes) => BigInt(`0x${long.init().update(bytes).digest('hex')}`),
    xxh32: (bytes) => Number.parseInt(short.init().update(bytes).digest('hex'), 16),
  };
}
