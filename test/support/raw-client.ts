// A client for tests that sees the wire: one TCP connection, either generation, requests as commands or as raw bytes. It frames by itself, so that
// a mistake in the server's framing cannot hide behind the same mistake here.

import { once } from 'node:events';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import type { Command, Generation } from '../../src/protocol/command.ts';
import { Reader } from '../../src/protocol/reader.ts';
import { Writer } from '../../src/protocol/writer.ts';

/** The server answered with a status, or evicted the session. */
export class StatusError extends Error {
  readonly status: number;
  readonly eviction: number | undefined;

  constructor(status: number, eviction?: number) {
    super(eviction === undefined ? `status ${status}` : `eviction ${eviction}`);
    this.status = status;
    this.eviction = eviction;
  }
}

export interface RawReply {
  status: number;
  /** VSR eviction reason. */
  eviction: number | undefined;
  /** VSR operation byte. */
  operation: number | undefined;
  request: bigint | undefined;
  body: Buffer;
}

/** Operations whose replies begin with a result section. */
const withResult = (operation: number): boolean =>
  operation === 1 || (operation >= 64 && operation <= 149 && operation !== 138) || operation === 161 || operation === 162;

/** What carries the frames. The port is a TCP socket's. */
export type RawSocket = Duplex & { readonly localPort?: number | undefined };

export class RawClient {
  readonly socket: RawSocket;
  readonly generation: Generation;
  readonly #waiting: { resolve: (reply: RawReply) => void; reject: (error: Error) => void }[] = [];
  /** What has arrived of replies that are not whole. */
  #chunks: Buffer[] = [];
  #arrived = 0;
  /** Bytes without which there is nothing to parse. */
  #wanted = 0;
  #closed = false;
  #clientId = 0n;
  #session = 0n;
  #requestNumber = 0n;

  private constructor(socket: RawSocket, generation: Generation) {
    this.socket = socket;
    this.generation = generation;
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('connection closed'));
    });
  }

  static async connect(address: string, generation: Generation, options: { tls?: tls.ConnectionOptions } = {}): Promise<RawClient> {
    const at = address.lastIndexOf(':');
    const target = { host: address.slice(0, at).replace(/[[\]]/g, ''), port: Number(address.slice(at + 1)) };
    const socket = options.tls ? tls.connect({ ...target, ...options.tls }) : net.connect({ ...target, noDelay: true });
    await once(socket, options.tls ? 'secureConnect' : 'connect');
    return new RawClient(socket, generation);
  }

  /** On any stream of bytes that carries a request for each write, and its answer back. */
  static over(socket: RawSocket, generation: Generation): RawClient {
    return new RawClient(socket, generation);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get session(): bigint {
    return this.#session;
  }

  /** Logs in by password in the way of the generation. Resolves to the user id. */
  login(username = 'iggy', password = 'iggy', clientId?: bigint): Promise<number> {
    const writer = new Writer().shortText(username).shortText(password);
    return this.generation === 'classic' ? this.#login(38, writer.u32(0).u32(0).written) : this.#register(writer.u32(0).written, clientId);
  }

  /** Logs in by personal access token. Resolves to the user id. */
  loginWithToken(token: string, clientId?: bigint): Promise<number> {
    const writer = new Writer().shortText(token);
    return this.generation === 'classic' ? this.#login(44, writer.written) : this.#register(writer.u32(0).written, clientId);
  }

  async #login(code: number, body: Buffer): Promise<number> {
    const reply = await this.classic(code, body);
    if (reply.status !== 0) throw new StatusError(reply.status);
    return reply.body.readUInt32LE(0);
  }

  async #register(credentials: Buffer, clientId = BigInt(`0x${crypto.randomUUID().replaceAll('-', '')}`)): Promise<number> {
    this.#clientId = clientId;
    this.#session = 0n;
    this.#requestNumber = 0n;
    const version = new Writer().u32(11264).shortText('test').shortText('1').written;
    const reply = await this.vsr(1, Buffer.concat([version, credentials]), { request: 0n });
    if (reply.eviction !== undefined || reply.status !== 0) throw new StatusError(reply.status, reply.eviction);
    const reader = new Reader(reply.body);
    if (reader.u32() !== 0) throw new StatusError(reply.body.readUInt32LE(8));
    const userId = reader.u32();
    this.#session = reader.u64();
    return userId;
  }

  /** Runs a command through its codec. Throws StatusError for every kind of refusal. `undefined`: an empty body. */
  async call<Request, Reply>(command: Command<Request, Reply>, request: Request): Promise<Reply | undefined> {
    const writer = new Writer();
    command.encodeRequest(writer, request, this.generation);
    const raw =
      this.generation === 'classic'
        ? await this.classic(command.code, writer.written)
        : await this.vsr(command.operation, writer.written, { code: command.operation === 2 ? command.code : 0 });
    if (raw.status !== 0 || raw.eviction !== undefined) throw new StatusError(raw.status, raw.eviction);
    let body = raw.body;
    if (raw.operation !== undefined && withResult(raw.operation)) {
      if (body.readUInt32LE(0) !== 0) throw new StatusError(body.readUInt32LE(8));
      body = body.subarray(4);
    }
    return body.length === 0 ? undefined : command.decodeReply(new Reader(body), this.generation);
  }

  /** Sends a classic frame and waits for its answer. */
  classic(code: number, payload: Uint8Array): Promise<RawReply> {
    const frame = Buffer.alloc(8 + payload.length);
    frame.writeUInt32LE(4 + payload.length, 0);
    frame.writeUInt32LE(code, 4);
    frame.set(payload, 8);
    return this.exchange(frame);
  }

  /** Sends a VSR frame and waits for its answer. Without a number, reads carry the next one and other operations consume it. */
  vsr(operation: number, body: Uint8Array, fields: { code?: number; request?: bigint; clientId?: bigint } = {}): Promise<RawReply> {
    return this.exchange(this.vsrFrame(operation, body, fields));
  }

  vsrFrame(operation: number, body: Uint8Array, fields: { code?: number; request?: bigint; clientId?: bigint } = {}): Buffer {
    const number = fields.request ?? (operation === 2 ? this.#requestNumber + 1n : ++this.#requestNumber);
    const clientId = fields.clientId ?? (this.#clientId || 1n);
    const frame = Buffer.alloc(256 + body.length);
    frame.writeUInt32LE(frame.length, 48);
    frame[60] = 5;
    frame.writeBigUInt64LE(clientId & 0xffff_ffff_ffff_ffffn, 128);
    frame.writeBigUInt64LE(clientId >> 64n, 136);
    frame.writeBigUInt64LE(number, 168);
    frame[176] = operation;
    frame.writeBigUInt64LE(this.#session, 184);
    frame.writeUInt32LE(fields.code ?? 0, 196);
    frame.set(body, 256);
    return frame;
  }

  /** Sends bytes as they are and waits for one answer. */
  exchange(bytes: Uint8Array): Promise<RawReply> {
    const reply = this.next();
    this.socket.write(bytes);
    return reply;
  }

  /** The next frame that arrives. Answers are given out in the order of these calls. */
  next(): Promise<RawReply> {
    if (this.#closed) return Promise.reject(new Error('connection closed'));
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  close(): void {
    this.socket.destroy();
  }

  #received(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#arrived += chunk.length;
    if (this.#arrived < this.#wanted) return;
    let bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const headBytes = this.generation === 'classic' ? 8 : 256;
    for (;;) {
      this.#wanted = headBytes;
      if (bytes.length >= headBytes) this.#wanted = this.generation === 'classic' ? 8 + bytes.readUInt32LE(4) : bytes.readUInt32LE(48);
      if (bytes.length < this.#wanted) break;
      const reply = this.#parse(bytes, headBytes, this.#wanted);
      bytes = bytes.subarray(this.#wanted);
      this.#waiting.shift()?.resolve(reply);
    }
    this.#chunks = bytes.length === 0 ? [] : [bytes];
    this.#arrived = bytes.length;
  }

  #parse(bytes: Buffer, headBytes: number, total: number): RawReply {
    const body = Buffer.from(bytes.subarray(headBytes, total));
    if (this.generation === 'classic') {
      return { status: bytes.readUInt32LE(0), eviction: undefined, operation: undefined, request: undefined, body };
    }
    const evicted = bytes[60] === 13;
    return {
      status: evicted ? 0 : bytes.readUInt32LE(216),
      eviction: evicted ? bytes[255] : undefined,
      operation: evicted ? undefined : bytes[208],
      request: evicted ? undefined : bytes.readBigUInt64LE(200),
      body,
    };
  }
}
