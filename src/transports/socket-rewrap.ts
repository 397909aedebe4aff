// Reading into caller-supplied buffers on accepted sockets.
//
// `onread` is a documented option of `new net.Socket`, but a server's sockets are made by Node without it. The handle of an accepted socket can be moved into a socket made with it;
// that a handle may be passed is not documented, so the caller tests it once and falls back to `data` events.

import net from 'node:net';

type Handle = { close(): void };

interface SocketWithHandle {
  _handle: Handle | null;
}

/** Moves an accepted, paused socket's handle into a new socket that reads into the buffers of `onread`. */
export function rewrap(accepted: net.Socket, onread: net.OnReadOpts): net.Socket {
  const inner = accepted as unknown as SocketWithHandle;
  const handle = inner._handle;
  inner._handle = null;
  return new net.Socket({ handle, onread } as unknown as net.SocketConstructorOpts);
}

/** Tries it on a loopback connection: the bytes must arrive in the buffers that were named, and a reply must reach the peer. Never rejects. */
export async function handleRewrapWorks(timeoutMs = 2_000): Promise<boolean> {
  return new Promise((resolve) => {
    let answered = false;
    const first = Buffer.alloc(4);
    const second = Buffer.alloc(4);
    let calls = 0;
    const server = net.createServer({ pauseOnConnect: true }, (accepted) => {
      try {
        const socket = rewrap(accepted, {
          buffer: () => (calls++ === 0 ? first : second),
          callback: (length, bytes) => {
            const expected = calls === 1 ? first : second;
            if (bytes === expected && length === 4 && calls === 2) socket.end(Buffer.concat([first, second]));
            return true;
          },
        });
        socket.on('error', () => finish(false));
        socket.resume();
      } catch {
        finish(false);
      }
    });
    const timer = setTimeout(() => finish(false), timeoutMs);
    let client: net.Socket | undefined;
    const finish = (works: boolean): void => {
      if (answered) return;
      answered = true;
      clearTimeout(timer);
      client?.destroy();
      server.close();
      resolve(works);
    };
    server.on('error', () => finish(false));
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      client = net.connect({ port, host: '127.0.0.1', noDelay: true }, () => client?.write('abcdefgh'));
      client.on('data', (echo) => finish(echo.toString() === 'abcdefgh'));
      client.on('error', () => finish(false));
    });
  });
}
