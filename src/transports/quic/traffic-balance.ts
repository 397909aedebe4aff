// What a peer may send in proportion to what it gets done. Packets that carry no request data (handshake messages, acknowledgements, connection ids, pings) cost
// us memory and time, and the QUIC library bounds few of them; an honest peer sends little else than request data.

const allowanceBytes = 64 * 1024;
const streamOverhead = 1.25;
// Acknowledgements of what we sent.
const sentShare = 1 / 8;

export class TrafficBalance {
  readonly #windowBytes: number;
  readonly #windowBytesMax: number;
  receivedBytes = 0;
  sentBytes = 0;
  /** Stream bytes that were read. */
  deliveredBytes = 0;
  /** Request data is possible from now on. */
  established = false;

  /** Window of the connection at first, and the largest it grows to. */
  constructor(windowBytes: number, windowBytesMax: number) {
    this.#windowBytes = windowBytes;
    this.#windowBytesMax = windowBytesMax;
  }

  get exceeded(): boolean {
    return this.receivedBytes > allowanceBytes + this.#undeliveredMax + streamOverhead * this.deliveredBytes + sentShare * this.sentBytes;
  }

  /** Request data may have arrived that cannot be read yet, because a packet before it was lost. The window bounds it, and the library widens the window as data is read. */
  get #undeliveredMax(): number {
    return this.established ? Math.min(this.#windowBytesMax, Math.max(this.#windowBytes, 2 * this.deliveredBytes)) : 0;
  }
}
