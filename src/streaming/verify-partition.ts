// A walk over what a partition has on the device, a piece at a time.

import type { Engine, VerifyPlace } from '../storage/engine.ts';
import { verifyStart } from '../storage/engine.ts';
import { type VerifiedPiece, verifiedPiece } from '../storage/verified-piece.ts';

/** The pieces in order, each of about `pieceBytes` or one record; ends early where nothing can be read, and where the partition is closed. */
export async function* verifyPartition(engine: Engine, handle: number, pieceBytes: number): AsyncGenerator<VerifiedPiece> {
  let place: VerifyPlace | undefined = verifyStart;
  while (place !== undefined) {
    const from: VerifyPlace = place;
    const piece = await new Promise<VerifiedPiece | undefined>((resolve) => {
      engine.verify(handle, from, pieceBytes, (completion) => resolve(verifiedPiece(completion)));
    });
    if (piece === undefined) return;
    yield piece;
    place = piece.next;
  }
}
