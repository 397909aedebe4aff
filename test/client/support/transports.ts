// The transports of the client, each with how a server is set up for it and the connection string that leads there.

import path from 'node:path';
import type { ServerProcess } from '../../support/test-server.ts';

export interface ClientTransport {
  readonly name: string;
  /** Settings of the server. */
  readonly environment: Readonly<Record<string, string>>;
  /** With the certificate that the server made for itself in its data folder. */
  target(server: ServerProcess, dataPath: string): string;
}

const selfSigned = (dataPath: string) => `tls_ca_file=${path.join(dataPath, 'certificates/self-signed.pem')}`;
const hostAndPort = (url: string) => url.replace(/^wss?:\/\//, '');
// A server that vanishes is noticed quickly.
const watchful = 'keep_alive_interval=250&max_idle_timeout=1000';

export const clientTransports: readonly ClientTransport[] = [
  {
    name: 'QUIC',
    environment: {},
    target: ({ quicAddress }, dataPath) => `iggy+quic://iggy:iggy@${quicAddress}?${watchful}&${selfSigned(dataPath)}`,
  },
  {
    name: 'TCP',
    environment: {},
    target: ({ address }) => `iggy+tcp://iggy:iggy@${address}`,
  },
  {
    name: 'TLS',
    environment: { GALGO_TCP_TLS_ENABLED: 'true' },
    target: ({ address }, dataPath) => `iggy+tcp://iggy:iggy@${address}?tls=true&${selfSigned(dataPath)}`,
  },
  {
    name: 'WebSocket',
    environment: {},
    target: ({ websocketAddress }) => `iggy+ws://iggy:iggy@${hostAndPort(websocketAddress)}`,
  },
  {
    name: 'secure WebSocket',
    environment: { GALGO_WEBSOCKET_TLS_ENABLED: 'true' },
    target: ({ websocketAddress }, dataPath) => `iggy+wss://iggy:iggy@${hostAndPort(websocketAddress)}?${selfSigned(dataPath)}`,
  },
];
