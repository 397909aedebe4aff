// The least that a QUIC client and a server of one connection can be on this library and this UDP socket: no retry, no limits, no timers. What they reach is the floor for what is built on
// the same two.

import { randomBytes } from 'node:crypto';
import quiche from '@matrixai/quic/native/quiche.js';
import type { Config, Connection } from '@matrixai/quic/native/types.js';
import type { DatagramReceiver, DatagramSocket, Peer } from '../../src/quic/datagram-socket.ts';
import { nativeUdp, openUdp } from '../../src/quic/open-udp.ts';
import type { PemPair } from '../../test/support/certificates.ts';
import { configureBare } from './bare-config.ts';

const datagramBytes = 1350;
const windowBytes = 16 * 1024 * 1024;
const streamStep = 4;
const idBytes = 16;
const host = '127.0.0.1';

/** One connection on one socket. `serve` is called after each turn of datagrams, and flushes. */
class BareEndpoint implements DatagramReceiver {
  socket: DatagramSocket | undefined;
  connection: Connection | undefined;
  peer: Peer | undefined;
  readonly #accept: (peer: Peer, local: DatagramSocket) => Connection;
  readonly #serve: () => void;
  #way = { from: { host, port: 0 }, to: { host, port: 0 } };

  constructor(accept: (peer: Peer, local: DatagramSocket) => Connection, serve: () => void) {
    this.#accept = accept;
    this.#serve = serve;
  }

  async open(): Promise<DatagramSocket> {
    this.socket = await openUdp(nativeUdp(), { host, port: 0, bufferBytes: 4 * 1024 * 1024 }, this);
    return this.socket;
  }

  begin(connection: Connection, peer: Peer, socket: DatagramSocket): void {
    this.connection = connection;
    this.peer = peer;
    this.#way = { from: { host: peer.host, port: peer.port }, to: { host, port: socket.port } };
  }

  datagram(bytes: Buffer, from: string): void {
    const socket = this.socket as DatagramSocket;
    // A client that comes after the first one's end takes its place.
    if (from !== this.peer?.key && socket.peer(from).port !== this.peer?.port) {
      const peer = socket.peer(from);
      this.begin(this.#accept(peer, socket), peer, socket);
    }
    this.connection?.recv(bytes, this.#way);
  }

  turnEnded(): void {
    this.#serve();
  }

  writable(): void {
    this.flush();
  }

  flush(): void {
    const { socket, connection, peer } = this;
    if (socket === undefined || connection === undefined || peer === undefined) return;
    for (let room = socket.room(datagramBytes); room !== undefined; room = socket.room(datagramBytes)) {
      const sent = connection.send(room);
      if (sent === null) break;
      socket.commit(sent[0], peer);
    }
    socket.flush();
  }
}

/** Answers every request, each a stream of its own opened in order, with the same reply. Resolves to the address; ends with the process. */
export async function startBareServer(pair: PemPair, reply: Buffer): Promise<string> {
  const chunk = Buffer.allocUnsafe(65_536);
  let next = 0;
  const endpoint = new BareEndpoint(
    (peer, socket) => {
      next = 0;
      const config = quiche.Config.withBoringSslCtx(
        false,
        false,
        undefined,
        [Buffer.from(pair.key)],
        [Buffer.from(pair.certificate)],
        undefined,
      );
      return quiche.Connection.accept(randomBytes(idBytes), undefined, { host, port: socket.port }, peer, configured(config));
    },
    () => {
      const { connection } = endpoint;
      while (connection?.streamReadable(next)) {
        if (!connection.streamRecv(next, chunk)?.[1]) break;
        connection.streamSend(next, reply, true);
        next += streamStep;
      }
      endpoint.flush();
    },
  );
  const socket = await endpoint.open();
  return `${host}:${socket.port}`;
}

/** Connects; resolves to a call that sends a request on a stream of its own and resolves to the reply. */
export async function connectBare(port: number): Promise<(request: Uint8Array) => Promise<Buffer>> {
  const chunk = Buffer.allocUnsafe(65_536);
  let stream = 0;
  let answered: ((reply: Buffer) => void) | undefined;
  let established: () => void = () => undefined;
  const endpoint = new BareEndpoint(
    () => {
      throw new Error('a datagram from elsewhere');
    },
    () => {
      const { connection } = endpoint;
      // Behind whoever waited for the reply: the next request leaves in the packet of the acknowledgement.
      setImmediate(() => endpoint.flush());
      if (connection?.isEstablished()) established();
      const received = connection?.streamReadable(stream) ? connection.streamRecv(stream, chunk) : null;
      if (!received?.[1]) return;
      stream += streamStep;
      answered?.(Buffer.from(chunk.subarray(0, received[0])));
    },
  );
  const socket = await endpoint.open();
  const peer = socket.peerAt(host, port);
  const handshake = new Promise<void>((resolve) => {
    established = resolve;
  });
  endpoint.begin(
    quiche.Connection.connect('localhost', randomBytes(idBytes), { host, port: socket.port }, peer, configured(new quiche.Config())),
    peer,
    socket,
  );
  endpoint.flush();
  await handshake;
  return (request) =>
    new Promise((resolve) => {
      answered = resolve;
      endpoint.connection?.streamSend(stream, request, true);
      endpoint.flush();
    });
}

function configured(config: Config): Config {
  return configureBare(config, datagramBytes, windowBytes, 1_000);
}
