// One bidirectional stream: one request and its reply. The objects are reused for later streams of the connection, since every request opens a stream.

import type { Generation } from '../../protocol/command.ts';
import { errorCodes } from '../../protocol/errors.ts';
import type { ClientRecord } from '../../streaming/clients.ts';
import type { Carrier } from '../carrier.ts';
import { type Admission, type Frame, FrameReader, type FrameSink } from '../frame-reader.ts';
import type { Requests } from '../requests.ts';
import type { TransportServices } from '../services.ts';
import { type ReplyBuffer, StreamOutput, type StreamSink } from './stream-output.ts';

/** The connection as its streams see it. */
export interface StreamOwner {
  readonly client: ClientRecord;
  readonly services: TransportServices;
  readonly replyBuffer: ReplyBuffer;
  /** Whether a further request may be looked at. */
  readonly ready: boolean;
  /** Undefined before the first request. */
  readonly generation: Generation | undefined;
  /** Requests of the connection's generation, or undefined if this is another one. */
  requestsFor(stream: QuicStream, generation: Generation): Requests | undefined;
  receiveBytes(streamId: number, into: Buffer): [number, boolean] | undefined;
  sendBytes(streamId: number, bytes: Uint8Array, fin: boolean): number | undefined;
  /** The stream gets no reply. */
  cutReply(streamId: number): void;
  /** Bytes that are kept for the stream became more or fewer. */
  unsentChanged(stream: QuicStream, difference: number): void;
  requestBegan(): void;
  requestAnswered(): void;
  /** A request that began waits for something that may never come: it does not count as begun, until `requestUnparked`. */
  requestParked(stream: QuicStream): void;
  requestUnparked(stream: QuicStream): void;
  /** There is something to send, or something to read again. */
  touch(): void;
  /** The stream has more to read than can be handled now. */
  paused(stream: QuicStream): void;
  /** Nothing is left to do on the stream. */
  streamDone(stream: QuicStream, reusable: boolean): void;
  violation(reason: string): void;
  end(): void;
}

// The most that official clients of either generation take (spec of the Rust clients: 10,000,000 bytes of one reply).
const replyBytesMax = 10_000_000;
// What follows a request on its stream is read past, to such an extent.
const trailingBytesMax = 64 * 1024;

export class QuicStream implements Carrier, FrameSink, StreamSink {
  readonly services: TransportServices;
  readonly output: StreamOutput;
  readonly replyBytesMax: number;
  readonly #owner: StreamOwner;
  readonly #reader: FrameReader;
  #requests: Requests | undefined;
  id = 0;
  /** A request was taken from the stream, or refused: nothing further is looked at. */
  #requested = false;
  #unanswered = 0;
  /** Set while the request waits. */
  #abandonWait: (() => void) | undefined;
  #receiveEnded = false;
  #trailingBytes = 0;
  #clean = true;
  #done = false;
  #lastProgressMs = 0;

  constructor(owner: StreamOwner) {
    this.#owner = owner;
    this.services = owner.services;
    this.replyBytesMax = Math.min(replyBytesMax, owner.services.limits.frameBytesMax);
    this.output = new StreamOutput(this, owner.replyBuffer);
    this.#reader = new FrameReader(this, owner.services.receiveBuffers, owner.generation);
  }

  get client(): ClientRecord {
    return this.#owner.client;
  }

  get unanswered(): number {
    return this.#unanswered;
  }

  /** Takes up a stream. */
  open(id: number): void {
    this.id = id;
    this.output.reset();
    this.#requested = false;
    this.#receiveEnded = false;
    this.#trailingBytes = 0;
    this.#done = false;
    this.#lastProgressMs = this.services.clock.nowMs();
  }

  /** Reads what has arrived, as far as it can be handled now. */
  read(): void {
    if (!this.#requested && this.#reader.paused) this.#reader.resume();
    while (!this.#done && !this.#receiveEnded) {
      if (this.#waits()) return;
      const buffer = this.#requested ? this.services.receiveBuffers.shared : this.#reader.nextBuffer();
      const received = this.#owner.receiveBytes(this.id, buffer);
      if (received === undefined) return;
      const [length, ended] = received;
      this.#lastProgressMs = this.services.clock.nowMs();
      if (length > 0) this.#take(buffer, length);
      if (ended) this.#receiveEnded = true;
      else if (length < buffer.length) return;
    }
    if (this.#receiveEnded && !this.#waits()) this.#ended();
  }

  /** Goes on with a reply that the peer did not take at once. */
  drain(): void {
    const before = this.output.finished;
    this.output.drain();
    if (!before && this.output.finished) this.#finishIfOver();
  }

  /** The peer took the stream back. What it wants no answer to gets none, and waits no longer. */
  reset(): void {
    this.#receiveEnded = true;
    this.unwanted();
    if (this.#requested) {
      this.#finishIfOver();
      return;
    }
    this.#owner.cutReply(this.id);
    this.abandon();
  }

  /** The peer takes no reply. */
  unwanted(): void {
    this.#abandonWait?.();
  }

  /** The connection is gone, or the stream is. */
  abandon(): void {
    if (this.#done) return;
    this.#clean = false;
    this.#requested = true;
    this.#receiveEnded = true;
    this.#reader.close();
    this.output.giveUp();
    this.#finishIfOver();
  }

  stalled(nowMs: number): boolean {
    const waitsForPeer = this.#requested ? this.#unanswered === 0 && !this.output.finished : this.#reader.midFrame && !this.#reader.paused;
    return waitsForPeer && nowMs - this.#lastProgressMs > this.services.limits.stallTimeoutMs;
  }

  // What requests ask of their carrier.

  begin(): void {
    this.#unanswered++;
    this.#owner.requestBegan();
  }

  answered(): void {
    this.#unanswered--;
    this.output.finish();
    this.#owner.requestAnswered();
    this.#owner.touch();
    this.#finishIfOver();
  }

  park(abandon: () => void): void {
    this.#abandonWait = abandon;
    this.#owner.requestParked(this);
  }

  unpark(): void {
    this.#abandonWait = undefined;
    this.#owner.requestUnparked(this);
  }

  end(): void {
    this.#owner.end();
  }

  // What the reader asks and tells.

  resume(): void {
    if (this.#done) return;
    this.#owner.paused(this);
    this.#owner.touch();
  }

  ready(): boolean {
    const { gate } = this.services;
    return !this.#requested && this.#owner.ready && (gate === undefined || gate.pass(this.client, this));
  }

  admit(generation: Generation, head: Buffer, at: number, totalBytes: number): Admission {
    this.#requests ??= this.#owner.requestsFor(this, generation);
    return this.#requests?.admit(head, at, totalBytes) ?? { kind: 'close', status: 0 };
  }

  frame(frame: Frame): void {
    this.#requested = true;
    this.#requests?.frame(frame);
  }

  skipped(_generation: Generation, head: Buffer, at: number, status: number): void {
    this.#requested = true;
    this.#requests?.skipped(head, at, status);
    this.output.finish();
    this.#finishIfOver();
  }

  refuse(reason: string, generation: Generation | undefined, status: number): void {
    this.#clean = false;
    this.#requested = true;
    if (generation !== 'classic' || status === 0) {
      this.#owner.violation(reason);
      return;
    }
    this.#requests?.refused(status);
    this.output.finish();
    this.#finishIfOver();
  }

  // What the output asks and tells.

  sendBytes(bytes: Uint8Array, fin: boolean): number | undefined {
    const taken = this.#owner.sendBytes(this.id, bytes, fin);
    if (taken !== undefined && taken > 0) this.#lastProgressMs = this.services.clock.nowMs();
    return taken;
  }

  unsentChanged(difference: number): void {
    this.#owner.unsentChanged(this, difference);
  }

  /** True while what has arrived cannot be handled: the connection has too many requests under way, or memory is short. */
  #waits(): boolean {
    if (this.#requested || !this.#reader.paused) return false;
    this.#owner.paused(this);
    return true;
  }

  #take(buffer: Buffer, length: number): void {
    if (!this.#requested) {
      this.#reader.received(buffer, length);
      // Bytes after the request are in the reader's keeping: it does not serve another stream.
      if (this.#requested && !this.#reader.idle) this.#clean = false;
      return;
    }
    this.#trailingBytes += length;
    if (this.#trailingBytes > trailingBytesMax) this.#owner.violation('bytes after a request');
  }

  /** The peer finished its half, and what it sent has been looked at. */
  #ended(): void {
    if (!this.#requested) {
      this.#clean = false;
      this.#requested = true;
      this.#requests?.refused(errorCodes['quic-error']);
      this.output.finish();
    }
    this.#finishIfOver();
  }

  #finishIfOver(): void {
    if (this.#done || !this.#requested || !this.#receiveEnded || this.#unanswered > 0 || !this.output.finished) return;
    this.#done = true;
    if (!this.#clean) this.#reader.close();
    this.#owner.streamDone(this, this.#clean);
  }
}
