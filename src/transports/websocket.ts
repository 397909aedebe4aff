// WebSocket listener, plain or over TLS: any path, no subprotocol, no compression.

import http from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { WebSocketServer } from 'ws';
import { signInByCertificate } from './client-certificates.ts';
import { formatAddress, type Listener } from './listener.ts';
import type { TransportServices } from './services.ts';
import { followCertificate, peerCertificate, type TlsListenerOptions, tlsServerOptions } from './tls-server.ts';
import { WebSocketPeer } from './websocket-peer.ts';

export interface WebSocketOptions {
  host: string;
  port: number;
  /** Origins of web pages that may connect. What sends no origin is no browser and may. */
  allowedOrigins: 'any' | readonly string[];
  /** Largest message that is taken. */
  messageBytesMax: number;
  /** For TLS, and then again for the request to upgrade. */
  handshakeTimeoutMs: number;
  tls: TlsListenerOptions | undefined;
}

const requestHeadBytesMax = 8 * 1024;
const timeoutCheckEveryMs = 1_000;
const closeTimeoutMs = 10_000;

/** Opens the listener. Rejects with the system's error if the address cannot be bound. */
export async function listenWebSocket(options: WebSocketOptions, services: TransportServices): Promise<Listener> {
  const peers = new Set<WebSocketPeer>();
  const { handshakeTimeoutMs } = options;
  const upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    handleProtocols: () => false,
    maxPayload: options.messageBytesMax,
    closeTimeout: closeTimeoutMs,
    skipUTF8Validation: true,
  } as ConstructorParameters<typeof WebSocketServer>[0]);

  const httpOptions: http.ServerOptions = {
    maxHeaderSize: requestHeadBytesMax,
    headersTimeout: handshakeTimeoutMs,
    requestTimeout: handshakeTimeoutMs,
    connectionsCheckingInterval: Math.min(timeoutCheckEveryMs, handshakeTimeoutMs),
  };
  const server = options.tls
    ? https.createServer({ ...httpOptions, ...tlsServerOptions(options.tls, handshakeTimeoutMs) })
    : http.createServer(httpOptions);
  if (options.tls && server instanceof https.Server) followCertificate(server, options.tls.certificate);

  // Those that have not come to their upgrade yet count too.
  server.maxConnections = services.limits.connectionsMax;
  server.on('drop', () => services.refusedConnections.note(`websocket connection refused: the limit is ${services.limits.connectionsMax}`));
  server.on('tlsClientError', (error: Error) => services.log.debug({ err: error }, 'TLS handshake failed'));
  server.on('request', (_request, response) => {
    response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end();
  });
  server.on('upgrade', (request: http.IncomingMessage, duplex: Duplex, head: Buffer) => {
    const socket = duplex as net.Socket;
    const { origin } = request.headers;
    const certificate = socket instanceof TLSSocket ? peerCertificate(socket) : undefined;
    if (services.stopping()) refuse(socket, 503);
    else if (certificate === 'refused' || !isAllowed(origin, options.allowedOrigins)) {
      services.refusedConnections.note(
        certificate === 'refused'
          ? 'websocket connection refused: the client’s certificate does not verify'
          : `websocket connection refused: the origin ${JSON.stringify(origin)} is not among websocket.allowed_origins`,
      );
      refuse(socket, 403);
    } else {
      upgrader.handleUpgrade(request, socket, head, (websocket) => {
        const address = formatAddress(socket.remoteAddress ?? '', socket.remotePort ?? 0);
        const client = services.connected('websocket', address);
        if (certificate !== undefined) signInByCertificate(services, client, certificate);
        const peer = new WebSocketPeer(websocket, socket, client, services);
        peers.add(peer);
        socket.on('close', () => peers.delete(peer));
      });
    }
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => services.log.error({ err: error }, 'WebSocket listener'));

  const bound = server.address() as net.AddressInfo;
  return {
    address: formatAddress(bound.address, bound.port),
    connections: peers,
    get listening() {
      return server.listening;
    },
    stopAccepting: () => {
      server.close();
      // Those that are upgraded are no longer the HTTP server's.
      server.closeAllConnections();
    },
  };
}

function isAllowed(origin: string | undefined, allowed: 'any' | readonly string[]): boolean {
  return origin === undefined || allowed === 'any' || allowed.includes(origin);
}

function refuse(socket: net.Socket, status: number): void {
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}
