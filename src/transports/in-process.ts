// Connections without a socket, for clients in the server's own process.
//
// Bytes are copied once each way, as between a process and the kernel: neither side sees memory that the other one goes on using. Requests of a turn of the event loop arrive in
// the next one, so that a client which always has another request does not keep the loop from its other work; replies leave as the server writes them.

import type { ClientRecord } from '../streaming/clients.ts';
import { Connection, type Transport } from './connection.ts';
import type { Listener } from './listener.ts';
import type { TransportServices } from './services.ts';

/** The client's side, as the server sees it. */
export interface InProcessPeer {
  /** Bytes of replies, in order. The memory is the receiver's. */
  received(bytes: Buffer): void;
  /** No bytes follow. */
  closed(): void;
}

/** The server's side, as the client sees it. */
export interface InProcessLink {
  /** Queues bytes, which must not change until they have arrived. */
  send(bytes: Uint8Array): void;
  destroy(): void;
}

export interface InProcessListener extends Listener {
  /** `username`: the user who may log in without a password. Throws if the server stops or has too many connections. */
  open(peer: InProcessPeer, username: string | undefined): InProcessLink;
}

const address = 'in-process';

export function listenInProcess(services: TransportServices): InProcessListener {
  const connections = new Set<Connection>();
  let accepting = true;
  return {
    address,
    connections,
    get listening() {
      return accepting;
    },
    open(peer, username) {
      if (!accepting || services.stopping()) throw new Error('the server stops');
      const { connectionsMax } = services.limits;
      if (connections.size >= connectionsMax) throw new Error(`${connections.size} connections are open, the limit is ${connectionsMax}`);
      const client = services.connected(address, address);
      client.certificateUser = username;
      const pipe = new Pipe(client, services, peer, () => connections.delete(pipe.connection));
      connections.add(pipe.connection);
      return pipe;
    },
    stopAccepting() {
      accepting = false;
    },
  };
}

class Pipe implements Transport, InProcessLink {
  readonly connection: Connection;
  readonly writesAreMessages = false;
  readonly unsentBytes = 0;
  readonly #peer: InProcessPeer;
  readonly #onClosed: () => void;
  /** What the client sent and the server has not taken. */
  #pieces: Uint8Array[] = [];
  /** Bytes of the first piece that were taken. */
  #taken = 0;
  #paused = false;
  #scheduled = false;
  #closed = false;

  constructor(client: ClientRecord, services: TransportServices, peer: InProcessPeer, onClosed: () => void) {
    this.#peer = peer;
    this.#onClosed = onClosed;
    this.connection = new Connection(this, client, services);
  }

  send(bytes: Uint8Array): void {
    if (this.#closed || bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#schedule();
  }

  write(bytes: Buffer, sent: (() => void) | undefined): void {
    if (!this.#closed) this.#peer.received(Buffer.from(bytes));
    sent?.();
  }

  pauseReading(): void {
    this.#paused = true;
  }

  resumeReading(): void {
    this.#paused = false;
    this.#schedule();
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    // Whoever ends it is told of the end like everybody else: later.
    setImmediate(() => this.#close());
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    while (this.#pieces.length > 0 && !this.#paused && !this.#closed) {
      const room = this.connection.nextBuffer();
      this.connection.received(room, this.#fill(room));
    }
  }

  /** Takes as many bytes as fit; returns how many. */
  #fill(room: Buffer): number {
    let filled = 0;
    let taken = 0;
    while (filled < room.length && taken < this.#pieces.length) {
      const piece = this.#pieces[taken] as Uint8Array;
      const length = Math.min(room.length - filled, piece.length - this.#taken);
      room.set(piece.subarray(this.#taken, this.#taken + length), filled);
      filled += length;
      this.#taken += length;
      if (this.#taken < piece.length) break;
      this.#taken = 0;
      taken++;
    }
    this.#pieces.splice(0, taken);
    return filled;
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pieces = [];
    this.connection.closedByTransport();
    this.#onClosed();
    this.#peer.closed();
  }
}
