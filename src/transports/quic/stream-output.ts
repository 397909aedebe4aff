// The reply of one stream. Small replies are written into one buffer that all streams of the thread share, and handed to the library, which copies, as soon as they are complete.
// What the peer's window does not take yet is kept and goes out later.

import type { ReplyOutput } from '../output.ts';

const sharedBytes = 64 * 1024;

/** Memory that replies are written into. It belongs to one stream at a time, between `reserve` and the reply's end. */
export class ReplyBuffer {
  readonly bytes = Buffer.allocUnsafeSlow(sharedBytes);
  owner: StreamOutput | undefined;
}

/** The sending half of a stream. */
export interface StreamSink {
  /** Takes some of the bytes, and with the last of them the end of the stream if `fin`. Returns how many; -1 for none now; undefined if the stream sends no more. */
  sendBytes(bytes: Uint8Array, fin: boolean): number | undefined;
  /** Bytes that are kept for this stream became more or fewer. */
  unsentChanged(difference: number): void;
}

interface Piece {
  bytes: Buffer;
  sent: (() => void) | undefined;
}

export class StreamOutput implements ReplyOutput {
  readonly #sink: StreamSink;
  readonly #shared: ReplyBuffer;
  readonly #pieces: Piece[] = [];
  #buffer: Buffer;
  #written = 0;
  #complete = false;
  #finished = false;

  constructor(sink: StreamSink, shared: ReplyBuffer) {
    this.#sink = sink;
    this.#shared = shared;
    this.#buffer = shared.bytes;
  }

  /** The library has all of the reply, or it was given up. */
  get finished(): boolean {
    return this.#finished;
  }

  get buffer(): Buffer {
    return this.#buffer;
  }

  reserve(length: number): number {
    if (this.#shared.owner !== this) this.#shared.owner?.keepWritten();
    if (this.#written + length > this.#buffer.length) this.keepWritten();
    if (length > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(length);
    else this.#shared.owner = this;
    const at = this.#written;
    this.#written += length;
    return at;
  }

  send(bytes: Buffer, sent: () => void): void {
    if (this.#finished) {
      sent();
      return;
    }
    this.keepWritten();
    this.#keep(bytes, sent);
  }

  /** The reply is complete: sends what the peer takes now. */
  finish(): void {
    this.#complete = true;
    if (this.#finished) return;
    if (this.#pieces.length > 0) {
      this.keepWritten();
      this.drain();
      return;
    }
    const length = this.#written;
    const taken = this.#sink.sendBytes(this.#buffer.subarray(0, length), true);
    if (taken === undefined) this.giveUp();
    else if (taken === length) this.#finish();
    else this.keepWritten(Math.max(taken, 0));
  }

  /** Sends what was kept, as far as the peer takes it. */
  drain(): void {
    for (let piece = this.#pieces[0]; piece !== undefined; piece = this.#pieces[0]) {
      const last = this.#complete && this.#pieces.length === 1;
      const taken = this.#sink.sendBytes(piece.bytes, last);
      if (taken === undefined) {
        this.giveUp();
        return;
      }
      if (taken < 0) return;
      this.#sink.unsentChanged(-taken);
      if (taken < piece.bytes.length) {
        piece.bytes = piece.bytes.subarray(taken);
        return;
      }
      this.#pieces.shift();
      piece.sent?.();
      if (last) this.#finish();
    }
  }

  /** Copies what was written, from a position on, to memory of the stream's own: another stream wants the shared buffer, or the peer takes no more now. */
  keepWritten(from = 0): void {
    const bytes = this.#buffer.subarray(from, this.#written);
    const shared = this.#buffer === this.#shared.bytes;
    this.#letGo();
    if (bytes.length > 0 && !this.#finished) this.#keep(shared ? Buffer.from(bytes) : bytes, undefined);
  }

  /** Lets go of everything; what is written from now on is ignored. */
  giveUp(): void {
    this.#finish();
    for (const { bytes, sent } of this.#pieces.splice(0)) {
      this.#sink.unsentChanged(-bytes.length);
      sent?.();
    }
  }

  /** Ready for the reply of another stream. */
  reset(): void {
    this.#complete = false;
    this.#finished = false;
  }

  #keep(bytes: Buffer, sent: (() => void) | undefined): void {
    this.#pieces.push({ bytes, sent });
    this.#sink.unsentChanged(bytes.length);
  }

  #finish(): void {
    this.#finished = true;
    this.#letGo();
  }

  #letGo(): void {
    if (this.#shared.owner === this) this.#shared.owner = undefined;
    this.#buffer = this.#shared.bytes;
    this.#written = 0;
  }
}
