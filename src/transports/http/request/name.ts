// Names in bodies. On a connection their length is part of the encoding; here it is checked, each with an error of its own.

import type { ErrorName } from '../../../protocol/errors.ts';
import { ProtocolError } from '../../../protocol/protocol-error.ts';

/** Throws the error for a name outside 1 to 255 bytes. */
export function requireName(name: string, error: ErrorName): void {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > 255) throw new ProtocolError(error, `${bytes} bytes, 1 to 255 are allowed`);
}
