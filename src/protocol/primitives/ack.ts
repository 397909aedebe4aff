// Ack level (VSR): u8, 0 none, 1 quorum. It ends the requests that store and delete consumer offsets.
// One node has no quorum to wait for, so both levels mean the same here and the value is checked and dropped.

import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';

const quorum = 1;

/** Throws 3 for an unknown level. */
export function readAck(reader: Reader): void {
  const level = reader.u8();
  if (level > quorum) throw new ProtocolError('invalid-command', `ack level ${level}`);
}

export function writeAck(writer: Writer): void {
  writer.u8(quorum);
}
