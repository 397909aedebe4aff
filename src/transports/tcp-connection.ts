// A TCP socket, plain or TLS, as what carries a connection.

import net from 'node:net';
import type { ClientRecord } from '../streaming/clients.ts';
import { Connection, type Transport } from './connection.ts';
import type { OpenConnection } from './listener.ts';
import type { MovingConnection } from './moving-connection.ts';
import type { TransportServices } from './services.ts';

class SocketTransport implements Transport {
  readonly writesAreMessages = false;
  readonly #socket: net.Socket;

  constructor(socket: net.Socket) {
    this.#socket = socket;
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Buffer, sent: (() => void) | undefined): void {
    if (sent === undefined) this.#socket.write(bytes);
    else this.#socket.write(bytes, sent);
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
    // A peer that neither reads nor closes would keep the socket for ever.
    this.#socket.setTimeout(1_000, () => this.#socket.destroy());
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** The connection of a socket, which is in `connections` until the socket closes. Whoever calls hands it what is received. */
export function connectSocket(
  socket: net.Socket,
  client: ClientRecord,
  connections: Set<OpenConnection>,
  services: TransportServices,
  moved?: MovingConnection,
): Connection {
  socket.setNoDelay(true);
  const connection = new Connection(new SocketTransport(socket), client, services, moved);
  connections.add(connection);
  socket.on('drain', () => connection.drained());
  socket.on('error', (error) => services.log.debug({ client: client.id, err: error }, 'socket error'));
  socket.on('close', () => {
    connections.delete(connection);
    connection.closedByTransport();
  });
  return connection;
}

/** A connection whose socket was made of a descriptor. */
export interface DescriptorConnection {
  readonly connection: Connection;
  /** Of the socket; undefined if it has none any more. */
  descriptor(): number | undefined;
}

/**
 * Serves a socket that another thread accepted, or served until now (`moved`), and whose descriptor is this thread's. It reads into memory that the connection
 * names.
 */
export function connectDescriptor(
  fd: number,
  client: ClientRecord,
  connections: Set<OpenConnection>,
  services: TransportServices,
  moved?: MovingConnection,
): DescriptorConnection {
  let connection: Connection | undefined;
  const onread: net.OnReadOpts = {
    buffer: () => connection?.nextBuffer() ?? services.receiveBuffers.shared,
    callback: (length, bytes) => {
      connection?.received(bytes as Buffer, length);
      return true;
    },
  };
  const options: net.SocketConstructorOpts & { onread: net.OnReadOpts } = { fd, readable: true, writable: true, onread };
  const socket = new net.Socket(options);
  connection = connectSocket(socket, client, connections, services, moved);
  if (moved?.kept !== undefined) connection.arrived(Buffer.from(moved.kept.buffer));
  return {
    connection,
    descriptor() {
      const { _handle: handle } = socket as unknown as { _handle?: { fd?: number } | null };
      return socket.destroyed || socket.readableEnded || handle?.fd === undefined || handle.fd < 0 ? undefined : handle.fd;
    },
  };
}
