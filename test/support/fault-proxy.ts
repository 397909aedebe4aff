// A TCP proxy that misbehaves on request: cuts connections, holds bytes back, refuses newcomers, or answers like a server that speaks classic alone.

import { once } from 'node:events';
import net from 'node:net';

export interface FaultProxy {
  /** host:port of the proxy. */
  readonly address: string;
  readonly port: number;
  /** Connections that were accepted so far. */
  readonly accepted: number;
  /** Ends all connections. */
  cut(): void;
  /** From now on bytes of that direction are taken and not passed on, until `flow`. */
  stall(direction: 'requests' | 'replies'): void;
  flow(): void;
  /** Loses what is on its way to the client: replies that the server has sent are thrown away, until the next `cut`. */
  loseReplies(): void;
  /** Later connections are closed at once, until false. */
  refuse(refuse: boolean): void;
  /** Bytes reach the other side so many milliseconds later. */
  delay(ms: number): void;
  /** Is told every chunk that a client sends, and on which connection, from 1. */
  tap(listener: (connection: number, chunk: Buffer) => void): void;
  /** Where later connections go. */
  retarget(address: string): void;
  close(): Promise<void>;
}

/** `classicOnly`: a connection that begins with a VSR frame gets status 3, or is closed without a word. */
export async function startFaultProxy(target: string, classicOnly?: 'status' | 'close'): Promise<FaultProxy> {
  const pairs = new Set<[client: net.Socket, server: net.Socket]>();
  /** Everybody who is connected, also those who have not said anything yet. */
  const clients = new Set<net.Socket>();
  const held: (() => void)[] = [];
  let upstream = target;
  let accepted = 0;
  let stalled: 'requests' | 'replies' | undefined;
  let lost = false;
  let refusing = false;
  let delayMs = 0;
  let listen: ((connection: number, chunk: Buffer) => void) | undefined;

  const pass = (to: net.Socket, chunk: Buffer, direction: 'requests' | 'replies') => {
    const write = () => to.destroyed || to.write(chunk);
    if (lost && direction === 'replies') return;
    if (stalled === direction) held.push(write);
    else if (delayMs > 0) setTimeout(write, delayMs);
    else write();
  };

  const listener = net.createServer((client) => {
    const connection = ++accepted;
    client.on('error', () => undefined);
    clients.add(client);
    client.once('close', () => clients.delete(client));
    if (refusing) {
      client.destroy();
      return;
    }
    client.once('data', (first: Buffer) => {
      if (classicOnly !== undefined && first.readUInt32LE(0) === 0) {
        if (classicOnly === 'status') client.write(Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]));
        else client.destroy();
        return;
      }
      const at = upstream.lastIndexOf(':');
      const server = net.connect(Number(upstream.slice(at + 1)), upstream.slice(0, at));
      const pair: [net.Socket, net.Socket] = [client, server];
      pairs.add(pair);
      server.on('error', () => undefined);
      const forward = (chunk: Buffer) => {
        listen?.(connection, chunk);
        pass(server, chunk, 'requests');
      };
      forward(first);
      client.on('data', forward);
      server.on('data', (chunk: Buffer) => pass(client, chunk, 'replies'));
      for (const [socket, other] of [pair, pair.toReversed()] as [net.Socket, net.Socket][]) {
        socket.on('close', () => {
          other.destroy();
          pairs.delete(pair);
        });
      }
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as net.AddressInfo;

  const cut = () => {
    lost = false;
    held.length = 0;
    for (const [client, server] of pairs) {
      client.destroy();
      server.destroy();
    }
  };
  return {
    address: `127.0.0.1:${port}`,
    port,
    get accepted() {
      return accepted;
    },
    cut,
    stall(direction) {
      stalled = direction;
    },
    flow() {
      stalled = undefined;
      for (const write of held.splice(0)) write();
    },
    loseReplies() {
      lost = true;
    },
    refuse(value) {
      refusing = value;
    },
    delay(ms) {
      delayMs = ms;
    },
    tap(listener) {
      listen = listener;
    },
    retarget(address) {
      upstream = address;
    },
    async close() {
      refusing = true;
      cut();
      for (const client of clients) client.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}
