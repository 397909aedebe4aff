// A QUIC connection as a link: each request on a stream of its own, many at once, replies as they complete.
//
// What a turn of the event loop brings is fed first, then streams are read and written, and everything to send leaves at its end. Every call into the library may throw; that ends the
// link.

import type { DatagramReceiver, DatagramSocket, Peer } from '../../quic/datagram-socket.ts';
import { PathSize } from '../../quic/path-size.ts';
import type { Connection } from '../../quic/quiche.ts';
import { readStreams } from '../../quic/readable-streams.ts';
import { failureOf } from './quic-failure.ts';
import type { QuicSettings } from './quic-settings.ts';
import { QuicStream } from './quic-stream.ts';
import type { Link, LinkEvents } from './transport.ts';

/** What the link is told before it belongs to anybody. */
export interface Opening {
  /** The handshake is over, and nothing was sent beyond it. What it throws ends the link. */
  established(native: Connection): void;
  failed(error: Error): void;
  /** What the next connection to the server can begin with. */
  ended(session: Uint8Array): void;
}

interface Address {
  host: string;
  port: number;
}

/** Of datagrams that come in. */
interface Way {
  from: Address;
  to: Address;
}

interface Request {
  number: number;
  header: Uint8Array;
  body: Uint8Array;
}

const scratchBytes = 64 * 1024;
// Numbers of the streams that a client opens for both directions (RFC 9000 §2.1).
const streamStep = 4;
// Datagrams that may leave without a sign of life when the library probes after a silence.
const probesMax = 2;
// Streams that are asked one by one whether they have something, before the library is asked for a list.
const likelyMax = 2;

export class QuicLink implements Link, DatagramReceiver {
  readonly #settings: QuicSettings;
  readonly #opening: Opening;
  readonly #pathSize: PathSize;
  readonly #scratch = Buffer.allocUnsafeSlow(scratchBytes);
  readonly #streams = new Map<number, QuicStream>();
  /** Requests that have no stream yet, from `#next` on. */
  #queue: Request[] = [];
  #next = 0;
  /** Streams whose request the library has not wholly taken. */
  #unwritten = 0;
  #nextStream = 0;
  #native: Connection | undefined;
  #socket: DatagramSocket | undefined;
  #peer: Peer | undefined;
  #way: Way | undefined;
  #events: LinkEvents | undefined;
  #established = false;
  #ended = false;
  #touched = false;
  #sentSinceHeard = 0;
  #heardAtMs = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #keepAlive: NodeJS.Timeout | undefined;

  constructor(settings: QuicSettings, opening: Opening) {
    this.#settings = settings;
    this.#opening = opening;
    this.#pathSize = new PathSize(settings.datagramBytes);
  }

  /** Sends the first packet. The socket is the link's from now on, and the link its receiver. */
  begin(native: Connection, socket: DatagramSocket, local: Address, server: Address): void {
    this.#native = native;
    this.#socket = socket;
    this.#peer = socket.peerAt(server.host, server.port);
    this.#way = { from: server, to: local };
    const { keepAliveMs } = this.#settings;
    if (keepAliveMs > 0) this.#keepAlive = setInterval(() => this.#ping(keepAliveMs), keepAliveMs);
    this.#flush();
  }

  /** The link is somebody's. */
  use(events: LinkEvents): Link {
    this.#events = events;
    return this;
  }

  send(number: number, header: Uint8Array, body: Uint8Array): void {
    this.#queue.push({ number, header, body });
    if (this.#touched) return;
    this.#touched = true;
    // Behind everything that this turn still wants to send.
    process.nextTick(() => this.#flush());
  }

  destroy(): void {
    if (this.#ended) return;
    try {
      const session = this.#native?.session();
      if (this.#established && session) this.#opening.ended(session);
      this.#native?.close(true, 0, Buffer.alloc(0));
      this.#sendPackets();
    } catch {
      // The server finds out by itself.
    }
    this.#release();
  }

  datagram(bytes: Buffer, from: string): void {
    if (this.#ended || !this.#isServer(from)) return;
    this.#sentSinceHeard = 0;
    this.#heardAtMs = performance.now();
    try {
      this.#native?.recv(bytes, this.#way as Way);
    } catch (error) {
      // A packet that is no packet of the server's is nothing; what ended the connection shows itself as such.
      if (this.#native?.localError()) this.#fail(error);
    }
  }

  turnEnded(): void {
    this.#receive();
    if (this.#touched) return;
    this.#touched = true;
    // Behind those who waited for the replies: their next requests leave in the packets of the acknowledgements.
    setImmediate(() => this.#flush());
  }

  writable(): void {
    this.#flush();
  }

  tooLong(): void {
    this.#pathSize.refused();
  }

  /** Datagrams from elsewhere are not looked at. The first from the server tells by which of our addresses it reaches us. */
  #isServer(from: string): boolean {
    if (from === this.#peer?.key) return true;
    const peer = this.#socket?.peer(from);
    if (peer === undefined || peer.host !== this.#peer?.host || peer.port !== this.#peer.port) return false;
    this.#peer = peer;
    return true;
  }

  /** Hands on the replies that are there. */
  #receive(): void {
    const native = this.#native;
    if (this.#ended || native === undefined) return;
    try {
      if (!this.#established && native.isEstablished()) {
        this.#established = true;
        this.#opening.established(native);
      }
      if (this.#established) readStreams(native, this.#oldest(), (id) => this.#read(native, id));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Sends what is to be sent. */
  #flush(): void {
    this.#touched = false;
    const native = this.#native;
    if (this.#ended || native === undefined) return;
    try {
      if (this.#established) this.#write(native);
      this.#sendPackets();
      if (native.isClosed() || native.isDraining()) this.#fail(undefined);
      else this.#arm(native);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The streams that have waited longest for a reply. */
  #oldest(): number[] {
    const oldest: number[] = [];
    for (const id of this.#streams.keys()) {
      if (oldest.push(id) === likelyMax) break;
    }
    return oldest;
  }

  #read(native: Connection, id: number): void {
    const stream = this.#streams.get(id);
    // A stream that was answered before it was written may become readable once more.
    if (stream === undefined || this.#ended) return;
    const reply = stream.read(native, this.#scratch);
    if (stream.receivedBytes > this.#settings.maxReplyBytes) throw new Error(`a reply of more than ${this.#settings.maxReplyBytes} bytes`);
    if (reply === undefined) return;
    if (reply.length === 0) throw new Error('a request got no reply');
    this.#streams.delete(id);
    if (!stream.written) {
      this.#unwritten--;
      // The library's `Shutdown.Write`.
      native.streamShutdown(id, 1, 0);
    }
    this.#events?.answered(stream.number, reply);
  }

  /** Streams under way first, in their order; then requests that have none, as far as the server lets us open streams and the library takes bytes. */
  #write(native: Connection): void {
    if (this.#unwritten > 0) {
      for (const id of native.writable()) {
        const stream = this.#streams.get(id);
        if (stream === undefined || stream.written) continue;
        if (!stream.write(native)) break;
        this.#unwritten--;
      }
    }
    while (this.#next < this.#queue.length && native.peerStreamsLeftBidi() > 0) {
      const { number, header, body } = this.#queue[this.#next++] as Request;
      const stream = new QuicStream(this.#nextStream, number, header, body);
      this.#nextStream += streamStep;
      this.#streams.set(stream.id, stream);
      if (stream.write(native)) continue;
      this.#unwritten++;
      break;
    }
    if (this.#next === this.#queue.length && this.#next > 0) {
      this.#queue = [];
      this.#next = 0;
    }
  }

  #sendPackets(): void {
    const socket = this.#socket;
    const native = this.#native;
    if (socket === undefined || native === undefined) return;
    while (this.#sentSinceHeard < this.#settings.sendWindowBytes) {
      const room = socket.room(this.#pathSize.datagramBytes);
      const sent = room && native.send(room);
      if (!sent) break;
      socket.commit(sent[0], this.#peer as Peer);
      this.#pathSize.sent(sent[0]);
      this.#sentSinceHeard += sent[0];
    }
    socket.flush();
  }

  /** Deadlines move to later times with almost every packet: a timer that fires too early is set anew, and costs less than moving it. */
  #arm(native: Connection): void {
    const left = native.timeout();
    if (left === null) return;
    const atMs = performance.now() + left;
    if (atMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = setTimeout(() => this.#timeout(native), left + 1);
  }

  #timeout(native: Connection): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    if (this.#ended) return;
    try {
      if (native.timeout() === 0) {
        native.onTimeout();
        this.#pathSize.lossTimerFired();
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    // What the library sends after a silence gets a server going that lost everything.
    const probeBytes = probesMax * this.#settings.datagramBytes;
    this.#sentSinceHeard = Math.min(this.#sentSinceHeard, this.#settings.sendWindowBytes - probeBytes);
    this.#flush();
  }

  #ping(keepAliveMs: number): void {
    if (!this.#established || performance.now() - this.#heardAtMs < keepAliveMs) return;
    this.#native?.sendAckEliciting();
    this.#flush();
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    const reason = this.#native === undefined ? new Error(`${error}`) : failureOf(this.#native, error);
    this.destroy();
    if (this.#events === undefined) this.#opening.failed(reason);
    else this.#events.closed(reason);
  }

  #release(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    clearInterval(this.#keepAlive);
    this.#socket?.close();
    this.#streams.clear();
    this.#queue = [];
  }
}
