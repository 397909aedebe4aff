// metadata/superblock.a and .b of Iggy 0.9: how far a node knows its log to be committed. Two slots, written in turn.
//
//   magic u32 = 0x53424C4B · version u16 = 1 · zero u16 · sequence u64 · parent checksum u64 · payload length u32, at most 4096 · payload · XXH3-64 of all before u64
//   payload: cluster u128 · replica u8 · replica count u8 · view u32 · log view u32 · commit max u64 · checkpoint op u64 · checkpoint checksum u128 · offset frontier u64

import path from 'node:path';
import type { Report } from '../source/report.ts';
import { readSmallFile } from '../source/source-file.ts';

const magic = 0x53424c4b;
const headBytes = 28;
const payloadBytesMin = 66;
const payloadBytesMax = 4096;

export interface Superblock {
  sequence: bigint;
  replicas: number;
  commitMax: bigint;
  checkpointOp: bigint;
}

/** The newer slot that verifies; undefined if there is none. A slot that is there and does not verify is reported. */
export async function readSuperblock(folder: string, xxh3: (bytes: Uint8Array) => bigint, report: Report): Promise<Superblock | undefined> {
  let newest: Superblock | undefined;
  for (const name of ['superblock.a', 'superblock.b']) {
    const file = path.join(folder, name);
    const bytes = await readSmallFile(file, headBytes + payloadBytesMax + 8);
    if (bytes === undefined) continue;
    const slot = slotOf(bytes, xxh3);
    if (slot === undefined) report.damage({ file, position: 0, reason: 'the superblock does not verify' });
    else if (newest === undefined || slot.sequence > newest.sequence) newest = slot;
  }
  return newest;
}

function slotOf(bytes: Buffer, xxh3: (bytes: Uint8Array) => bigint): Superblock | undefined {
  if (bytes.length < headBytes || bytes.readUInt32LE(0) !== magic || bytes.readUInt16LE(4) !== 1) return undefined;
  const length = bytes.readUInt32LE(24);
  const end = headBytes + length;
  if (length < payloadBytesMin || length > payloadBytesMax || bytes.length < end + 8) return undefined;
  if (xxh3(bytes.subarray(0, end)) !== bytes.readBigUInt64LE(end)) return undefined;
  return {
    sequence: bytes.readBigUInt64LE(8),
    replicas: bytes.readUInt8(headBytes + 17),
    commitMax: bytes.readBigUInt64LE(headBytes + 26),
    checkpointOp: bytes.readBigUInt64LE(headBytes + 34),
  };
}
