// The number under which a single consumer's offset is kept.

import type { Identifier } from '../protocol/primitives/identifier.ts';
import type { Engine } from '../storage/engine.ts';

/** A numeric id as it is, a name as its XXH32 (seed 0), as the reference does: offsets follow clients across servers. */
export function consumerId(engine: Engine, identifier: Identifier): number {
  return typeof identifier === 'number' ? identifier : engine.xxh32(Buffer.from(identifier));
}
