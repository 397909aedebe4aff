// HTTP listener.

import type net from 'node:net';
import { formatAddress, type Listener, type OpenConnection } from '../listener.ts';
import type { TransportServices } from '../services.ts';
import { createHttpApp } from './app.ts';

export interface HttpOptions {
  host: string;
  port: number;
}

/** A socket, whatever it carries: node's own time-outs end those that stall. */
class HttpConnection implements OpenConnection {
  readonly #socket: net.Socket;

  constructor(socket: net.Socket) {
    this.#socket = socket;
  }

  stalled(): boolean {
    return false;
  }

  /** Idle ones are closed with the listener, others say so in their last reply. */
  stop(): void {}

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Opens the listener. Rejects with the system's error if the address cannot be bound. */
export async function listenHttp(options: HttpOptions, services: TransportServices): Promise<Listener> {
  const connections = new Set<HttpConnection>();
  const app = createHttpApp(services);
  const { server } = app;
  server.maxConnections = services.limits.connectionsMax;
  server.on('drop', () => services.refusedConnections.note(`http connection refused: the limit is ${services.limits.connectionsMax}`));
  server.on('connection', (socket: net.Socket) => {
    const connection = new HttpConnection(socket);
    connections.add(connection);
    socket.on('close', () => connections.delete(connection));
  });
  await app.listen({ host: options.host, port: options.port });
  const bound = server.address() as net.AddressInfo;
  return {
    address: formatAddress(bound.address, bound.port),
    connections,
    stopAccepting: () => void app.close(),
  };
}
