// metadata/journal.wal of Iggy 0.9: the changes of metadata since the last snapshot, as the consensus of its nodes ordered them.
//
//   Entry: 256-byte header, then the body up to `size`, entries back to back.
//   0   checksum u128       XXH3-64 of the header with this field and `view` zero, or of bytes 16..256; 0: not sealed
//   16  body checksum u128  XXH3-64 of the body; 0: not sealed
//   32  cluster u128        48  size u32, header included    52  view u32    56  release u32    60  command u8 = 6    61  replica u8    62  zero
//   128 client u128         144 parent u128                  160 request checksum u128
//   176 op u64              184 commit u64                   192 timestamp u64 µs             200 request u64
//   208 operation u8        209 zero                         216 group u64                    224 user u32        228 zero
//
// An op may occur twice, since a new view may send it again; the last one counts.

import type { Report } from '../source/report.ts';
import { ByteStream, type SourceFile } from '../source/source-file.ts';

const headerBytes = 256;
const prepareCommand = 6;
const entryBytesMax = 64 * 1024 * 1024;

export interface JournalEntry {
  position: number;
  op: bigint;
  /** What was known to be committed when it was written. */
  commit: bigint;
  /** Microseconds since 1970. */
  timestamp: bigint;
  operation: number;
  userId: number;
  size: number;
}

/** Entries above `afterOp` by ascending ops, verified. What does not verify is reported. */
export async function readJournal(
  file: SourceFile,
  afterOp: bigint,
  xxh3: (bytes: Uint8Array) => bigint,
  report: Report,
): Promise<JournalEntry[]> {
  const byOp = new Map<bigint, JournalEntry>();
  const stream = new ByteStream(file);
  while (stream.remaining > 0) {
    const { position } = stream;
    const header = await stream.peek(headerBytes);
    const entry = header && headerOf(header, position);
    const whole = entry && (await stream.take(entry.size));
    if (entry === undefined || whole === undefined) {
      report.damage({ file: file.path, position, reason: `the entry is cut off; ${file.size - position} bytes are not read` });
      break;
    }
    if (!verifies(whole, xxh3)) report.damage({ file: file.path, position, reason: 'the entry does not verify' });
    else if (entry.op > afterOp) byOp.set(entry.op, entry);
  }
  const entries = [...byOp.values()].sort((a, b) => (a.op < b.op ? -1 : 1));
  let expected = afterOp + 1n;
  for (const { op, position } of entries) {
    if (op !== expected) report.damage({ file: file.path, position, reason: `the entry is op ${op}, expected ${expected}` });
    expected = op + 1n;
  }
  return entries;
}

export async function readEntryBody(file: SourceFile, entry: JournalEntry): Promise<Buffer> {
  const body = Buffer.alloc(entry.size - headerBytes);
  return body.subarray(0, await file.read(body, entry.position + headerBytes));
}

function headerOf(header: Buffer, position: number): JournalEntry | undefined {
  const size = header.readUInt32LE(48);
  if (header[60] !== prepareCommand || size < headerBytes || size > entryBytesMax) return undefined;
  return {
    position,
    size,
    op: header.readBigUInt64LE(176),
    commit: header.readBigUInt64LE(184),
    timestamp: header.readBigUInt64LE(192),
    operation: header.readUInt8(208),
    userId: header.readUInt32LE(224),
  };
}

function verifies(entry: Buffer, xxh3: (bytes: Uint8Array) => bigint): boolean {
  const bodyChecksum = u128(entry, 16);
  if (bodyChecksum !== 0n && bodyChecksum !== xxh3(entry.subarray(headerBytes))) return false;
  const checksum = u128(entry, 0);
  if (checksum === 0n || checksum === xxh3(entry.subarray(16, headerBytes))) return true;
  const identity = Buffer.from(entry.subarray(0, headerBytes)).fill(0, 0, 16).fill(0, 52, 56);
  return checksum === xxh3(identity);
}

function u128(bytes: Buffer, at: number): bigint {
  return bytes.readBigUInt64LE(at) | (bytes.readBigUInt64LE(at + 8) << 64n);
}
