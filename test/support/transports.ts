// The transports that the same tests must hold on: how a server is set up for one, and how clients reach it.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type http from 'node:http';
import path from 'node:path';
import type tls from 'node:tls';
import { createWebSocketStream, WebSocket } from 'ws';
import type { Generation } from '../../src/protocol/command.ts';
import { QuicTestClient } from './quic-client.ts';
import { RawClient } from './raw-client.ts';
import { type ServerProcess, startServerProcess } from './test-server.ts';

export interface TestTransport {
  readonly name: string;
  /** What GetMe tells. */
  readonly code: number;
  readonly environment: Record<string, string>;
  /** `trusted` makes the server's self-signed certificate verify. */
  connect(server: ServerProcess, generation: Generation, trusted: () => tls.ConnectionOptions): Promise<RawClient>;
}

export const transports: readonly TestTransport[] = [
  {
    name: 'QUIC',
    code: 2,
    environment: {},
    connect: async (server, generation) => (await QuicTestClient.connect(server.quicAddress)).raw(generation),
  },
  {
    name: 'TCP',
    code: 1,
    environment: {},
    connect: (server, generation) => RawClient.connect(server.address, generation),
  },
  {
    name: 'TLS',
    code: 1,
    environment: { GALGO_TCP_TLS_ENABLED: 'true' },
    connect: (server, generation, trusted) => RawClient.connect(server.address, generation, { tls: trusted() }),
  },
  {
    name: 'WebSocket',
    code: 4,
    environment: {},
    connect: (server, generation) => connectWebSocket(server.websocketAddress, generation),
  },
  {
    name: 'secure WebSocket',
    code: 4,
    environment: { GALGO_WEBSOCKET_TLS_ENABLED: 'true' },
    connect: (server, generation, trusted) => connectWebSocket(server.websocketAddress, generation, trusted()),
  },
];

export interface TransportServer {
  readonly process: ServerProcess;
  connect(generation: Generation): Promise<RawClient>;
}

/** Starts a server for a transport, with a self-signed certificate where it takes one. */
export async function startServerOn(transport: TestTransport, dataPath: string): Promise<TransportServer> {
  const process = await startServerProcess(dataPath, transport.environment);
  const trusted = () => ({ ca: readFileSync(path.join(dataPath, 'certificates/self-signed.pem')), servername: 'localhost' });
  return { process, connect: (generation) => transport.connect(process, generation, trusted) };
}

/** A client whose every write is one binary message. */
export async function connectWebSocket(url: string, generation: Generation, options: tls.ConnectionOptions = {}): Promise<RawClient> {
  const websocket = new WebSocket(`${url}/any/path`, { perMessageDeflate: false, ...options });
  let localPort: number | undefined;
  websocket.once('upgrade', ({ socket }: http.IncomingMessage) => {
    localPort = socket.localPort;
  });
  await once(websocket, 'open');
  return RawClient.over(Object.assign(createWebSocketStream(websocket), { localPort }), generation);
}
