// What a partition's folder of the source holds: log files by the offset in their name, and stored consumer offsets.
//
//   {start offset, 20 digits}.log
//   offsets/consumers/{id}, offsets/groups/{id}    offset u64, and from Iggy 0.9 on XXH3-64 of these 8 bytes u64
//
// Index files are not looked at: everything in them can be told from the logs.

import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Report } from './report.ts';
import { readSmallFile } from './source-file.ts';

export interface SegmentFile {
  path: string;
  /** By the file's name. */
  startOffset: bigint;
  sizeBytes: number;
}

export interface StoredOffset {
  id: number;
  offset: bigint;
}

/** Segments by ascending offsets; undefined if there is no such folder. */
export async function listSegments(folder: string): Promise<SegmentFile[] | undefined> {
  const names = await namesIn(folder);
  if (names === undefined) return undefined;
  const segments: SegmentFile[] = [];
  for (const name of names) {
    const digits = /^(\d{20})\.log$/.exec(name)?.[1];
    if (digits === undefined) continue;
    const file = path.join(folder, name);
    segments.push({ path: file, startOffset: BigInt(digits), sizeBytes: (await stat(file)).size });
  }
  return segments.sort((a, b) => (a.startOffset < b.startOffset ? -1 : 1));
}

/** Stored offsets of one kind. Files that are none are reported as damage. */
export async function readStoredOffsets(
  folder: string,
  kind: 'consumers' | 'groups',
  xxh3: (bytes: Uint8Array) => bigint,
  report: Report,
): Promise<StoredOffset[]> {
  const offsets: StoredOffset[] = [];
  for (const name of (await namesIn(path.join(folder, 'offsets', kind))) ?? []) {
    const file = path.join(folder, 'offsets', kind, name);
    const id = /^\d{1,10}$/.test(name) ? Number(name) : Number.NaN;
    const bytes = await readSmallFile(file, 17);
    const reason = faultOf(id, bytes, xxh3);
    if (reason !== undefined || bytes === undefined) report.damage({ file, position: 0, reason: reason ?? 'the file is gone' });
    else offsets.push({ id, offset: bytes.readBigUInt64LE(0) });
  }
  return offsets.sort((a, b) => a.id - b.id);
}

function faultOf(id: number, bytes: Buffer | undefined, xxh3: (bytes: Uint8Array) => bigint): string | undefined {
  if (!(id <= 0xffff_ffff)) return 'the name is not the number of a consumer';
  if (bytes?.length !== 8 && bytes?.length !== 16) return 'a stored offset has 8 or 16 bytes';
  if (bytes.length === 16 && xxh3(bytes.subarray(0, 8)) !== bytes.readBigUInt64LE(8)) return 'the stored offset does not verify';
  return undefined;
}

async function namesIn(folder: string): Promise<string[] | undefined> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
