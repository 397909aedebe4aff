// UDP through node:dgram, for platforms and kernels where the addon's socket cannot be had: one system call a datagram.

import dgram from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { DatagramReceiver, DatagramSocket, DatagramSocketOptions, Peer } from './datagram-socket.ts';

/** Datagrams that Node has not handed to the kernel; above it there is no room. */
const queuedBytesMax = 1024 * 1024;

/** Rejects with the system's error if the address cannot be bound. */
export async function openPortableUdp(options: DatagramSocketOptions, receiver: DatagramReceiver): Promise<DatagramSocket> {
  const socket = dgram.createSocket({
    type: isIPv6(options.host) ? 'udp6' : 'udp4',
    recvBufferSize: options.bufferBytes,
    sendBufferSize: options.bufferBytes,
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(options.port, options.host, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  return new PortableUdp(socket, options.host, receiver);
}

class PortableUdp implements DatagramSocket {
  readonly host: string;
  readonly port: number;
  readonly description = 'portable (node:dgram)';
  readonly #socket: dgram.Socket;
  readonly #receiver: DatagramReceiver;
  #room: Buffer | undefined;
  #turn = false;
  #blocked = false;
  /** Given to Node, which passes them on a little later. */
  #leaving = 0;
  #closed = false;

  constructor(socket: dgram.Socket, host: string, receiver: DatagramReceiver) {
    this.#socket = socket;
    this.#receiver = receiver;
    this.host = host;
    this.port = socket.address().port;
    // Node reports a datagram that could not be sent; the network loses others as well.
    socket.on('error', () => undefined);
    socket.on('message', (bytes, from) => this.#received(bytes, `${from.address}|${from.port}`));
  }

  peer(key: string): Peer {
    const [address = '', port] = key.split('|');
    return { key, host: address.replace(/%.*$/, '').replace(/^::ffff:(?=[\d.]+$)/i, ''), port: Number(port) };
  }

  peerAt(host: string, port: number): Peer {
    return this.peer(`${host}|${port}`);
  }

  room(bytes: number): Buffer | undefined {
    if (this.#closed) return undefined;
    if (this.#socket.getSendQueueSize() > queuedBytesMax) {
      this.#blocked = true;
      return undefined;
    }
    this.#room = Buffer.allocUnsafe(bytes);
    return this.#room;
  }

  commit(length: number, peer: Peer): void {
    const bytes = this.#room as Buffer;
    const [address] = peer.key.split('|');
    this.#leaving++;
    this.#socket.send(bytes, 0, length, peer.port, address, () => this.#sent());
  }

  flush(): void {
    // Each datagram left at once.
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#leaving === 0) this.#socket.close();
  }

  #received(bytes: Buffer, from: string): void {
    if (this.#closed) return;
    this.#receiver.datagram(bytes, from);
    if (this.#turn) return;
    this.#turn = true;
    // Runs after all datagrams of this turn of the event loop.
    setImmediate(() => {
      this.#turn = false;
      if (!this.#closed) this.#receiver.turnEnded();
    });
  }

  #sent(): void {
    this.#leaving--;
    if (this.#closed && this.#leaving === 0) this.#socket.close();
    if (!this.#blocked || this.#closed || this.#socket.getSendQueueSize() > queuedBytesMax / 2) return;
    this.#blocked = false;
    this.#receiver.writable();
  }
}
