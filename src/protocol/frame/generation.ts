// Tells the generations apart by the first bytes of a connection. A classic frame begins with a length that is never 0;
// a VSR header begins with a checksum that official clients leave 0, and has its command at byte 60.

import { VsrCommand } from '../operations.ts';
import { frameBytes, frameCommand, vsrFrameBytesMax, vsrHeaderBytes } from './vsr.ts';

/** `need-more`: 4 bytes are needed, or 256 when the first 4 are zero. `refuse`: neither generation; the connection must be closed. */
export type Detection = 'need-more' | 'classic' | 'vsr' | 'refuse';

/**
 * Judges the bytes from `start` to `end`; the answer holds for the life of the connection.
 * `frameBytesMax` is the server's limit of a VSR frame, header included.
 */
export function detectGeneration(bytes: Buffer, start: number, end: number, frameBytesMax = vsrFrameBytesMax): Detection {
  if (end - start < 4) return 'need-more';
  if (bytes.readUInt32LE(start) !== 0) return 'classic';
  if (end - start < vsrHeaderBytes) return 'need-more';
  const size = frameBytes(bytes, start);
  const plausible = frameCommand(bytes, start) === VsrCommand.request && size >= vsrHeaderBytes && size <= frameBytesMax;
  return plausible ? 'vsr' : 'refuse';
}
