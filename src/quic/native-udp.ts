// UDP through the addon: many datagrams with one system call, joined by the kernel where it can. native/udp/udp_socket.h holds the layout of the records.

import { isIPv6, SocketAddress } from 'node:net';
import type { Addon, NativeUdpSocket } from '../addon/addon.ts';
import type { DatagramReceiver, DatagramSocket, DatagramSocketOptions, Peer } from './datagram-socket.ts';

const recordWords = 13;
const recordBytes = recordWords * 4;
const pathAt = 12;
const pathBytes = 40;
const peerAddressAt = 8;
const recordsMax = 64;
const runBytesMax = 65_507;
const segmentsMax = 64;
// A turn takes so many batches of the kernel, then lets other work go on.
const batchesMax = 4;
const runsPerBatch = 16;
const writable = 2;

/** Throws with the reason if the address cannot be bound. */
export function openNativeUdp(
  openUdp: NonNullable<Addon['openUdp']>,
  options: DatagramSocketOptions,
  receiver: DatagramReceiver,
  offload = true,
): DatagramSocket {
  const { host, port, bufferBytes } = options;
  return new NativeUdp((onEvents) => openUdp(host, port, bufferBytes, offload, onEvents), host, receiver);
}

/** A socket of a group, bound to `host`, see native/udp/udp_group.h. Throws with the reason if it cannot be taken over. */
export function adoptNativeUdp(
  adoptUdp: NonNullable<Addon['adoptUdp']>,
  descriptor: number,
  host: string,
  receiver: DatagramReceiver,
): DatagramSocket {
  return new NativeUdp((onEvents) => adoptUdp(descriptor, true, onEvents), host, receiver);
}

class NativeUdp implements DatagramSocket {
  readonly host: string;
  readonly port: number;
  readonly description: string;
  readonly #receiver: DatagramReceiver;
  readonly #socket: NativeUdpSocket;
  readonly #received: Buffer;
  readonly #receiveRecords: Uint32Array;
  readonly #receivePaths: Buffer;
  readonly #toSend: Buffer;
  readonly #sendRecords: Uint32Array;
  readonly #sendPaths: Buffer;
  /** Records to send, and where the next datagram is written. */
  #count = 0;
  #end = 0;
  #lastKey = '';
  #blocked = false;
  #closed = false;

  constructor(open: (onEvents: (events: number) => void) => NativeUdpSocket, host: string, receiver: DatagramReceiver) {
    this.#receiver = receiver;
    this.#socket = open((events) => this.#onEvents(events));
    this.host = host;
    this.port = this.#socket.port;
    const { joinsSends, joinsReceives } = this.#socket;
    this.description = `native, segmentation ${joinsSends ? 'on' : 'off'}, joined receives ${joinsReceives ? 'on' : 'off'}`;
    this.#received = Buffer.from(this.#socket.received);
    this.#receiveRecords = new Uint32Array(this.#socket.receiveRecords);
    this.#receivePaths = Buffer.from(this.#socket.receiveRecords);
    this.#toSend = Buffer.from(this.#socket.toSend);
    this.#sendRecords = new Uint32Array(this.#socket.sendRecords);
    this.#sendPaths = Buffer.from(this.#socket.sendRecords);
  }

  peer(key: string): Peer {
    const path = Buffer.from(key, 'latin1');
    return { key, host: hostOf(path), port: path.readUInt16LE(2) };
  }

  peerAt(host: string, port: number): Peer {
    const path = Buffer.alloc(pathBytes);
    path.writeUInt16LE(isIPv6(host) ? 6 : 4, 0);
    path.writeUInt16LE(port, 2);
    path.set(addressBytes(host), peerAddressAt);
    return this.peer(path.toString('latin1'));
  }

  room(bytes: number): Buffer | undefined {
    if (this.#end + bytes > this.#toSend.length || this.#count === recordsMax) this.flush();
    if (this.#blocked || this.#closed) return undefined;
    return this.#toSend.subarray(this.#end, this.#end + bytes);
  }

  commit(length: number, peer: Peer): void {
    const words = this.#sendRecords;
    const last = (this.#count - 1) * recordWords;
    if (this.#count > 0 && this.#lastKey === peer.key) {
      const runBytes = words[last + 1] as number;
      const segmentBytes = words[last + 2] as number;
      const segments = Math.ceil(runBytes / segmentBytes);
      const full = runBytes === segments * segmentBytes;
      if (full && length <= segmentBytes && segments < segmentsMax && runBytes + length <= runBytesMax) {
        words[last + 1] = runBytes + length;
        this.#end += length;
        return;
      }
    }
    const at = this.#count * recordWords;
    words[at] = this.#end;
    words[at + 1] = length;
    words[at + 2] = length;
    this.#sendPaths.write(peer.key, at * 4 + pathAt, pathBytes, 'latin1');
    this.#lastKey = peer.key;
    this.#count++;
    this.#end += length;
  }

  flush(): void {
    if (this.#count === 0 || this.#blocked || this.#closed) return;
    const sent = this.#socket.send(this.#count);
    this.#tellTooLong(sent);
    if (sent === this.#count) {
      this.#count = 0;
      this.#end = 0;
      return;
    }
    this.#sendRecords.copyWithin(0, sent * recordWords, this.#count * recordWords);
    this.#count -= sent;
    this.#blocked = true;
    this.#socket.watchWritable(true);
  }

  close(): void {
    this.flush();
    this.#closed = true;
    this.#socket.close();
  }

  #onEvents(events: number): void {
    if (events & writable) this.#goOn();
    for (let batch = 0; batch < batchesMax; batch++) {
      if (this.#receive() < runsPerBatch) break;
    }
    this.#receiver.turnEnded();
  }

  #goOn(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.flush();
    if (this.#blocked) return;
    this.#socket.watchWritable(false);
    this.#receiver.writable();
  }

  /** Of the first records, which were taken. */
  #tellTooLong(records: number): void {
    for (let at = 0; at < records * recordWords; at += recordWords) {
      if (this.#sendRecords[at + 2] !== 0) continue;
      const key = this.#sendPaths.toString('latin1', at * 4 + pathAt, at * 4 + pathAt + pathBytes);
      this.#receiver.tooLong?.(key);
    }
  }

  /** Hands on one batch; returns of how many runs. */
  #receive(): number {
    if (this.#closed) return 0;
    const runs = this.#socket.receive();
    const words = this.#receiveRecords;
    for (let run = 0; run < runs; run++) {
      const at = run * recordWords;
      const segmentBytes = words[at + 2] as number;
      const from = this.#receivePaths.toString('latin1', run * recordBytes + pathAt, (run + 1) * recordBytes);
      const end = (words[at] as number) + (words[at + 1] as number);
      for (let start = words[at] as number; start < end && !this.#closed; start += segmentBytes) {
        this.#receiver.datagram(this.#received.subarray(start, Math.min(start + segmentBytes, end)), from);
      }
    }
    // A negative number is an error of some earlier datagram, which the kernel reports once and forgets.
    return runs;
  }
}

// family u16 · port u16 · scope u32 · peer address 16 bytes · local address 16 bytes
function hostOf(path: Buffer): string {
  const address = path.subarray(8, 24);
  if (path.readUInt16LE(0) === 4) return dotted(address.subarray(0, 4));
  const mapped = address.subarray(0, 10).every((byte) => byte === 0) && address.readUInt16BE(10) === 0xffff;
  if (mapped) return dotted(address.subarray(12));
  const groups = Array.from({ length: 8 }, (_, index) => address.readUInt16BE(index * 2).toString(16));
  return new SocketAddress({ family: 'ipv6', address: groups.join(':') }).address;
}

function dotted(bytes: Buffer): string {
  return bytes.join('.');
}

/** In network order: 4 bytes, or 16. */
function addressBytes(host: string): Uint8Array {
  if (!isIPv6(host)) return Uint8Array.from(host.split('.'), Number);
  // An IPv4 address at the end stands for the last two groups.
  const hex = host.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [before = [], after = []] = hex.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const gap = new Array<string>(8 - before.length - after.length).fill('0');
  const bytes = Buffer.alloc(16);
  for (const [index, group] of [...before, ...gap, ...after].entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2);
  return bytes;
}
