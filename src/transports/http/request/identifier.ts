// Identifiers in paths and queries: a text that reads as a u32 is a number, any other is a name. A name of digits alone cannot be reached.

import type { Identifier } from '../../../protocol/primitives/identifier.ts';
import { ProtocolError } from '../../../protocol/protocol-error.ts';

const bytesMax = 255;
const u32Max = 0xffff_ffff;

/** Throws 6 for an empty text or one of more than 255 bytes. */
export function parseIdentifier(text: string): Identifier {
  if (text === '' || Buffer.byteLength(text) > bytesMax) throw new ProtocolError('invalid-identifier', `${Buffer.byteLength(text)} bytes`);
  const number = /^\+?\d+$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  return number <= u32Max ? number : text;
}
