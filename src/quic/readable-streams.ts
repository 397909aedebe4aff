// Which streams of a connection have something to read, without the library's list where it is not needed: the iterator that it makes costs as much as receiving two packets,
// and most turns concern one stream.

import type { Connection } from './quiche.ts';

/** Reads every stream that has something to read, those of `likely` first. `read` may end the connection. */
export function readStreams(native: Connection, likely: Iterable<number>, read: (streamId: number) => void): void {
  if (!native.isReadable()) return;
  for (const streamId of likely) {
    if (!native.streamReadable(streamId)) continue;
    read(streamId);
    if (!native.isReadable()) return;
  }
  for (const streamId of native.readable()) read(streamId);
}
