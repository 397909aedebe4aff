// The one place where a transport is chosen. What only some programs need is loaded when it is first used.

import type { WebSocketSettings } from './node-websocket.ts';
import type { QuicSettings } from './quic-settings.ts';
import { tcpTransport } from './tcp.ts';
import type { TlsOptions } from './tls.ts';
import type { Transport, TransportName } from './transport.ts';

export interface TransportSettings {
  transport: TransportName;
  host: string;
  port: number;
  noDelay: boolean;
  /** Undefined: none; QUIC always has it. */
  tls: TlsOptions | undefined;
  websocket: WebSocketSettings;
  quic: QuicSettings;
}

export function createTransport(settings: TransportSettings): Transport {
  const { transport, host, port } = settings;
  return {
    ...openerOf(settings),
    address: { transport, host, port },
    to: (address) => createTransport({ ...settings, ...address }),
  };
}

function openerOf(settings: TransportSettings): Transport {
  const { transport, host, port, tls, websocket, quic } = settings;
  switch (transport) {
    case 'tcp':
      return tcpTransport(settings);
    case 'websocket':
      return loadedLater(true, async () => {
        const { nodeWebSocketTransport } = await import('./node-websocket.ts');
        return nodeWebSocketTransport(host, port, tls, websocket);
      });
    case 'quic':
      return loadedLater(false, async () => {
        const { quicTransport } = await import('./quic-transport.ts');
        return quicTransport(host, port, tls ?? {}, quic);
      });
  }
}

function loadedLater(ordered: boolean, load: () => Promise<Transport>): Transport {
  let loaded: Promise<Transport> | undefined;
  return {
    ordered,
    async open(events, signal) {
      loaded ??= load();
      return (await loaded).open(events, signal);
    },
  };
}
