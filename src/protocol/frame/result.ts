// Result section (VSR): opens the body of a reply whose operation has one and whose header status is 0
//   count         u32: 0 for success
//   entries       count × (index u32 · result u32)
// A payload follows only on success.

import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';

export function writeResult(writer: Writer, status: number): void {
  if (status === 0) writer.u32(0);
  else writer.u32(1).u32(0).u32(status);
}

/** Status of the first entry, 0 for success; the reader then stands at the payload. Throws 3 when the section is cut short. */
export function readResult(reader: Reader): number {
  const count = reader.u32();
  if (count === 0) return 0;
  reader.skip(4);
  const status = reader.u32();
  reader.skip((count - 1) * 8);
  return status;
}
