// HTTP listener: HTTP/1.1, and over TLS also HTTP/2 for those who offer it.

import type https from 'node:https';
import type net from 'node:net';
import { TLSSocket } from 'node:tls';
import type { TransportTraffic } from '../../observability/transport-traffic.ts';
import { Writer } from '../../protocol/writer.ts';
import { formatAddress, type Listener, type OpenConnection } from '../listener.ts';
import type { ControlServices } from '../services.ts';
import { followCertificate, peerCertificate, type TlsListenerOptions, tlsServerOptions } from '../tls-server.ts';
import { createHttpApp, type HttpAppOptions } from './app.ts';
import type { HealthChecks, HttpServices, MetricsEndpoint } from './application/http-app.ts';
import { AccessTokens, type JwtSettings } from './auth/access-tokens.ts';
import { LoginThrottle } from './auth/login-throttle.ts';
import { ByteBudget } from './request/byte-budget.ts';

export interface HttpOptions extends HttpAppOptions {
  readonly host: string;
  readonly port: number;
  readonly jwt: JwtSettings;
  readonly loginFailuresMax: number;
  readonly tailsMax: number;
  readonly metrics: MetricsEndpoint | undefined;
  readonly health: HealthChecks;
  readonly tls: TlsListenerOptions | undefined;
}

const headBytesMax = 16 * 1024;
const headTimeoutMs = 10_000;
const requestTimeoutMs = 60_000;
const keepAliveTimeoutMs = 72_000;
const timeoutCheckEveryMs = 1_000;
const tlsHandshakeTimeoutMs = 10_000;
const http2StreamsMax = 128;

/** A socket, whatever it carries. */
class HttpConnection implements OpenConnection {
  readonly #socket: net.Socket;

  readonly #traffic: TransportTraffic;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(socket: net.Socket, traffic: TransportTraffic) {
    this.#socket = socket;
    this.#traffic = traffic;
    traffic.connectionsOpened++;
  }

  /** Counts what came and went since this was called before. */
  countTraffic(): void {
    const { bytesRead, bytesWritten } = this.#socket;
    this.#traffic.bytesIn += bytesRead - this.#bytesIn;
    this.#traffic.bytesOut += bytesWritten - this.#bytesOut;
    this.#bytesIn = bytesRead;
    this.#bytesOut = bytesWritten;
  }

  /** The HTTP server's own time-outs end those that stall. */
  stalled(): boolean {
    return false;
  }

  /** Idle ones are closed with the listener, others say in their last reply that they end. */
  stop(): void {}

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Opens the listener. Rejects with the system's error if the address cannot be bound, or if the secrets of access tokens do not serve. */
export async function listenHttp(options: HttpOptions, services: ControlServices): Promise<Listener> {
  const connections = new Set<HttpConnection>();
  const { clock, limits, system } = services;
  const nowMs = () => clock.nowMs();
  const httpServices: HttpServices = {
    ...services,
    accessTokens: new AccessTokens(system, options.jwt),
    loginThrottle: new LoginThrottle(options.loginFailuresMax, nowMs),
    replyBytes: new ByteBudget(limits.receiveBytesMax),
    tailsMax: options.tailsMax,
    pollWriter: new Writer(),
    metrics: options.metrics,
    health: options.health,
  };
  const app = await createHttpApp(options, httpServices, serverOptions(options.tls));
  // An HTTP, HTTPS or HTTP/2 server: what is used here all of them have.
  const server = app.server as unknown as https.Server;
  server.headersTimeout = headTimeoutMs;
  server.requestTimeout = requestTimeoutMs;
  server.maxConnections = limits.connectionsMax;
  server.on('drop', () => services.refusedConnections.note(`http connection refused: the limit is ${limits.connectionsMax}`));
  server.on('connection', (socket: net.Socket) => {
    const connection = new HttpConnection(socket, services.traffic.http);
    connections.add(connection);
    socket.on('close', () => {
      connection.countTraffic();
      connections.delete(connection);
    });
  });
  if (options.tls !== undefined) {
    followCertificate(server, options.tls.certificate);
    server.on('tlsClientError', (error: Error) => services.log.debug({ err: error }, 'TLS handshake failed'));
    server.on('secureConnection', (socket: net.Socket) => {
      if (!(socket instanceof TLSSocket) || peerCertificate(socket) !== 'refused') return;
      services.refusedConnections.note('http connection refused: the client’s certificate does not verify');
      socket.destroy();
    });
  }
  await app.listen({ host: options.host, port: options.port });
  const bound = server.address() as net.AddressInfo;
  return {
    address: formatAddress(bound.address, bound.port),
    connections,
    countTraffic() {
      for (const connection of connections) connection.countTraffic();
    },
    get listening() {
      return server.listening;
    },
    stopAccepting: () => void app.close(),
  };
}

function serverOptions(tls: TlsListenerOptions | undefined): object {
  const http = { maxHeaderSize: headBytesMax, connectionsCheckingInterval: timeoutCheckEveryMs };
  const common = { keepAliveTimeout: keepAliveTimeoutMs };
  if (tls === undefined) return { ...common, http };
  return {
    ...common,
    http2: true,
    https: {
      ...http,
      ...tlsServerOptions(tls, tlsHandshakeTimeoutMs),
      allowHTTP1: true,
      settings: { maxConcurrentStreams: http2StreamsMax },
    },
  };
}
