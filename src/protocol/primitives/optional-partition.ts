// Optional partition id
//   flag          u8: 1 when the id counts, anything else means none
//   id            u32, always present

import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';

export function readOptionalPartition(reader: Reader): number | undefined {
  const present = reader.u8() === 1;
  const id = reader.u32();
  return present ? id : undefined;
}

export function writeOptionalPartition(writer: Writer, partition: number | undefined): void {
  writer.u8(partition === undefined ? 0 : 1).u32(partition ?? 0);
}
