// One QUIC connection: packets in and out, its streams, its limits. It owns the client's record; its streams carry the requests.
//
// Every call into the library may throw, since peers can bring it into states that it reports that way: each is caught here and costs this connection at most.

import type { Generation } from '../../protocol/command.ts';
import type { DatagramSocket, Peer } from '../../quic/datagram-socket.ts';
import { PathSize } from '../../quic/path-size.ts';
import type { Connection as NativeConnection, Quiche } from '../../quic/quiche.ts';
import { readStreams } from '../../quic/readable-streams.ts';
import type { ClientRecord } from '../../streaming/clients.ts';
import { ClassicRequests } from '../classic-requests.ts';
import { formatAddress, type OpenConnection } from '../listener.ts';
import type { Requests } from '../requests.ts';
import type { TransportServices } from '../services.ts';
import { VsrRequests } from '../vsr-requests.ts';
import { VsrSession } from '../vsr-session.ts';
import { closeCodes, noApplicationProtocol, refusesCertificate } from './close-codes.ts';
import type { Sleeper } from './deadlines.ts';
import { firstWindow, type QuicOptions } from './quic-options.ts';
import { QuicStream, type StreamOwner } from './stream.ts';
import type { ReplyBuffer } from './stream-output.ts';
import { TrafficBalance } from './traffic-balance.ts';

/** What the connections of an endpoint share. */
export interface ConnectionHost {
  readonly services: TransportServices;
  readonly options: QuicOptions;
  readonly replyBuffer: ReplyBuffer;
  readonly socket: DatagramSocket;
  readonly quiche: Quiche;
  now(): number;
  /** The connection is to be served before the turn ends. */
  touch(connection: QuicConnection): void;
  /** The socket took no more: `serve` is wanted once it does. */
  waitForRoom(connection: QuicConnection): void;
  /** The deadline of the connection has changed. */
  rescheduled(connection: QuicConnection): void;
  /** A client's certificate, DER, has been verified. */
  signIn(client: ClientRecord, certificate: Uint8Array): void;
  opened(connection: QuicConnection): void;
  /** No request comes from it any more. */
  closed(connection: QuicConnection): void;
  /** Its packets mean nothing any more. */
  gone(connection: QuicConnection): void;
  /** A client offered no application protocol that is spoken here. */
  refusedProtocol(peer: Peer): void;
}

// Objects of streams that are kept for later ones.
const idleStreamsMax = 32;
// After its last reply a connection that ends stays so long, for the peer to take it before it is told that all is over.
const lingerMs = 50;
// The library says of a stream that it is readable, also of one whose request was taken back; but not that the peer wants no reply on it: each must be asked. Streams whose
// requests wait are asked together, at most so often, so that a turn costs nothing for them.
const lookAtParkedEveryMs = 25;
// Datagrams that may leave without a sign of life when the library probes after a silence.
const probesMax = 2;

// The last two bits of a stream's number (RFC 9000 §2.1).
const streamKinds = 4;
const clientBidirectional = 0;

export class QuicConnection implements OpenConnection, Sleeper, StreamOwner {
  readonly id: string;
  readonly peer: Peer;
  readonly services: TransportServices;
  readonly replyBuffer: ReplyBuffer;
  readonly #host: ConnectionHost;
  readonly #native: NativeConnection;
  readonly #way: { from: { host: string; port: number }; to: { host: string; port: number } };
  readonly #balance: TrafficBalance;
  readonly #pathSize: PathSize;
  readonly #streams = new Map<number, QuicStream>();
  readonly #idleStreams: QuicStream[] = [];
  readonly #pausedStreams = new Set<QuicStream>();
  readonly #parkedStreams = new Set<QuicStream>();
  /** The stream that the client opened last, which may have more to read, and the one that it opens next. */
  readonly #likely = [0, 0];
  #newestStream = 0;
  readonly #unsentStreams = new Set<QuicStream>();
  readonly #session = new VsrSession();
  readonly #openedAtMs: number;
  #client: ClientRecord | undefined;
  #generation: Generation | undefined;
  #unanswered = 0;
  #unsentBytes = 0;
  #sentSinceHeard = 0;
  #heardAtMs: number;
  #pingAtMs: number;
  #closeAtMs = Number.POSITIVE_INFINITY;
  #lookAtParkedAtMs = Number.POSITIVE_INFINITY;
  #ending = false;
  #closed = false;
  #gone = false;
  touched = false;
  deadlineMs = Number.POSITIVE_INFINITY;
  scheduledMs = Number.POSITIVE_INFINITY;
  heapIndex = -1;

  constructor(host: ConnectionHost, native: NativeConnection, id: string, peer: Peer, local: { host: string; port: number }) {
    this.#host = host;
    this.#native = native;
    this.id = id;
    this.peer = peer;
    this.services = host.services;
    this.replyBuffer = host.replyBuffer;
    this.#way = { from: { host: peer.host, port: peer.port }, to: local };
    this.#balance = new TrafficBalance(firstWindow(host.options), host.options.receiveWindowBytes);
    this.#pathSize = new PathSize(host.options.datagramBytes);
    this.#openedAtMs = host.now();
    this.#heardAtMs = this.#openedAtMs;
    this.#pingAtMs = this.#pingAfter(this.#openedAtMs);
  }

  get client(): ClientRecord {
    if (this.#client === undefined) throw new Error('a stream before the handshake');
    return this.#client;
  }

  get generation(): Generation | undefined {
    return this.#generation;
  }

  get ready(): boolean {
    const { limits } = this.services;
    return (
      !this.#ending && !this.#closed && this.#unanswered < limits.unansweredRequestsMax && this.#unsentBytes < limits.unansweredBytesMax
    );
  }

  /** Takes a datagram. `serve` is to follow. */
  datagram(bytes: Buffer): void {
    this.#balance.receivedBytes += bytes.length;
    this.#sentSinceHeard = 0;
    this.#heardAtMs = this.#host.now();
    if (this.#parkedStreams.size > 0) this.#lookAtParkedAtMs = Math.min(this.#lookAtParkedAtMs, this.#heardAtMs + lookAtParkedEveryMs);
    try {
      this.#native.recv(bytes, this.#way);
    } catch (error) {
      this.#log(error, 'QUIC packet refused');
      this.#noteRefusal();
    }
  }

  /** Reads what has arrived, answers what can be answered, sends what may be sent. */
  serve(): void {
    this.touched = false;
    if (this.#gone) return;
    try {
      if (!this.#closed) {
        this.#establish();
        if (this.#client !== undefined) this.#serveStreams();
        if (this.#balance.exceeded) this.violation('more overhead than data');
      }
      this.#send();
      this.#schedule();
    } catch (error) {
      this.#log(error, 'QUIC connection failed');
      this.#leave();
    }
  }

  /** The device does not carry its longest datagrams. */
  tooLong(): void {
    if (this.#pathSize.refused()) this.#log(undefined, 'QUIC datagrams are too long for the device');
  }

  wake(nowMs: number): void {
    if (this.#gone) return;
    if (nowMs >= this.#lookAtParkedAtMs) this.#lookAtParked();
    if (nowMs >= this.#closeAtMs) this.#close(closeCodes.shutdown, 'shutdown');
    if (this.#client === undefined && !this.#closed && nowMs - this.#openedAtMs >= this.#host.options.handshakeTimeoutMs) {
      this.#close(closeCodes.handshakeFailed, 'handshake took too long');
    }
    try {
      if (nowMs >= this.#pingAtMs && !this.#closed) this.#ping(nowMs);
      const left = this.#native.timeout();
      if (left === 0) {
        this.#native.onTimeout();
        if (this.#pathSize.lossTimerFired()) this.#log(undefined, 'QUIC datagrams are too long for the path');
      }
    } catch (error) {
      this.#log(error, 'QUIC timeout failed');
    }
    // What the library sends after a silence gets a peer going that lost everything.
    const probeBytes = probesMax * this.#host.options.datagramBytes;
    this.#sentSinceHeard = Math.min(this.#sentSinceHeard, this.#host.options.sendWindowBytes - probeBytes);
    this.#host.touch(this);
  }

  stalled(nowMs: number): boolean {
    for (const stream of this.#streams.values()) if (stream.stalled(nowMs)) return true;
    return false;
  }

  stop(): void {
    this.end();
  }

  destroy(): void {
    this.#close(closeCodes.shutdown, 'shutdown');
  }

  // What streams ask and tell.

  requestsFor(stream: QuicStream, generation: Generation): Requests | undefined {
    this.#generation ??= generation;
    if (this.#generation !== generation) return undefined;
    this.client.generation = generation;
    // No stream is there to tell a silent client on: who speaks classic finds the connection ended, as over TCP, and a VSR request that follows is answered with the eviction.
    if (generation === 'classic') this.client.tellStale = () => this.end();
    return generation === 'classic' ? new ClassicRequests(stream) : new VsrRequests(stream, this.#session);
  }

  receiveBytes(streamId: number, into: Buffer): [number, boolean] | undefined {
    try {
      const received = this.#native.streamRecv(streamId, into);
      if (received === null) return undefined;
      this.#balance.deliveredBytes += received[0];
      this.services.traffic.quic.bytesIn += received[0];
      return received;
    } catch {
      // The peer took the stream back. The library counts it as open until its receiving half is shut down.
      this.#shutdown(streamId, this.#host.quiche.Shutdown.Read);
      this.#streams.get(streamId)?.reset();
      return undefined;
    }
  }

  sendBytes(streamId: number, bytes: Uint8Array, fin: boolean): number | undefined {
    if (this.#closed) return undefined;
    try {
      const taken = this.#native.streamSend(streamId, bytes, fin) ?? -1;
      if (taken > 0) this.services.traffic.quic.bytesOut += taken;
      return taken;
    } catch {
      // The peer wants no reply.
      return undefined;
    }
  }

  cutReply(streamId: number): void {
    this.#shutdown(streamId, this.#host.quiche.Shutdown.Write);
  }

  unsentChanged(stream: QuicStream, difference: number): void {
    this.#unsentBytes += difference;
    if (difference > 0) this.#unsentStreams.add(stream);
  }

  requestBegan(): void {
    this.#unanswered++;
  }

  requestAnswered(): void {
    this.#unanswered--;
    this.#endIfIdle();
  }

  requestParked(stream: QuicStream): void {
    this.#parkedStreams.add(stream);
    this.#unanswered--;
    this.#endIfIdle();
  }

  requestUnparked(stream: QuicStream): void {
    this.#parkedStreams.delete(stream);
    this.#unanswered++;
  }

  touch(): void {
    if (!this.#gone) this.#host.touch(this);
  }

  paused(stream: QuicStream): void {
    this.#pausedStreams.add(stream);
  }

  streamDone(stream: QuicStream, reusable: boolean): void {
    this.#streams.delete(stream.id);
    this.#pausedStreams.delete(stream);
    this.#unsentStreams.delete(stream);
    if (reusable && this.#idleStreams.length < idleStreamsMax) this.#idleStreams.push(stream);
  }

  violation(reason: string): void {
    this.#close(closeCodes.protocolViolation, reason);
  }

  end(): void {
    this.#ending = true;
    this.#endIfIdle();
  }

  #lookAtParked(): void {
    this.#lookAtParkedAtMs = Number.POSITIVE_INFINITY;
    for (const stream of this.#parkedStreams) if (!this.#takesReply(stream.id)) stream.unwanted();
  }

  /** Whether the peer has not said that it wants no reply. The library throws if it has. */
  #takesReply(streamId: number): boolean {
    try {
      this.#native.streamCapacity(streamId);
      return true;
    } catch {
      return false;
    }
  }

  #shutdown(streamId: number, half: number): void {
    try {
      this.#native.streamShutdown(streamId, half, closeCodes.none);
    } catch {
      // The library has forgotten the stream.
    }
  }

  #endIfIdle(): void {
    if (!this.#ending || this.#closed || this.#unanswered > 0 || this.#unsentBytes > 0) return;
    this.#closeAtMs = Math.min(this.#closeAtMs, this.#host.now() + lingerMs);
    this.#schedule();
  }

  /** The handshake is over: from now on this is a client. */
  #establish(): void {
    if (this.#client !== undefined || !this.#native.isEstablished()) return;
    this.#balance.established = true;
    this.#client = this.services.connected('quic', formatAddress(this.peer.host, this.peer.port));
    const certificate = this.#host.options.clientCertificates === 'off' ? undefined : this.#native.peerCertChain()?.[0];
    if (certificate !== undefined) this.#host.signIn(this.#client, certificate);
    this.#host.opened(this);
  }

  #serveStreams(): void {
    this.#likely[0] = this.#newestStream;
    this.#likely[1] = this.#newestStream + streamKinds;
    readStreams(this.#native, this.#likely, this.#readStream);
    if (this.#pausedStreams.size > 0 && this.ready) {
      const streams = [...this.#pausedStreams];
      this.#pausedStreams.clear();
      for (const stream of streams) stream.read();
    }
    if (this.#unsentBytes > 0) {
      for (const stream of this.#unsentStreams) stream.drain();
      this.#endIfIdle();
    }
  }

  readonly #readStream = (streamId: number): void => {
    if (streamId % streamKinds === clientBidirectional) this.#stream(streamId).read();
    else this.violation(`stream ${streamId} carries no requests`);
  };

  #stream(streamId: number): QuicStream {
    let stream = this.#streams.get(streamId);
    if (stream === undefined) {
      stream = this.#idleStreams.pop() ?? new QuicStream(this);
      stream.open(streamId);
      this.#streams.set(streamId, stream);
      this.#newestStream = Math.max(this.#newestStream, streamId);
    }
    return stream;
  }

  #send(): void {
    const { socket, options } = this.#host;
    while (this.#sentSinceHeard < options.sendWindowBytes) {
      const room = socket.room(this.#pathSize.datagramBytes);
      if (room === undefined) {
        this.#host.waitForRoom(this);
        return;
      }
      const sent = this.#native.send(room);
      if (sent === null) return;
      socket.commit(sent[0], this.peer);
      this.#pathSize.sent(sent[0]);
      this.#balance.sentBytes += sent[0];
      this.#sentSinceHeard += sent[0];
    }
  }

  #schedule(): void {
    if (this.#native.isClosed()) {
      this.#leave();
      return;
    }
    if (!this.#closed && this.#native.isDraining()) this.#closeStreams();
    const nowMs = this.#host.now();
    const left = this.#native.timeout();
    let deadlineMs = left === null ? Number.POSITIVE_INFINITY : nowMs + left + 1;
    if (!this.#closed) {
      deadlineMs = Math.min(deadlineMs, this.#pingAtMs, this.#closeAtMs, this.#lookAtParkedAtMs);
      if (this.#client === undefined) deadlineMs = Math.min(deadlineMs, this.#openedAtMs + this.#host.options.handshakeTimeoutMs);
    }
    this.deadlineMs = deadlineMs;
    this.#host.rescheduled(this);
  }

  #pingAfter(sinceMs: number): number {
    const { keepAliveMs } = this.#host.options;
    return keepAliveMs === 0 ? Number.POSITIVE_INFINITY : sinceMs + keepAliveMs;
  }

  #ping(nowMs: number): void {
    this.#pingAtMs = this.#pingAfter(this.#heardAtMs);
    if (this.#pingAtMs > nowMs) return;
    this.#pingAtMs = this.#pingAfter(nowMs);
    this.#native.sendAckEliciting();
  }

  #close(code: number, reason: string): void {
    if (this.#closed) return;
    this.services.log.debug({ peer: this.peer.host, client: this.#client?.id, code, reason }, 'QUIC connection closed');
    try {
      this.#native.close(true, code, Buffer.from(reason));
    } catch (error) {
      this.#log(error, 'QUIC close failed');
    }
    this.#closeStreams();
    this.#host.touch(this);
  }

  /** No request is answered any more; packets may still come. */
  #closeStreams(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const stream of [...this.#streams.values()]) stream.abandon();
    this.#streams.clear();
    this.#idleStreams.length = 0;
    this.#pausedStreams.clear();
    this.#unsentStreams.clear();
    if (this.#client !== undefined) this.services.disconnected(this.#client);
    this.#host.closed(this);
  }

  #leave(): void {
    if (this.#gone) return;
    this.#closeStreams();
    this.#gone = true;
    this.#host.gone(this);
  }

  #noteRefusal(): void {
    if (this.#client !== undefined) return;
    const code = this.#native.localError()?.errorCode;
    if (code === noApplicationProtocol) this.#host.refusedProtocol(this.peer);
    else if (code !== undefined && refusesCertificate(code)) {
      this.services.refusedConnections.note('quic connection refused: the client has no certificate, or one that does not verify');
    }
  }

  #log(error: unknown, what: string): void {
    this.services.log.debug({ peer: this.peer.host, client: this.#client?.id, err: error }, what);
  }
}
