// WebSocket as browsers have it.

import type { Transport } from './transport.ts';
import { type StandardWebSocket, webSocketTransport } from './websocket.ts';

export interface BrowserWebSocketSettings {
  host: string;
  port: number;
  secure: boolean;
  /** Longest reply. */
  maxMessageBytes: number;
}

// Of the browser, and not among the types of Node 20.
declare const WebSocket: new (url: string) => StandardWebSocket;

export function browserWebSocketTransport(settings: BrowserWebSocketSettings): Transport {
  const { host, port, secure, maxMessageBytes } = settings;
  const url = `${secure ? 'wss' : 'ws'}://${host.includes(':') ? `[${host}]` : host}:${port}/`;
  return {
    ...webSocketTransport(() => new WebSocket(url), maxMessageBytes),
    address: { transport: 'websocket', host, port },
    to: (address) => browserWebSocketTransport({ ...settings, host: address.host, port: address.port }),
  };
}
