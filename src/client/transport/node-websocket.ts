// WebSocket in Node, on `ws`.

import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type ClientOptions, WebSocket } from 'ws';
import { checkFingerprint, loadTls, nodeTlsOptions, type TlsOptions } from './tls.ts';
import type { Transport } from './transport.ts';
import { webSocketTransport } from './websocket.ts';

export interface WebSocketSettings {
  /** Longest reply. */
  maxMessageBytes: number;
  /** A request above it leaves as several WebSocket frames of one message. */
  maxFrameBytes: number;
}

export function nodeWebSocketTransport(
  host: string,
  port: number,
  tls: TlsOptions | undefined,
  { maxMessageBytes, maxFrameBytes }: WebSocketSettings,
): Transport {
  const url = `${tls === undefined ? 'ws' : 'wss'}://${isIPv6(host) ? `[${host}]` : host}:${port}/`;
  return webSocketTransport(async () => {
    const options: ClientOptions = { perMessageDeflate: false, maxPayload: maxMessageBytes };
    if (tls === undefined) return new CuttingWebSocket(url, options, maxFrameBytes);
    const loaded = await loadTls(tls, host);
    // The types of ws know `checkServerIdentity` in a form that Node never had.
    const socket = new CuttingWebSocket(url, { ...options, ...nodeTlsOptions(loaded) } as ClientOptions, maxFrameBytes);
    // The request to upgrade has left by now; the login has not.
    socket.once('upgrade', (response: IncomingMessage) => {
      try {
        checkFingerprint(loaded, (response.socket as TLSSocket).getPeerX509Certificate());
      } catch (error) {
        socket.emit('error', error as Error);
        socket.terminate();
      }
    });
    return socket;
  }, maxMessageBytes);
}

class CuttingWebSocket extends WebSocket {
  readonly #maxFrameBytes: number;

  constructor(url: string, options: ClientOptions, maxFrameBytes: number) {
    super(url, options);
    this.#maxFrameBytes = maxFrameBytes;
  }

  override send(message: Uint8Array): void {
    for (let at = 0; at < message.length; at += this.#maxFrameBytes) {
      const end = at + this.#maxFrameBytes;
      super.send(message.subarray(at, end), { binary: true, fin: end >= message.length });
    }
  }
}
