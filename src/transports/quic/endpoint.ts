// Routes datagrams to connections, makes new connections, and serves each connection once a turn: all datagrams that were waiting are fed before streams are read, and
// everything to send leaves at the end.
//
// A datagram of an unknown connection costs no memory: a new peer is first sent a retry, and only one that answers it from its address gets a connection.

import type { DatagramReceiver, DatagramSocket, Peer } from '../../quic/datagram-socket.ts';
import type { Config, Header, Quiche } from '../../quic/quiche.ts';
import type { ClientRecord } from '../../streaming/clients.ts';
import type { OpenConnection } from '../listener.ts';
import type { TransportServices } from '../services.ts';
import { type ConnectionHost, QuicConnection } from './connection.ts';
import { connectionIdBytes, endpointOf, makeConnectionId } from './connection-ids.ts';
import { Deadlines } from './deadlines.ts';
import type { EndpointShare } from './endpoint-share.ts';
import type { QuicOptions } from './quic-options.ts';
import { RetryTokens } from './retry-token.ts';
import { ReplyBuffer } from './stream-output.ts';

const connectionIdBytesMax = 20;
const longHeader = 0x80;
// A client's first packets are padded to this, so that no answer is longer than what was asked (RFC 9000 §14.1).
const initialBytesMin = 1200;
const replyBytesMax = 1200;
const quicVersion = 1;

/** What an endpoint is given by those that it stands beside. */
export interface EndpointSurroundings {
  readonly refusedProtocols: { note(text: string): void };
  /** A client's certificate, DER, has been verified. */
  readonly signIn: (client: ClientRecord, certificate: Uint8Array) => void;
  readonly share: EndpointShare;
}

export class Endpoint implements ConnectionHost, DatagramReceiver {
  readonly services: TransportServices;
  readonly options: QuicOptions;
  readonly quiche: Quiche;
  readonly replyBuffer = new ReplyBuffer();
  #config: Config;
  readonly #surroundings: EndpointSurroundings;
  readonly #share: EndpointShare;
  readonly #tokens: RetryTokens;
  readonly #byId = new Map<string, QuicConnection>();
  readonly #open = new Set<QuicConnection>();
  readonly #waitingForRoom = new Set<QuicConnection>();
  readonly #deadlines: Deadlines;
  #touched: QuicConnection[] = [];
  #turnScheduled = false;
  #socket: DatagramSocket | undefined;
  #stopping = false;

  constructor(quiche: Quiche, options: QuicOptions, config: Config, services: TransportServices, surroundings: EndpointSurroundings) {
    this.quiche = quiche;
    this.options = options;
    this.services = services;
    this.#config = config;
    this.#surroundings = surroundings;
    this.#share = surroundings.share;
    this.#tokens = new RetryTokens(this.#share.retrySecret);
    this.#deadlines = new Deadlines(
      () => this.now(),
      () => this.turnEnded(),
    );
  }

  get listening(): boolean {
    return this.#socket !== undefined && !this.#stopping;
  }

  get connections(): ReadonlySet<OpenConnection> {
    return this.#open;
  }

  /** Connections that memory is held for, those under way to open or gone included. */
  get held(): number {
    return this.#byId.size;
  }

  get socket(): DatagramSocket {
    if (this.#socket === undefined) throw new Error('the endpoint has no socket');
    return this.#socket;
  }

  /** Connections that are made from now on get this one. */
  useConfig(config: Config): void {
    this.#config = config;
  }

  /** The socket that this is the receiver of. */
  attach(socket: DatagramSocket): void {
    this.#socket = socket;
  }

  /** Takes no new connections, and closes the socket once the last one has ended. */
  stop(): void {
    this.#stopping = true;
    for (const connection of this.#byId.values()) if (!this.#open.has(connection)) connection.destroy();
    this.#turn();
    this.#closeIfOver();
  }

  now(): number {
    return performance.now();
  }

  // Datagrams.

  datagram(bytes: Buffer, from: string): void {
    const known = this.#byId.get(connectionIdOf(bytes));
    if (known !== undefined) {
      // Migration is off: the address is part of the connection.
      if (known.peer.key !== from) return;
      known.datagram(bytes);
      this.touch(known);
      return;
    }
    const { endpoints, number } = this.#share;
    const endpoint = endpointOf(bytes, endpoints);
    if (endpoint !== number) this.#share.handOver(endpoint, bytes, from);
    else if (bytes.length >= initialBytesMin && ((bytes[0] as number) & longHeader) !== 0 && !this.#stopping) {
      this.#greet(bytes, from);
    }
  }

  turnEnded(): void {
    this.#turn();
  }

  writable(): void {
    const connections = [...this.#waitingForRoom];
    this.#waitingForRoom.clear();
    for (const connection of connections) this.touch(connection);
    this.#turn();
  }

  tooLong(peer: string): void {
    for (const connection of this.#byId.values()) if (connection.peer.key === peer) connection.tooLong();
  }

  // What connections ask and tell.

  touch(connection: QuicConnection): void {
    if (connection.touched) return;
    connection.touched = true;
    this.#touched.push(connection);
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    queueMicrotask(() => this.#turn());
  }

  waitForRoom(connection: QuicConnection): void {
    this.#waitingForRoom.add(connection);
  }

  rescheduled(connection: QuicConnection): void {
    this.#deadlines.update(connection);
  }

  signIn(client: ClientRecord, certificate: Uint8Array): void {
    this.#surroundings.signIn(client, certificate);
  }

  opened(connection: QuicConnection): void {
    this.#open.add(connection);
  }

  closed(connection: QuicConnection): void {
    this.#open.delete(connection);
    if (this.#stopping) setImmediate(() => this.#closeIfOver());
  }

  gone(connection: QuicConnection): void {
    this.#byId.delete(connection.id);
    this.#share.hold(this.#byId.size);
    this.#waitingForRoom.delete(connection);
    this.#deadlines.remove(connection);
  }

  refusedProtocol(peer: Peer): void {
    this.#surroundings.refusedProtocols.note(
      `QUIC client ${peer.host} refused: it offered no ALPN that is spoken here. Offer "iggy"; Iggy's Rust SDK and those built on it offer none over QUIC, use TCP with them`,
    );
  }

  #turn(): void {
    this.#turnScheduled = false;
    const socket = this.#socket;
    if (socket === undefined) return;
    while (this.#touched.length > 0) {
      const touched = this.#touched;
      this.#touched = [];
      // What is touched meanwhile is served within this turn.
      this.#turnScheduled = true;
      for (const connection of touched) connection.serve();
      this.#turnScheduled = false;
    }
    socket.flush();
  }

  #closeIfOver(): void {
    if (!this.#stopping || this.#open.size > 0 || this.#socket === undefined || this.#share.keepsSocket) return;
    this.#turn();
    this.#deadlines.close();
    this.#socket.close();
    this.#socket = undefined;
    this.#byId.clear();
  }

  /** A packet of a connection that is not known. Garbage is answered with nothing. */
  #greet(bytes: Buffer, from: string): void {
    try {
      if (bytes.readUInt32BE(1) !== quicVersion) {
        this.#negotiate(bytes, from);
        return;
      }
      const header = this.quiche.Header.fromSlice(bytes, connectionIdBytes);
      if (header.ty === this.quiche.Type.Initial) this.#meet(header, bytes, from);
    } catch (error) {
      this.services.log.trace({ err: error }, 'datagram is not QUIC');
    }
  }

  /** Of an unknown version only this much is known: version u32 at byte 1, then both connection ids, each after its length (RFC 8999 §5.1). */
  #negotiate(bytes: Buffer, from: string): void {
    const destinationEnd = 6 + bytes.readUInt8(5);
    const sourceEnd = destinationEnd + 1 + bytes.readUInt8(destinationEnd);
    const destination = bytes.subarray(6, destinationEnd);
    const source = bytes.subarray(destinationEnd + 1, sourceEnd);
    // Version 0 is version negotiation itself, which is never answered. The library takes ids of up to 20 bytes, as all versions so far have them.
    if (bytes.readUInt32BE(1) === 0 || source.length > connectionIdBytesMax || destination.length > connectionIdBytesMax) return;
    this.#reply(from, (room) => this.quiche.negotiateVersion(source, destination, room));
  }

  #meet(header: Header, bytes: Buffer, from: string): void {
    const nowMs = Date.now();
    if (header.token === undefined || header.token.length === 0) {
      const retryId = makeConnectionId(this.#share.next(), this.#share.endpoints);
      const token = this.#tokens.issue(header.dcid, retryId, from, nowMs);
      this.#reply(from, (room) => this.quiche.retry(header.scid, header.dcid, retryId, token, header.version, room));
      return;
    }
    if (header.dcid.length !== connectionIdBytes) return;
    const originalId = this.#tokens.check(header.token, header.dcid, from, nowMs);
    if (originalId === undefined) return;
    const { connectionsMax } = this.services.limits;
    if (this.#share.hold(this.#byId.size + 1) > connectionsMax || this.services.stopping()) {
      const held = this.#share.hold(this.#byId.size);
      this.services.refusedConnections.note(`quic connection refused: ${held} open, the limit is ${connectionsMax}`);
      return;
    }
    const peer = this.socket.peer(from);
    const local = { host: peer.host.includes(':') ? '::1' : '127.0.0.1', port: this.socket.port };
    const native = this.quiche.Connection.accept(header.dcid, originalId, local, { host: peer.host, port: peer.port }, this.#config);
    const id = Buffer.from(header.dcid).toString('latin1');
    const connection = new QuicConnection(this, native, id, peer, local);
    this.#byId.set(id, connection);
    connection.datagram(bytes);
    this.touch(connection);
  }

  #reply(from: string, write: (room: Buffer) => number): void {
    const room = this.socket.room(replyBytesMax);
    if (room !== undefined) this.socket.commit(write(room), this.socket.peer(from));
  }
}

/** The connection id that a datagram names, if it has our length; else something that is no connection's. */
function connectionIdOf(bytes: Buffer): string {
  const first = bytes[0] ?? 0;
  if ((first & longHeader) === 0) return bytes.toString('latin1', 1, 1 + connectionIdBytes);
  return bytes[5] === connectionIdBytes ? bytes.toString('latin1', 6, 6 + connectionIdBytes) : '';
}
