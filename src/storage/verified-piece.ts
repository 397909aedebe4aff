// What came of verifying a piece of a partition (native/engine/engine.h, Engine::verify).

import { type Completion, EngineStatus, type VerifyPlace } from './engine.ts';

/** Bytes of a log that do not verify. */
export interface Damage {
  /** First offset of the segment. */
  segment: number;
  /** First byte in the segment's log. */
  position: number;
  /** Up to where the log verifies again, or to its end. */
  bytes: number;
  /** The messages that are damaged; `endOffset` is not among them. */
  firstOffset: number;
  endOffset: number;
  /** Why they cannot be read; 0: they can, and are wrong. */
  errno: number;
}

export interface VerifiedPiece {
  bytes: number;
  /** Where to go on. Undefined: all was verified. */
  next: VerifyPlace | undefined;
  damage: Damage | undefined;
}

const checksumStatus = 4027;

/** Undefined: nothing could be verified (`status` says why). */
export function verifiedPiece(completion: Completion): VerifiedPiece | undefined {
  const { status, count: bytes, currentOffset: segment, start: position, timestamp: nextOffset, words } = completion;
  if (status !== EngineStatus.ok && status !== checksumStatus) return undefined;
  const { firstOffset, lastOffset: endOffset, length: damagePosition, detail: errno } = completion;
  return {
    bytes,
    next: words[7] === 1 ? undefined : { segment, position, nextOffset },
    damage:
      status === EngineStatus.ok
        ? undefined
        : { segment, position: damagePosition, bytes: position - damagePosition, firstOffset, endOffset, errno },
  };
}
