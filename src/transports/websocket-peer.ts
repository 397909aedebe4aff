// One WebSocket connection as the pipeline's transport.
//
// To Iggy 0.8 the binary messages are one stream of bytes, however it is cut; to 0.9 a message is a frame, and one that is not ends the connection. The library gathers a message
// before it hands it on, so what arrives is counted here: a client that has not logged in can make us keep little, and all together no more than the budget of received frames.

import type net from 'node:net';
import type { WebSocket } from 'ws';
import type { ClientRecord } from '../streaming/clients.ts';
import { Connection, type Transport } from './connection.ts';
import type { OpenConnection } from './listener.ts';
import type { MemoryWaiter } from './receive-buffers.ts';
import type { TransportServices } from './services.ts';

// Official clients take frames of at most 16 MiB, in messages of 64 MiB.
const sentFrameBytesMax = 8 * 1024 * 1024;
// A chunk that ends a message may hold the beginning of others.
const chunkBytesMax = 64 * 1024;
// What the library and Node spend on a chunk besides its bytes.
const chunkOverheadBytes = 256;
const maskedControlHeadBytes = 6;
const vsrSizeAt = 48;
const vsrHeadBytes = 256;
const closingIdleMs = 1_000;

const closeCodes = { normal: 1000, goingAway: 1001, protocolError: 1002, unsupportedData: 1003, tooLarge: 1009 };

export class WebSocketPeer implements Transport, OpenConnection, MemoryWaiter {
  readonly writesAreMessages = true;
  readonly client: ClientRecord;
  readonly #websocket: WebSocket;
  readonly #socket: net.Socket;
  readonly #services: TransportServices;
  readonly #connection: Connection;
  /** Bytes of a message that is not complete, and what they cost. */
  #gathered = 0;
  #lastByteAtMs: number;
  #receivedAny = false;
  #readingPaused = false;
  #waitingForMemory = false;
  #ended = false;

  /** Takes over a socket right after its upgrade. */
  constructor(websocket: WebSocket, socket: net.Socket, client: ClientRecord, services: TransportServices) {
    this.#websocket = websocket;
    this.#socket = socket;
    this.#services = services;
    this.client = client;
    this.#lastByteAtMs = services.clock.nowMs();
    this.#connection = new Connection(this, client, services);
    // Before the library's own listener, which hands on what a chunk completes.
    socket.prependListener('data', (chunk: Buffer) => this.#chunk(chunk.length));
    socket.on('drain', () => this.#connection.drained());
    socket.on('close', () => this.#closed());
    websocket.on('message', (data, isBinary) => this.#message(data as Buffer, isBinary));
    websocket.on('ping', (data) => this.#control(data));
    websocket.on('pong', (data) => this.#control(data));
    websocket.on('error', (error) => services.log.debug({ client: client.id, err: error }, 'WebSocket error'));
  }

  get unsentBytes(): number {
    return this.#websocket.bufferedAmount;
  }

  write(bytes: Buffer, sent: (() => void) | undefined): void {
    for (let at = 0; at < bytes.length; at += sentFrameBytesMax) {
      const end = Math.min(at + sentFrameBytesMax, bytes.length);
      const last = end === bytes.length;
      const part = at === 0 && last ? bytes : bytes.subarray(at, end);
      this.#websocket.send(part, { binary: true, fin: last }, last ? sent : undefined);
    }
  }

  pauseReading(): void {
    this.#readingPaused = true;
    this.#updateReading();
  }

  resumeReading(): void {
    this.#readingPaused = false;
    this.#updateReading();
  }

  end(): void {
    this.#close(this.#services.stopping() ? closeCodes.goingAway : closeCodes.normal);
  }

  destroy(): void {
    this.#websocket.terminate();
  }

  stop(): void {
    this.#connection.stop();
  }

  stalled(nowMs: number): boolean {
    const silentMs = nowMs - this.#lastByteAtMs;
    return this.#connection.stalled(nowMs) || (this.#gathered > 0 && silentMs > this.#services.limits.stallTimeoutMs);
  }

  /** Memory came free. */
  resume(): void {
    this.#waitingForMemory = false;
    this.#updateReading();
  }

  #chunk(bytes: number): void {
    const { limits, receiveBuffers } = this.#services;
    this.#lastByteAtMs = this.#services.clock.nowMs();
    const cost = bytes + chunkOverheadBytes;
    this.#gathered += cost;
    if (!receiveBuffers.count(cost, this)) {
      this.#waitingForMemory = true;
      this.#updateReading();
    }
    if (this.client.userId === undefined && this.#gathered > limits.anonymousFrameBytesMax + chunkBytesMax) {
      this.#refuse(closeCodes.tooLarge, 'a message of a client that has not logged in is too large');
      // It may not know yet and go on sending.
      this.#websocket.terminate();
    }
  }

  #message(data: Buffer, isBinary: boolean): void {
    if (!this.#ended) this.#deliver(data, isBinary);
    this.#services.receiveBuffers.uncount(this.#gathered);
    this.#gathered = 0;
  }

  #deliver(data: Buffer, isBinary: boolean): void {
    if (!isBinary) {
      this.#refuse(closeCodes.unsupportedData, 'a text message');
      return;
    }
    const { client } = this;
    const first = !this.#receivedAny;
    const beginsVsr = first && data.length >= 4 && data.readUInt32LE(0) === 0;
    if ((beginsVsr || client.generation === 'vsr') && !isWholeFrame(data)) {
      this.#refuse(closeCodes.protocolError, 'a message that is not one frame');
      return;
    }
    const undecided = client.generation === undefined;
    if (data.length > 0) this.#receivedAny = true;
    this.#connection.received(data, data.length);
    // The first four bytes, which tell the generation, came in several messages.
    if (undecided && client.generation === 'vsr' && !isWholeFrame(data)) {
      this.#refuse(closeCodes.protocolError, 'a frame over several messages');
    }
  }

  /** A control frame may come between the frames of a message, and is no part of it. */
  #control(data: Buffer): void {
    const bytes = Math.min(this.#gathered, maskedControlHeadBytes + data.length);
    this.#services.receiveBuffers.uncount(bytes);
    this.#gathered -= bytes;
  }

  #refuse(code: number, reason: string): void {
    this.#services.log.debug({ client: this.client.id, address: this.client.address }, `WebSocket connection refused: ${reason}`);
    this.#close(code);
    this.#connection.end();
  }

  #close(code: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#websocket.close(code);
    // A peer that neither reads nor closes would keep the socket for ever.
    this.#socket.setTimeout(closingIdleMs, () => this.#websocket.terminate());
    this.#updateReading();
  }

  #updateReading(): void {
    // The peer's answer to a close is to be read in any case.
    if ((this.#readingPaused || this.#waitingForMemory) && !this.#ended) this.#websocket.pause();
    else this.#websocket.resume();
  }

  #closed(): void {
    this.#ended = true;
    this.#services.receiveBuffers.uncount(this.#gathered);
    this.#gathered = 0;
    this.#services.receiveBuffers.forget(this);
    this.#connection.closedByTransport();
  }
}

function isWholeFrame(message: Buffer): boolean {
  return message.length >= vsrHeadBytes && message.readUInt32LE(vsrSizeAt) === message.length;
}
