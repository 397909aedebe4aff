// What a bare Node front without storage reaches: the figure that a server's own is divided by.
//
// The front relays to a real server, except for what is measured. `send`: every SendMessages is read in full and answered with success, nothing is stored. `poll`: every
// PollMessages is answered with the first reply of messages that the server gave on that connection, its first offset set to the one that was asked for, which is all that the
// load client looks at. A load client pointed at the front therefore measures what the client, the sockets and one Node thread cost.

import net from 'node:net';
import { handleRewrapWorks, rewrap } from '../../src/transports/socket-rewrap.ts';

export type Measured = 'send' | 'poll';

const receiveBytes = 1 << 20;
const vsrHeadBytes = 256;
const pollPrefixBytes = 16;
/** Where a poll request has its u64 offset: that many bytes before its end, behind which are count and auto commit. */
const offsetFromEnd = 8 + 4 + 1;

/** The parts of a generation's wire that the front must understand. Positions are within a frame. */
interface Wire {
  headBytes: number;
  requestBytes(head: Buffer): number;
  replyBytes(head: Buffer): number;
  isSend(head: Buffer): boolean;
  isPoll(head: Buffer): boolean;
  sendReply(head: Buffer): Buffer;
  /** Adjusts a kept reply to the request. */
  patchPollReply(reply: Buffer, head: Buffer, offset: bigint): void;
}

const classic: Wire = {
  headBytes: 8,
  requestBytes: (head) => 4 + head.readUInt32LE(0),
  replyBytes: (head) => 8 + head.readUInt32LE(4),
  isSend: (head) => head.readUInt32LE(4) === 101,
  isPoll: (head) => head.readUInt32LE(4) === 100,
  sendReply: () => Buffer.alloc(8),
  patchPollReply: (reply, _head, offset) => reply.writeBigUInt64LE(offset, 8 + pollPrefixBytes + 24),
};

const vsr: Wire = {
  headBytes: vsrHeadBytes,
  requestBytes: (head) => head.readUInt32LE(48),
  replyBytes: (head) => head.readUInt32LE(48),
  isSend: (head) => head[176] === 160,
  isPoll: (head) => head[176] === 2 && head.readUInt32LE(196) === 100,
  sendReply(head) {
    const reply = Buffer.alloc(vsrHeadBytes + 24);
    reply.writeUInt32LE(reply.length, 48);
    reply[60] = 8;
    head.copy(reply, 160, 128, 144);
    head.copy(reply, 200, 168, 176);
    reply[208] = 160;
    reply.writeUInt32LE(1, vsrHeadBytes);
    return reply;
  },
  patchPollReply(reply, head, offset) {
    head.copy(reply, 200, 168, 176);
    reply.writeBigUInt64LE(offset, vsrHeadBytes + pollPrefixBytes + 8);
  },
};

/** Serves one client; returns what takes its bytes. */
function serve(client: net.Socket, upstream: net.Socket, measured: Measured): (bytes: Buffer, length: number) => void {
  const head = Buffer.alloc(vsrHeadBytes);
  const tail = Buffer.alloc(offsetFromEnd);
  let wire: Wire | undefined;
  let headHave = 0;
  let bodyLeft = 0;
  let mode: 'relay' | 'answer' = 'relay';
  let kept: Buffer | undefined;
  let keeping = false;
  let parts: Buffer[] = [];

  upstream.on('data', (chunk: Buffer) => {
    client.write(chunk);
    if (!keeping || wire === undefined) return;
    parts.push(chunk);
    const reply = Buffer.concat(parts);
    if (reply.length < wire.headBytes || reply.length < wire.replyBytes(reply)) return;
    if (reply.length > wire.headBytes + pollPrefixBytes) kept = reply;
    keeping = false;
    parts = [];
  });

  const begin = (known: Wire): void => {
    bodyLeft = known.requestBytes(head) - known.headBytes;
    const isPoll = measured === 'poll' && known.isPoll(head);
    mode = (measured === 'send' && known.isSend(head)) || (isPoll && kept !== undefined) ? 'answer' : 'relay';
    if (mode === 'answer') return;
    keeping = isPoll;
    upstream.write(Buffer.from(head.subarray(0, known.headBytes)));
  };
  const finish = (known: Wire): void => {
    if (mode === 'relay') return;
    if (measured === 'send') {
      client.write(known.sendReply(head));
    } else if (kept !== undefined) {
      known.patchPollReply(kept, head, tail.readBigUInt64LE(0));
      client.write(kept);
    }
  };

  return (bytes, length) => {
    let at = 0;
    while (at < length) {
      if (bodyLeft > 0) {
        const taken = Math.min(bodyLeft, length - at);
        if (mode === 'relay') upstream.write(Buffer.from(bytes.subarray(at, at + taken)));
        // The end of a body that is answered here is needed for its offset; a body of a poll is far smaller than a read.
        else if (taken >= offsetFromEnd) bytes.copy(tail, 0, at + taken - offsetFromEnd, at + taken);
        bodyLeft -= taken;
        at += taken;
      } else {
        const wanted = wire?.headBytes ?? 4;
        const taken = Math.min(wanted - headHave, length - at);
        bytes.copy(head, headHave, at, at + taken);
        headHave += taken;
        at += taken;
        if (headHave < wanted) return;
        if (wire === undefined) {
          wire = head.readUInt32LE(0) === 0 ? vsr : classic;
          continue;
        }
        headHave = 0;
        begin(wire);
      }
      if (bodyLeft === 0 && wire !== undefined && headHave === 0) finish(wire);
    }
  };
}

/** Listens on a free port; resolves to the address and what ends it. */
export async function startFront(upstreamAddress: string, measured: Measured): Promise<{ address: string; close(): void }> {
  const [host, port] = upstreamAddress.split(':') as [string, string];
  const ownBuffers = await handleRewrapWorks();
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ pauseOnConnect: true }, (accepted) => {
    const upstream = net.connect({ host, port: Number(port), noDelay: true });
    const receive = Buffer.allocUnsafeSlow(receiveBytes);
    let feed: (bytes: Buffer, length: number) => void = () => undefined;
    const client = ownBuffers
      ? rewrap(accepted, {
          buffer: receive,
          callback: (length, bytes) => {
            feed(bytes as Buffer, length);
            return true;
          },
        })
      : accepted.on('data', (chunk: Buffer) => feed(chunk, chunk.length));
    client.setNoDelay(true);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    feed = serve(client, upstream, measured);
    client.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

// As a program of its own, so that the front has a process to itself: front-ceiling.ts UPSTREAM send|poll
if (process.argv[1]?.endsWith('front-ceiling.ts')) {
  const [upstream, measured] = process.argv.slice(2) as [string, Measured];
  const front = await startFront(upstream, measured);
  console.log(front.address);
}
