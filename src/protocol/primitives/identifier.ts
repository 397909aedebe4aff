// Identifier
//   kind          u8: 1 numeric, 2 string
//   length        u8: 4 for numeric, 1 to 255 for string
//   value         u32, or UTF-8

import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { writeName } from './name.ts';

/** A number is an id (u32, 0 is valid), a string is a name, also when it consists of digits. */
export type Identifier = number | string;

const numeric = 1;
const text = 2;

/** Errors: 3 for missing bytes, an unknown kind or bad UTF-8; 4 for a numeric length other than 4 or an empty name. */
export function readIdentifier(reader: Reader): Identifier {
  const kind = reader.u8();
  if (kind !== numeric && kind !== text) throw new ProtocolError('invalid-command', `identifier kind ${kind}`);
  const length = reader.u8();
  if (kind === numeric) {
    if (length !== 4) throw new ProtocolError('invalid-format', `numeric identifier of ${length} bytes`);
    return reader.u32();
  }
  if (length === 0) throw new ProtocolError('invalid-format', 'identifier is empty');
  return reader.text(length);
}

/** Throws 4 for a name that is empty or longer than 255 bytes, RangeError for a number outside u32. */
export function writeIdentifier(writer: Writer, identifier: Identifier): void {
  if (typeof identifier === 'number') {
    writer.u8(numeric).u8(4).u32(identifier);
  } else {
    writer.u8(text);
    writeName(writer, identifier);
  }
}
