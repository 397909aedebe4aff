// One request and its reply: what is still to be written, and what has arrived.

import type { Connection } from '../../quic/quiche.ts';

// Small requests are joined, so that they cost one call into the library.
const joinedBytesMax = 16 * 1024;
const chunkBytes = 256 * 1024;

export class QuicStream {
  readonly id: number;
  /** Of the request, on its link. */
  readonly number: number;
  readonly #pieces: Uint8Array[];
  /** Bytes of the first piece that the library has taken. */
  #taken = 0;
  /** A reply that did not come at once: full chunks, then the one that is being filled. */
  readonly #chunks: Buffer[] = [];
  #filled = 0;
  #receivedBytes = 0;

  constructor(id: number, number: number, header: Uint8Array, body: Uint8Array) {
    this.id = id;
    this.number = number;
    if (body.length === 0) this.#pieces = [header];
    else this.#pieces = header.length + body.length <= joinedBytesMax ? [Buffer.concat([header, body])] : [header, body];
  }

  /** The library has the whole request. */
  get written(): boolean {
    return this.#pieces.length === 0;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Writes what the library takes. False: it takes no more for now. Throws if the server wants none of it. */
  write(native: Connection): boolean {
    for (let piece = this.#pieces[0]; piece !== undefined; piece = this.#pieces[0]) {
      this.#taken += native.streamSend(this.id, piece.subarray(this.#taken), this.#pieces.length === 1) ?? 0;
      if (this.#taken < piece.length) return false;
      this.#taken = 0;
      this.#pieces.shift();
    }
    return true;
  }

  /** Reads what has arrived; `scratch` is room that is free until the next call. Returns the whole reply when it is there. Throws if the server took the stream back. */
  read(native: Connection, scratch: Buffer): Buffer | undefined {
    for (;;) {
      const room = this.#chunks.length === 0 ? scratch : this.#room();
      const received = native.streamRecv(this.id, room);
      if (received === null) return undefined;
      const [bytes, ended] = received;
      this.#receivedBytes += bytes;
      if (room === scratch) {
        if (ended) return Buffer.from(room.subarray(0, bytes));
        this.#room().set(room.subarray(0, bytes));
      }
      this.#filled += bytes;
      if (ended) return Buffer.concat(this.#chunks, this.#receivedBytes);
    }
  }

  #room(): Buffer {
    const last = this.#chunks.at(-1);
    if (last !== undefined && this.#filled < last.length) return last.subarray(this.#filled);
    const chunk = Buffer.allocUnsafeSlow(chunkBytes);
    this.#chunks.push(chunk);
    this.#filled = 0;
    return chunk;
  }
}
