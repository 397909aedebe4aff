// Things that have no options refuse every one.

import type { Options } from '../protocol/primitives/options.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';

/** Throws 4041 for any option. */
export function refuseOptions(options: Options, of: string): void {
  const [key] = options.keys();
  if (key !== undefined) throw new ProtocolError('unsupported-option-key', `${key}: ${of} have no options`);
}
