// TCP listener, plain or TLS.
//
// Plain sockets read into memory that the connection names (its frame's own buffer for large frames): an accepted socket is wrapped again with Node's `onread` option, which needs
// its handle. Whether this Node allows that is tried once at start on a real loopback socket; if not, and for TLS, ordinary `data` events serve. Where there are worker threads
// plain sockets are theirs: accepted here, where all of them are counted, and dealt out.

import net from 'node:net';
import tls from 'node:tls';
import { signInByCertificate } from './client-certificates.ts';
import type { Connection } from './connection.ts';
import { formatAddress, type Listener, type OpenConnection } from './listener.ts';
import type { TransportServices } from './services.ts';
import { handleRewrapWorks, rewrap } from './socket-rewrap.ts';
import { connectSocket } from './tcp-connection.ts';
import { followCertificate, peerCertificate, type TlsListenerOptions, tlsServerOptions } from './tls-server.ts';

export interface TcpOptions {
  host: string;
  port: number;
  tls: TlsListenerOptions | undefined;
}

const tlsHandshakeTimeoutMs = 10_000;

/** Has connections served by other threads. */
export interface ConnectionTaker {
  /** Takes an accepted, paused socket; `ended` is called when its connection has ended. Undefined: it cannot, and nothing happened. */
  take(socket: net.Socket, address: string, ended: () => void): OpenConnection | undefined;
}

/** Opens the listener. Rejects with the system's error if the address cannot be bound. `taker` gets plain connections. */
export async function listenTcp(options: TcpOptions, services: TransportServices, taker?: ConnectionTaker): Promise<Listener> {
  const connections = new Set<OpenConnection>();

  const refuse = (socket: net.Socket): boolean => {
    if (connections.size < services.limits.connectionsMax && !services.stopping()) return false;
    services.refusedConnections.note(`tcp connection refused: ${connections.size} open, the limit is ${services.limits.connectionsMax}`);
    socket.destroy();
    return true;
  };

  const addressOf = (socket: net.Socket): string => formatAddress(socket.remoteAddress ?? '', socket.remotePort ?? 0);

  const acceptWithEvents = (socket: net.Socket): void => {
    if (refuse(socket)) return;
    const certificate = socket instanceof tls.TLSSocket ? peerCertificate(socket) : undefined;
    if (certificate === 'refused') {
      services.refusedConnections.note('tcp connection refused: the client’s certificate does not verify');
      socket.destroy();
      return;
    }
    const connection = connectSocket(socket, services.connected('tcp', addressOf(socket)), connections, services);
    if (certificate !== undefined) signInByCertificate(services, connection.client, certificate);
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
    connection = connectSocket(socket, services.connected('tcp', addressOf(socket)), connections, services);
    socket.resume();
  };

  const acceptHere = options.tls || !(await handleRewrapWorks()) ? acceptWithEvents : acceptWithOwnBuffers;

  const acceptForOthers = (socket: net.Socket): void => {
    if (refuse(socket)) return;
    const taken = taker?.take(socket, addressOf(socket), () => taken && connections.delete(taken));
    if (taken === undefined) acceptHere(socket);
    else connections.add(taken);
  };

  const server = options.tls
    ? tls.createServer({ ...tlsServerOptions(options.tls, tlsHandshakeTimeoutMs), pauseOnConnect: true }, acceptWithEvents)
    : net.createServer({ pauseOnConnect: true }, taker === undefined ? acceptHere : acceptForOthers);
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
