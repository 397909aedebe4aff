// Partition ids
//   count         u32
//   ids           count × u32

import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';

export function readPartitionIds(reader: Reader): number[] {
  const count = reader.u32();
  const ids: number[] = [];
  while (ids.length < count) ids.push(reader.u32());
  return ids;
}

export function writePartitionIds(writer: Writer, ids: readonly number[]): void {
  writer.u32(ids.length);
  for (const id of ids) writer.u32(id);
}
