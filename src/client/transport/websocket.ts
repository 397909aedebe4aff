// WebSocket: a request is one binary message. Written against the interface that browsers and Node's `ws` share, so that either can carry it.

import type { Link, LinkEvents, Transport } from './transport.ts';

/** What is used of a WebSocket (WHATWG). */
export interface StandardWebSocket {
  binaryType: string;
  addEventListener(type: 'open', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'error', listener: (event: { message?: string }) => void): void;
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void;
  send(message: Uint8Array): void;
  close(): void;
  /** Closes without the closing handshake; browsers cannot. */
  terminate?(): void;
}

const normalClosure = 1000;

/** `begin` makes a socket that is about to connect. A reply above the limit ends the link, where the socket itself has no such limit. */
export function webSocketTransport(begin: () => StandardWebSocket | Promise<StandardWebSocket>, maxMessageBytes: number): Transport {
  return {
    ordered: true,
    async open(events, signal) {
      const socket = await begin();
      return open(socket, maxMessageBytes, events, signal);
    },
  };
}

function open(socket: StandardWebSocket, maxMessageBytes: number, events: LinkEvents, signal: AbortSignal): Promise<Link> {
  return new Promise((resolve, reject) => {
    socket.binaryType = 'arraybuffer';
    let failure: Error | undefined;
    let opened = false;
    const end = () => {
      if (socket.terminate !== undefined) socket.terminate();
      else socket.close();
    };
    const abort = () => {
      failure ??= signal.reason;
      end();
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.addEventListener('error', ({ message }) => {
      failure ??= new Error(message ?? 'the WebSocket failed');
    });
    socket.addEventListener('close', ({ code, reason }) => {
      signal.removeEventListener('abort', abort);
      if (code !== normalClosure) failure ??= new Error(`the WebSocket was closed with code ${code}${reason === '' ? '' : `: ${reason}`}`);
      if (opened) events.closed(failure);
      else reject(failure ?? new Error('the peer closed the WebSocket while it was opened'));
    });
    socket.addEventListener('message', ({ data }) => {
      if (data instanceof ArrayBuffer && data.byteLength <= maxMessageBytes) {
        events.received(Buffer.from(data));
        return;
      }
      failure ??= new Error(data instanceof ArrayBuffer ? `the server sent a message of ${data.byteLength} bytes` : 'the server sent text');
      end();
    });
    socket.addEventListener('open', () => {
      signal.removeEventListener('abort', abort);
      opened = true;
      resolve({
        send: (_number, header, body) => socket.send(body.length === 0 ? header : Buffer.concat([header, body])),
        destroy: end,
      });
    });
    if (signal.aborted) abort();
  });
}
