// What a connection takes along when another thread goes on serving it.
//
// It leaves between two frames, when every request has been answered, the peer's system has all replies, and no poll waits. What was read but not looked at goes with it; what was
// not read is in the socket, which both threads have while it changes hands.

import type { Generation } from '../protocol/command.ts';
import type { ReplyHistoryContents } from './reply-history.ts';

export interface MovingConnection {
  generation: Generation;
  /** Bytes from the beginning of a frame on. */
  kept: Uint8Array<ArrayBuffer> | undefined;
  /** Of a VSR connection. */
  history: ReplyHistoryContents | undefined;
}
