// Name
//   length        u8, 1 to 255
//   text          UTF-8
// Names of streams, topics, groups, users and tokens. Nothing is trimmed or folded: names compare byte by byte.

import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';

const nameBytesMax = 255;

/** Errors: 4 for an empty name, 3 for missing bytes or bad UTF-8. */
export function readName(reader: Reader): string {
  const length = reader.u8();
  if (length === 0) throw new ProtocolError('invalid-format', 'name is empty');
  return reader.text(length);
}

/** Throws 4 when the name is empty or longer than 255 bytes. */
export function writeName(writer: Writer, name: string): void {
  const length = Buffer.byteLength(name);
  if (length === 0 || length > nameBytesMax) throw new ProtocolError('invalid-format', `name of ${length} bytes`);
  writer.shortText(name);
}
