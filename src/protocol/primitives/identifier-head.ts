// Identifiers of sends and polls, read where they lie: no reader and no view, and a string only where the identifier is a name.

import type { ErrorName } from '../errors.ts';
import { ProtocolError } from '../protocol-error.ts';
import type { Identifier } from './identifier.ts';

const numeric = 1;
const text = 2;
const headBytes = 2;

/**
 * Checks the identifier at `at`, which must end before `end`, and returns where it ends. Whether a name is UTF-8 is left to the functions below.
 * Errors as of `readIdentifier`; a `refusal` replaces them all.
 */
export function identifierEnd(bytes: Buffer, at: number, end: number, refusal?: ErrorName): number {
  const kind = at < end ? bytes[at] : undefined;
  if (kind !== numeric && kind !== text) throw new ProtocolError(refusal ?? 'invalid-command', `identifier kind ${kind}`);
  const length = at + 1 < end ? bytes[at + 1] : undefined;
  if (length === undefined) throw new ProtocolError(refusal ?? 'invalid-command', 'identifier is cut off');
  if (kind === numeric ? length !== 4 : length === 0) {
    throw new ProtocolError(refusal ?? 'invalid-format', `identifier of kind ${kind} and ${length} bytes`);
  }
  const valueEnd = at + headBytes + length;
  if (valueEnd > end) throw new ProtocolError(refusal ?? 'invalid-command', 'identifier is cut off');
  return valueEnd;
}

/** The identifier that `identifierEnd` has checked. Bad UTF-8 becomes U+FFFD, so that the name is not found. */
export function identifierAt(bytes: Buffer, at: number, end: number): Identifier {
  return bytes[at] === numeric ? bytes.readUInt32LE(at + headBytes) : bytes.toString('utf8', at + headBytes, end);
}

/** As `identifierAt`, but throws 3 for bad UTF-8. */
export function strictIdentifierAt(bytes: Buffer, at: number, end: number): Identifier {
  const identifier = identifierAt(bytes, at, end);
  if (
    typeof identifier === 'string' &&
    identifier.includes('\ufffd') &&
    !Buffer.from(identifier).equals(bytes.subarray(at + headBytes, end))
  ) {
    throw new ProtocolError('invalid-command', 'text is not UTF-8');
  }
  return identifier;
}
