// TCP listener, plain or TLS.
//
// Plain sockets read into memory that the connection names (its frame's own buffer for large frames): an accepted socket is wrapped again with Node's `onread` option, which needs
// its handle. Whether this Node allows that is tried once at start on a real loopback socket; if not, and for TLS, ordinary `data` events serve.

import net from 'node:net';
import tls from 'node:tls';
import { signInByCertificate } from './client-certificates.ts';
import { Connection, type Transport } from './connection.ts';
import { formatAddress, type Listener } from './listener.ts';
import type { TransportServices } from './services.ts';
import { handleRewrapWorks, rewrap } from './socket-rewrap.ts';
import { followCertificate, peerCertificate, type TlsListenerOptions, tlsServerOptions } from './tls-server.ts';

export interface TcpOptions {
  host: string;
  port: number;
  tls: TlsListenerOptions | undefined;
}

const tlsHandshakeTimeoutMs = 10_000;

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

/** Opens the listener. Rejects with the system's error if the address cannot be bound. */
export async function listenTcp(options: TcpOptions, services: TransportServices): Promise<Listener> {
  const connections = new Set<Connection>();

  const adopt = (socket: net.Socket, connection: Connection): void => {
    connections.add(connection);
    socket.on('drain', () => connection.drained());
    socket.on('error', (error) => services.log.debug({ client: connection.client.id, err: error }, 'socket error'));
    socket.on('close', () => {
      connections.delete(connection);
      connection.closedByTransport();
    });
  };

  const refuse = (socket: net.Socket): boolean => {
    if (connections.size < services.limits.connectionsMax && !services.stopping()) return false;
    services.refusedConnections.note(`tcp connection refused: ${connections.size} open, the limit is ${services.limits.connectionsMax}`);
    socket.destroy();
    return true;
  };

  const newConnection = (socket: net.Socket): Connection => {
    const address = formatAddress(socket.remoteAddress ?? '', socket.remotePort ?? 0);
    return new Connection(new SocketTransport(socket), services.connected('tcp', address), services);
  };

  const acceptWithEvents = (socket: net.Socket): void => {
    if (refuse(socket)) return;
    const certificate = socket instanceof tls.TLSSocket ? peerCertificate(socket) : undefined;
    if (certificate === 'refused') {
      services.refusedConnections.note('tcp connection refused: the client’s certificate does not verify');
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    const connection = newConnection(socket);
    if (certificate !== undefined) signInByCertificate(services, connection.client, certificate);
    adopt(socket, connection);
    socket.on('data', (chunk) => connection.received(chunk as Buffer, chunk.length));
    socket.resume();
  };

  const acceptWithOwnBuffers = (accepted: net.Socket): void => {
    if (refuse(accepted)) return;
    let connection: Connection | undefined;
    const socket = rewrap(accepted, {
      buffer: () => connection?.nextBuffer() ?? services.receiveBuffers.shared,
      callback: (length, bytes) => {
        connection?.received(bytes as Buffer, length);
        return true;
      },
    });
    socket.setNoDelay(true);
    connection = newConnection(socket);
    adopt(socket, connection);
    socket.resume();
  };

  const server = options.tls
    ? tls.createServer({ ...tlsServerOptions(options.tls, tlsHandshakeTimeoutMs), pauseOnConnect: true }, acceptWithEvents)
    : net.createServer({ pauseOnConnect: true }, (await handleRewrapWorks()) ? acceptWithOwnBuffers : acceptWithEvents);
  if (options.tls && server instanceof tls.Server) {
    followCertificate(server, options.tls.certificate);
    // Handshakes under way are connections too.
    server.maxConnections = services.limits.connectionsMax;
    server.on('tlsClientError', (error) => services.log.debug({ err: error }, 'TLS handshake failed'));
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => services.log.error({ err: error }, 'TCP listener'));

  const bound = server.address() as net.AddressInfo;
  return {
    address: formatAddress(bound.address, bound.port),
    connections,
    get listening() {
      return server.listening;
    },
    stopAccepting: () => server.close(),
  };
}
