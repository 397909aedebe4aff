// Partitioning
//   kind          u8: 1 balanced, 2 partition id, 3 messages key
//   length        u8: 0, 4, or 1 to 255
//   value         nothing, u32, or the key's bytes

import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';

/** Which partition a batch goes to: the next in turn, a given one, or the one that the key's hash points at. A key takes 1 to 255 bytes. */
export type Partitioning = { kind: 'balanced' } | { kind: 'partition'; partition: number } | { kind: 'key'; key: Uint8Array };

const balanced = 1;
const partitionId = 2;
const messagesKey = 3;

/** Every problem is error 3. A key is a view into the reader's bytes. */
export function readPartitioning(reader: Reader): Partitioning {
  const kind = reader.u8();
  const length = reader.u8();
  if (kind === balanced && length === 0) return { kind: 'balanced' };
  if (kind === partitionId && length === 4) return { kind: 'partition', partition: reader.u32() };
  if (kind === messagesKey && length > 0) return { kind: 'key', key: reader.take(length) };
  throw new ProtocolError('invalid-command', `partitioning kind ${kind} of ${length} bytes`);
}

/** Throws 4028 for a key of no or more than 255 bytes. */
export function writePartitioning(writer: Writer, partitioning: Partitioning): void {
  switch (partitioning.kind) {
    case 'balanced':
      writer.u8(balanced).u8(0);
      break;
    case 'partition':
      writer.u8(partitionId).u8(4).u32(partitioning.partition);
      break;
    case 'key': {
      const length = partitioning.key.length;
      if (length === 0 || length > 255) throw new ProtocolError('invalid-key-value-length', `key of ${length} bytes`);
      writer.u8(messagesKey).u8(length).put(partitioning.key);
    }
  }
}
