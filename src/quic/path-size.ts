// How long the datagrams of a connection are. The library finds no path limit by itself: it begins with 1200 bytes, which every path of QUIC carries, and after the handshake
// fills whatever room it is given, up to what the peer allows. So a length that the path does not carry must be noticed here, by what it does: nothing longer than 1200 bytes
// gets through, the loss timer fires again and again, and hardly anything leaves in between. Then the connection goes back to 1200 bytes for good (the black hole of RFC 8899 §4.3).
// What the device of this machine does not carry it refuses, and that is known at once.

/** What every path of QUIC carries (RFC 9000 §14). */
const safeBytes = 1200;
// Longer datagrams that leave between two loss timers of a connection that gets none through: the first window, then probes. A connection that gets on sends many more.
const datagramsMax = 16;
const timersMax = 3;

export class PathSize {
  #datagramBytes: number;
  /** Datagrams above the safe length since the last loss timer. */
  #longDatagrams = 0;
  #timers = 0;

  constructor(datagramBytes: number) {
    this.#datagramBytes = datagramBytes;
  }

  /** Room for the next datagram. */
  get datagramBytes(): number {
    return this.#datagramBytes;
  }

  sent(bytes: number): void {
    if (bytes > safeBytes) this.#longDatagrams++;
  }

  /** The device refused a datagram. Returns whether they are shorter from now on. */
  refused(): boolean {
    if (this.#datagramBytes <= safeBytes) return false;
    this.#datagramBytes = safeBytes;
    return true;
  }

  /** Packets are late. Returns whether that was taken for the path's limit. */
  lossTimerFired(): boolean {
    const stuck = this.#longDatagrams > 0 && this.#longDatagrams <= datagramsMax;
    this.#longDatagrams = 0;
    this.#timers = stuck ? this.#timers + 1 : 0;
    if (this.#timers < timersMax) return false;
    this.#timers = 0;
    this.#datagramBytes = safeBytes;
    return true;
  }
}
