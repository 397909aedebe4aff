// One client connection, whatever carries it: bytes in → frames → requests → replies out, with its limits.
//
// The connection owns its reader and its output. What a frame means is decided by `ClassicRequests` or `VsrRequests`, chosen by the first frame for good. Reading stops while a
// request that must be answered first is being handled, while too many are unanswered, or while the peer does not take its replies.

import type { Logger } from '../observability/logger.ts';
import type { TransportTraffic } from '../observability/transport-traffic.ts';
import type { Generation } from '../protocol/command.ts';
import type { ClientRecord } from '../streaming/clients.ts';
import type { Carrier } from './carrier.ts';
import { ClassicRequests } from './classic-requests.ts';
import { type Admission, type Frame, FrameReader, type FrameSink } from './frame-reader.ts';
import type { OpenConnection } from './listener.ts';
import type { MovingConnection } from './moving-connection.ts';
import { type ByteSink, Output } from './output.ts';
import type { Requests } from './requests.ts';
import type { TransportServices } from './services.ts';
import { VsrRequests } from './vsr-requests.ts';
import { VsrSession } from './vsr-session.ts';

/** What carries the bytes of a connection. */
export interface Transport extends ByteSink {
  /** Stops and starts reading. Bytes that still arrive while paused are kept by the reader. */
  pauseReading(): void;
  resumeReading(): void;
  /** Sends what is queued, then closes. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

export class Connection implements Carrier, FrameSink, OpenConnection {
  readonly client: ClientRecord;
  readonly services: TransportServices;
  readonly output: Output;
  readonly log: Logger;
  readonly #transport: Transport;
  readonly #traffic: TransportTraffic;
  readonly #reader: FrameReader;
  readonly #session = new VsrSession();
  #requests: Requests | undefined;
  #readingPaused = false;
  #closed = false;
  #ending = false;
  /** A request that later ones must wait for. */
  #exclusive = false;
  #unanswered = 0;
  /** Requests that were put aside. */
  #parked = 0;
  /** No frame may begin: the connection is to leave the thread. */
  #held = false;
  #lastByteAtMs: number;

  /** `moved`: what another thread served until now. */
  constructor(transport: Transport, client: ClientRecord, services: TransportServices, moved?: MovingConnection) {
    this.#transport = transport;
    this.client = client;
    this.services = services;
    this.log = services.log;
    this.#traffic = services.traffic[client.transport];
    this.output = new Output(transport, services.flushScheduler, this.#traffic);
    this.#reader = new FrameReader(this, services.receiveBuffers, moved?.generation);
    this.#lastByteAtMs = services.clock.nowMs();
    if (moved === undefined) return;
    this.#requests = this.#begin(moved.generation);
    if (moved.history !== undefined) this.#session.history.load(moved.history);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get replyBytesMax(): number {
    return this.services.limits.frameBytesMax;
  }

  get unanswered(): number {
    return this.#unanswered;
  }

  /** Where the transport reads next, see FrameReader. */
  nextBuffer(): Buffer {
    return this.#reader.nextBuffer();
  }

  received(bytes: Buffer, length: number): void {
    this.#lastByteAtMs = this.services.clock.nowMs();
    this.#traffic.bytesIn += length;
    this.#reader.received(bytes, length);
    this.#updateReading();
  }

  /** The peer took replies. */
  drained(): void {
    this.resume();
  }

  resume(): void {
    if (this.#closed) return;
    this.#reader.resume();
    this.#updateReading();
  }

  begin(exclusive: boolean): void {
    this.#unanswered++;
    if (exclusive) this.#exclusive = true;
  }

  answered(exclusive: boolean, later: boolean): void {
    this.#unanswered--;
    if (exclusive) this.#exclusive = false;
    if (this.#ending && this.#unanswered === 0) this.#endNow();
    else if (later) this.resume();
  }

  park(): void {
    this.#unanswered--;
    this.#parked++;
    if (this.#ending && this.#unanswered === 0) this.#endNow();
  }

  unpark(): void {
    this.#unanswered++;
    this.#parked--;
  }

  /** While it is held no further frame is begun, so that the connection comes to where it can leave. */
  hold(held: boolean): void {
    this.#held = held;
    if (held) this.#updateReading();
    else this.resume();
  }

  /** Held, between two frames, with nothing under way in either direction. */
  canLeave(): boolean {
    if (this.#closed || this.#ending || !this.#held || !this.#reader.atFrame || this.#unanswered + this.#parked > 0) return false;
    this.output.flush();
    return this.output.unsentBytes === 0 && this.#reader.generation !== undefined;
  }

  /** Ends the connection here, without a word to the peer or to `services`. To be called when it can leave. */
  leave(): MovingConnection {
    const generation = this.#reader.generation as Generation;
    const { kept } = this.#reader;
    const history = generation === 'vsr' ? this.#session.history.contents() : undefined;
    this.#closed = true;
    this.output.close();
    this.#reader.close();
    return { generation, kept: kept && Uint8Array.from(kept), history };
  }

  /** Goes on with what the other thread had read. */
  arrived(kept: Buffer): void {
    this.#reader.received(kept, kept.length);
    this.#updateReading();
  }

  ready(): boolean {
    const { limits, gate } = this.services;
    return (
      !this.#exclusive &&
      !this.#ending &&
      (!this.#held || this.#reader.midFrame) &&
      this.#unanswered < limits.unansweredRequestsMax &&
      this.output.unsentBytes < limits.unansweredBytesMax &&
      (gate === undefined || gate.pass(this.client, this))
    );
  }

  admit(generation: Generation, head: Buffer, at: number, totalBytes: number): Admission {
    this.#requests ??= this.#begin(generation);
    return this.#requests.admit(head, at, totalBytes);
  }

  frame(frame: Frame): void {
    this.#requests?.frame(frame);
  }

  skipped(_generation: Generation, head: Buffer, at: number, status: number): void {
    this.#requests?.skipped(head, at, status);
  }

  refuse(reason: string, _generation: Generation | undefined, status: number): void {
    this.log.debug({ client: this.client.id, address: this.client.address, status }, reason);
    if (status !== 0) this.#requests?.refused(status);
    this.end();
  }

  end(): void {
    if (this.#closed || this.#ending) return;
    this.#ending = true;
    if (this.#unanswered === 0) this.#endNow();
  }

  stop(): void {
    if (this.#closed) return;
    this.#requests?.stopping();
    this.end();
  }

  destroy(): void {
    this.#transport.destroy();
  }

  stalled(nowMs: number): boolean {
    return this.#reader.midFrame && nowMs - this.#lastByteAtMs > this.services.limits.stallTimeoutMs;
  }

  /** The transport's end: called once, however the connection ended. */
  closedByTransport(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.output.close();
    this.#reader.close();
    this.services.disconnected(this.client);
  }

  #begin(generation: Generation): Requests {
    const requests = generation === 'classic' ? new ClassicRequests(this) : new VsrRequests(this, this.#session);
    this.client.generation = generation;
    this.client.tellStale = (clientId) => requests.stale(clientId);
    return requests;
  }

  #endNow(): void {
    this.output.flush();
    this.#reader.close();
    this.#transport.end();
  }

  #updateReading(): void {
    if (this.#closed) return;
    const paused = this.#reader.paused;
    if (paused === this.#readingPaused) return;
    this.#readingPaused = paused;
    if (paused) this.#transport.pauseReading();
    else this.#transport.resumeReading();
  }
}
