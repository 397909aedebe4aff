// Polling strategy
//   kind          u8: 1 offset, 2 timestamp, 3 first, 4 last, 5 next
//   value         u64: offset, microseconds, else 0

import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';

export const PollingKind = { offset: 1, timestamp: 2, first: 3, last: 4, next: 5 } as const;

export type PollingKind = (typeof PollingKind)[keyof typeof PollingKind];

export interface PollingStrategy {
  kind: PollingKind;
  /** Offset, or microseconds since 1970; ignored for the other kinds. */
  value: bigint;
}

/** Throws 3 for an unknown kind. */
export function readPollingStrategy(reader: Reader): PollingStrategy {
  const kind = reader.u8();
  if (!isPollingKind(kind)) throw new ProtocolError('invalid-command', `polling kind ${kind}`);
  return { kind, value: reader.u64() };
}

export function writePollingStrategy(writer: Writer, strategy: PollingStrategy): void {
  writer.u8(strategy.kind).u64(strategy.value);
}

function isPollingKind(kind: number): kind is PollingKind {
  return kind >= PollingKind.offset && kind <= PollingKind.next;
}
