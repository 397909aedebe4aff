// TCP and TLS.

import net from 'node:net';
import tls from 'node:tls';
import { checkFingerprint, type LoadedTls, loadTls, nodeTlsOptions, type TlsOptions } from './tls.ts';
import type { Link, LinkEvents, Transport } from './transport.ts';

export interface TcpSettings {
  host: string;
  port: number;
  noDelay: boolean;
  /** Undefined: plain TCP. */
  tls: TlsOptions | undefined;
}

export function tcpTransport(settings: TcpSettings): Transport {
  return {
    ordered: true,
    async open(events, signal) {
      const secured = settings.tls && (await loadTls(settings.tls, settings.host));
      return open(settings, secured, events, signal);
    },
  };
}

function open(
  { host, port, noDelay }: TcpSettings,
  secured: LoadedTls | undefined,
  events: LinkEvents,
  signal: AbortSignal,
): Promise<Link> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = secured === undefined ? net.connect({ host, port }) : tls.connect({ host, port, ...nodeTlsOptions(secured) });
    let failure: Error | undefined;
    const abort = () => socket.destroy(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    socket.setNoDelay(noDelay);
    socket.on('error', (error: Error) => {
      failure = error;
    });
    const failed = () => {
      signal.removeEventListener('abort', abort);
      reject(failure ?? new Error('the peer closed the connection while it was opened'));
    };
    socket.once('close', failed);
    socket.once(secured === undefined ? 'connect' : 'secureConnect', () => {
      try {
        if (secured !== undefined) checkFingerprint(secured, (socket as tls.TLSSocket).getPeerX509Certificate());
      } catch (error) {
        socket.destroy(error as Error);
        return;
      }
      signal.removeEventListener('abort', abort);
      socket.off('close', failed);
      socket.on('data', (chunk: Buffer) => events.received(chunk));
      socket.once('close', () => events.closed(failure));
      resolve(linkOf(socket));
    });
  });
}

function linkOf(socket: net.Socket): Link {
  let corked = false;
  return {
    send(_number, header, body) {
      if (!corked) {
        corked = true;
        socket.cork();
        process.nextTick(() => {
          corked = false;
          socket.uncork();
        });
      }
      socket.write(header);
      if (body.length > 0) socket.write(body);
    },
    destroy() {
      socket.destroy();
    },
  };
}
