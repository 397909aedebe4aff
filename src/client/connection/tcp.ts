// TCP and TLS.

import net from 'node:net';
import tls from 'node:tls';
import type { Link, LinkEvents, OpenLink } from './transport.ts';

export interface TlsOptions {
  /** Certificate authorities in PEM form to trust instead of the system's. */
  ca?: string | Buffer;
  /** Name that the certificate must have, where it is not the host. */
  serverName?: string;
  /** False trusts any certificate: for tests alone. */
  rejectUnauthorized?: boolean;
}

export interface TcpAddress {
  host: string;
  port: number;
  noDelay: boolean;
  /** Undefined: plain TCP. */
  tls: TlsOptions | undefined;
}

export function tcpTransport(address: TcpAddress): OpenLink {
  return (events, signal) => open(address, events, signal);
}

function open(address: TcpAddress, events: LinkEvents, signal: AbortSignal): Promise<Link> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = dial(address);
    let failure: Error | undefined;
    const abort = () => socket.destroy(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    socket.setNoDelay(address.noDelay);
    socket.on('error', (error: Error) => {
      failure = error;
    });
    const failed = () => {
      signal.removeEventListener('abort', abort);
      reject(failure ?? new Error('the peer closed the connection while it was opened'));
    };
    socket.once('close', failed);
    socket.once(address.tls ? 'secureConnect' : 'connect', () => {
      signal.removeEventListener('abort', abort);
      socket.off('close', failed);
      socket.on('data', (chunk: Buffer) => events.received(chunk));
      socket.once('close', () => events.closed(failure));
      resolve(linkOf(socket));
    });
  });
}

function dial({ host, port, tls: options }: TcpAddress): net.Socket {
  if (options === undefined) return net.connect({ host, port });
  const name = options.serverName ?? host;
  return tls.connect({
    host,
    port,
    rejectUnauthorized: options.rejectUnauthorized ?? true,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    // Addresses have no place in SNI.
    ...(net.isIP(name) === 0 ? { servername: name } : {}),
    ...(options.serverName === undefined
      ? {}
      : { checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(name, certificate) }),
  });
}

function linkOf(socket: net.Socket): Link {
  let corked = false;
  return {
    write(bytes) {
      if (!corked) {
        corked = true;
        socket.cork();
        process.nextTick(() => {
          corked = false;
          socket.uncork();
        });
      }
      socket.write(bytes);
    },
    end() {
      socket.end();
    },
    destroy(error) {
      socket.destroy(error);
    },
  };
}
