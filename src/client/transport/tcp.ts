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
    const onread: net.OnReadOpts = {
      buffer: () => events.room(),
      callback(length, room) {
        events.filled(room as Buffer, length);
        return true;
      },
    };
    const socket = secured === undefined ? net.connect({ host, port, onread }) : tls.connect({ host, port, ...nodeTlsOptions(secured) });
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
      // TLS has no such option as `onread`.
      if (secured !== undefined) socket.on('data', (chunk: Buffer) => events.received(chunk));
      socket.once('close', () => events.closed(failure));
      resolve(linkOf(socket));
    });
  });
}

// Requests up to this size are joined, so that those of a turn cost one piece of a write and not two each.
const joinedBytesMax = 16 * 1024;
const roomBytes = 64 * 1024;

function linkOf(socket: net.Socket): Link {
  let room = Buffer.allocUnsafeSlow(roomBytes);
  /** Joined requests lie in the room from `start` to `end`; what lies before it was given to the socket and may not change. */
  let start = 0;
  let end = 0;
  let corked = false;

  const writeJoined = () => {
    if (end > start) socket.write(room.subarray(start, end));
    start = end;
  };
  const join = (header: Uint8Array, body: Uint8Array) => {
    if (end + header.length + body.length > room.length) {
      writeJoined();
      room = Buffer.allocUnsafeSlow(roomBytes);
      start = 0;
      end = 0;
    }
    room.set(header, end);
    room.set(body, end + header.length);
    end += header.length + body.length;
  };
  const uncork = () => {
    corked = false;
    writeJoined();
    socket.uncork();
  };

  return {
    send(_number, header, body) {
      if (!corked) {
        corked = true;
        socket.cork();
        process.nextTick(uncork);
      }
      if (header.length + body.length <= joinedBytesMax) {
        join(header, body);
        return;
      }
      writeJoined();
      socket.write(header);
      socket.write(body);
    },
    destroy() {
      socket.destroy();
    },
  };
}
