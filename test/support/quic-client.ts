// A QUIC client for tests, on the same library as the server but with nothing of the server's code: connects, exchanges requests on streams, and can misbehave.

import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { Duplex } from 'node:stream';
import quiche from '@matrixai/quic/native/quiche.js';
import type { Connection, ConnectionError } from '@matrixai/quic/native/types.js';
import type { Generation } from '../../src/protocol/command.ts';
import type { PemPair } from './certificates.ts';
import { RawClient } from './raw-client.ts';

export interface QuicClientOptions {
  alpn?: string[];
  /** A session of an earlier connection, to be resumed. */
  session?: Uint8Array;
  /** For what the server sends, on the connection and on each stream. */
  windowBytes?: number;
  idleTimeoutMs?: number;
  /** The client's own certificate, PEM. */
  identity?: PemPair;
}

interface Reply {
  chunks: Buffer[];
  resolve(reply: Buffer): void;
  reject(error: Error): void;
}

const datagramBytes = 1350;

export class QuicTestClient {
  readonly native: Connection;
  /** Streams are not read while it is false, so that the server's replies stay unacknowledged in the client's window. */
  reading = true;
  readonly #socket: dgram.Socket;
  readonly #server: { host: string; port: number };
  readonly #local: { host: string; port: number };
  readonly #replies = new Map<number, Reply>();
  readonly #waiting: (() => void)[] = [];
  readonly #closed: Promise<void>;
  #resolveClosed: () => void = () => undefined;
  #nextStream = 0;
  #timer: NodeJS.Timeout | undefined;
  #over = false;
  #socketClosed = false;

  private constructor(socket: dgram.Socket, server: { host: string; port: number }, options: QuicClientOptions) {
    this.#socket = socket;
    this.#server = server;
    this.#local = { host: server.host.includes(':') ? '::1' : '127.0.0.1', port: socket.address().port };
    this.native = quiche.Connection.connect('localhost', randomBytes(20), this.#local, server, clientConfig(options));
    if (options.session) this.native.setSession(options.session);
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    socket.on('message', (bytes) => this.#received(bytes));
    socket.on('error', () => undefined);
  }

  /** Resolves when the handshake is over; rejects with the reason if it fails. */
  static async connect(address: string, options: QuicClientOptions = {}): Promise<QuicTestClient> {
    const client = await QuicTestClient.begin(address, options);
    const started = Date.now();
    while (!client.native.isEstablished()) {
      if (client.#over || Date.now() - started > 10_000) {
        client.vanish();
        const error = client.native.peerError();
        throw new Error(`no QUIC connection: ${error ? `error 0x${error.errorCode.toString(16)}` : 'no answer'}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return client;
  }

  /** Sends the first packet. */
  static async begin(address: string, options: QuicClientOptions = {}): Promise<QuicTestClient> {
    const at = address.lastIndexOf(':');
    const server = { host: address.slice(0, at).replace(/[[\]]/g, ''), port: Number(address.slice(at + 1)) };
    const socket = dgram.createSocket(server.host.includes(':') ? 'udp6' : 'udp4');
    await new Promise<void>((resolve) => socket.bind(0, resolve));
    const client = new QuicTestClient(socket, server, options);
    client.flush();
    return client;
  }

  /** A client of either generation whose requests travel on streams of this connection. */
  raw(generation: Generation): RawClient {
    const duplex = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        this.exchange(chunk).then(
          (reply) => duplex.push(reply),
          () => duplex.destroy(),
        );
        done();
      },
      destroy: (_error, done) => {
        this.close();
        done(null);
      },
    });
    return RawClient.over(Object.assign(duplex, { localPort: this.#local.port }), generation);
  }

  /** Sends a request on a stream of its own; resolves to all that comes back. Rejects if the stream or the connection fails. */
  async exchange(request: Uint8Array): Promise<Buffer> {
    while (!this.#over && this.native.peerStreamsLeftBidi() === 0) await this.#progress();
    const id = this.openStream();
    const reply = this.reply(id);
    void this.write(id, request, true);
    return reply;
  }

  openStream(): number {
    const id = this.#nextStream;
    this.#nextStream += 4;
    return id;
  }

  reply(id: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#over) reject(new Error('the connection is closed'));
      else this.#replies.set(id, { chunks: [], resolve, reject });
    });
  }

  /** Resolves when the library has taken all bytes. */
  async write(id: number, bytes: Uint8Array, fin: boolean): Promise<void> {
    let at = 0;
    for (;;) {
      const sent = this.#over ? 0 : (this.native.streamSend(id, bytes.subarray(at), fin) ?? 0);
      at += sent;
      this.flush();
      if (at >= bytes.length || this.#over) return;
      if (sent === 0) await this.#progress();
    }
  }

  /** Sends what the library wants to send. */
  flush(): void {
    for (;;) {
      const packet = Buffer.allocUnsafe(datagramBytes);
      const sent = this.native.send(packet);
      if (sent === null) break;
      this.sendDatagram(packet.subarray(0, sent[0]));
    }
    this.#arm();
  }

  /** Sends bytes as they are, from this client's address. */
  sendDatagram(bytes: Uint8Array): void {
    if (!this.#over) this.#socket.send(bytes, this.#server.port, this.#server.host);
  }

  /** Why the server closed the connection; resolves when it has. */
  async closedBy(): Promise<ConnectionError | null> {
    await this.#closed;
    return this.native.peerError();
  }

  get closed(): boolean {
    return this.#over;
  }

  close(): void {
    if (this.#over) return;
    this.native.close(true, 0, Buffer.alloc(0));
    this.flush();
    this.#end();
  }

  /** Is gone without a word. */
  vanish(): void {
    if (this.#over) return;
    this.#socketClosed = true;
    this.#socket.close();
    this.#end();
  }

  /** Resolves at the next datagram from the server, or at the end. */
  #progress(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #received(bytes: Buffer): void {
    if (this.#over) return;
    try {
      this.native.recv(bytes, { from: this.#server, to: this.#local });
    } catch {
      // What it means shows below.
    }
    if (this.reading && this.native.isEstablished()) for (const id of this.native.readable()) this.#read(id);
    this.flush();
    if (this.native.isDraining() || this.native.isClosed()) this.#end();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #read(id: number): void {
    const reply = this.#replies.get(id);
    try {
      for (;;) {
        const chunk = Buffer.allocUnsafe(64 * 1024);
        const received = this.native.streamRecv(id, chunk);
        if (received === null) return;
        reply?.chunks.push(chunk.subarray(0, received[0]));
        if (!received[1]) continue;
        this.#replies.delete(id);
        reply?.resolve(Buffer.concat(reply.chunks));
        return;
      }
    } catch (error) {
      this.#replies.delete(id);
      reply?.reject(error as Error);
    }
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const left = this.native.timeout();
    if (left === null || this.#over) return;
    this.#timer = setTimeout(() => {
      if (this.native.timeout() === 0) this.native.onTimeout();
      this.flush();
      if (this.native.isClosed()) this.#end();
    }, left + 1);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    // Node sends a little later.
    if (!this.#socketClosed) setTimeout(() => this.#socket.close(), 20);
    for (const { reject } of this.#replies.values()) reject(new Error('the connection is closed'));
    this.#replies.clear();
    this.#resolveClosed();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function clientConfig(options: QuicClientOptions) {
  const { identity } = options;
  const config = identity
    ? quiche.Config.withBoringSslCtx(false, false, undefined, [Buffer.from(identity.key)], [Buffer.from(identity.certificate)])
    : new quiche.Config();
  const windowBytes = options.windowBytes ?? 16 * 1024 * 1024;
  config.verifyPeer(false);
  config.setApplicationProtos(options.alpn ?? ['iggy']);
  config.setMaxIdleTimeout(options.idleTimeoutMs ?? 30_000);
  config.setMaxRecvUdpPayloadSize(65_527);
  config.setMaxSendUdpPayloadSize(datagramBytes);
  config.setInitialMaxData(windowBytes);
  config.setInitialMaxStreamDataBidiLocal(windowBytes);
  config.setInitialMaxStreamDataBidiRemote(windowBytes);
  config.setInitialMaxStreamDataUni(windowBytes);
  config.setInitialMaxStreamsBidi(100);
  config.setInitialMaxStreamsUni(100);
  config.setActiveConnectionIdLimit(8);
  return config;
}
