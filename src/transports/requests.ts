// Requests of one generation on one carrier: what a frame means, and how it is answered.

import type { Admission, Frame } from './frame-reader.ts';

export interface Requests {
  admit(head: Buffer, at: number, totalBytes: number): Admission;
  frame(frame: Frame): void;
  skipped(head: Buffer, at: number, status: number): void;
  /** Answers a frame that ends the connection, if there is an answer. */
  refused(status: number): void;
  /** The login ended because the client was silent: tells the peer. `clientId` is that of the session that it had. */
  stale(clientId: bigint | undefined): void;
  /** The server stops: tells the peer if the protocol has a word for it. */
  stopping(): void;
}
