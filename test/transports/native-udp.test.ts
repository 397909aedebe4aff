import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { describe, it } from 'node:test';
import { loadAddon } from '../../src/addon/addon.ts';
import type { DatagramReceiver, DatagramSocket } from '../../src/quic/datagram-socket.ts';
import { openNativeUdp } from '../../src/quic/native-udp.ts';
import { openPortableUdp } from '../../src/quic/portable-udp.ts';

const { openUdp } = loadAddon();
const bufferBytes = 4 * 1024 * 1024;

class Inbox implements DatagramReceiver {
  readonly datagrams: { bytes: Buffer; from: string }[] = [];
  turns = 0;
  writables = 0;

  datagram(bytes: Buffer, from: string): void {
    this.datagrams.push({ bytes: Buffer.from(bytes), from });
  }

  turnEnded(): void {
    this.turns++;
  }

  writable(): void {
    this.writables++;
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.ok(condition());
}

/** A plain socket that talks to the one under test. */
async function plainPeer(host: string) {
  const socket = dgram.createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: bufferBytes });
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  const received: Buffer[] = [];
  socket.on('message', (bytes) => received.push(bytes));
  return {
    socket,
    received,
    send: (bytes: Buffer, port: number) => new Promise<void>((resolve) => socket.send(bytes, port, host, () => resolve())),
  };
}

type Open = (host: string, receiver: DatagramReceiver) => DatagramSocket | Promise<DatagramSocket>;
const kinds: Record<string, Open> = { portable: (host, receiver) => openPortableUdp({ host, port: 0, bufferBytes }, receiver) };
if (openUdp !== undefined) {
  kinds.native = (host, receiver) => openNativeUdp(openUdp, { host, port: 0, bufferBytes }, receiver);
  kinds['native without offload'] = (host, receiver) => openNativeUdp(openUdp, { host, port: 0, bufferBytes }, receiver, false);
}

for (const [kind, open] of Object.entries(kinds)) {
  describe(`a UDP socket, ${kind}`, () => {
    for (const host of ['127.0.0.1', '::1']) {
      it(`hands on datagrams from ${host} one by one, and what it sends arrives cut as it was written`, async () => {
        const inbox = new Inbox();
        const socket = await open(host, inbox);
        const peer = await plainPeer(host);
        const lengths = [1, 1200, 1200, 1200, 700, 1200, 0, 3];
        for (const length of lengths) await peer.send(Buffer.alloc(length, length), socket.port);
        await until(
          () =>
            inbox.datagrams.length === lengths.filter((length) => length > 0 || kind === 'portable').length ||
            inbox.datagrams.length === lengths.length,
        );
        assert.deepEqual(
          inbox.datagrams.map(({ bytes }) => bytes.length).filter((length) => length > 0),
          lengths.filter((length) => length > 0),
        );
        const known = socket.peer(inbox.datagrams[0]?.from ?? '');
        assert.deepEqual([known.host, known.port], [host, peer.socket.address().port]);

        const sent: Buffer[] = [];
        for (let index = 0; index < 300; index++) {
          const length = index % 7 === 6 ? 500 : 1200;
          const room = socket.room(1350);
          assert.ok(room);
          room.fill(index % 251, 0, length);
          sent.push(Buffer.from(room.subarray(0, length)));
          socket.commit(length, known);
        }
        socket.flush();
        await until(() => peer.received.length === sent.length);
        for (const [index, bytes] of peer.received.entries()) assert.ok(bytes.equals(sent[index] as Buffer), `datagram ${index}`);
        socket.close();
        peer.socket.close();
      });
    }

    it('tells senders apart, and knows one again', async () => {
      const inbox = new Inbox();
      const socket = await open('127.0.0.1', inbox);
      const [one, two] = [await plainPeer('127.0.0.1'), await plainPeer('127.0.0.1')];
      for (const peer of [one, two, one]) await peer.send(Buffer.from('hello'), socket.port);
      await until(() => inbox.datagrams.length === 3);
      const [first, second, third] = inbox.datagrams.map(({ from }) => from);
      assert.notEqual(first, second);
      assert.equal(first, third);
      for (const peer of [one, two]) peer.socket.close();
      socket.close();
    });

    it('interleaved peers each get their own', async () => {
      const inbox = new Inbox();
      const socket = await open('127.0.0.1', inbox);
      const peers = [await plainPeer('127.0.0.1'), await plainPeer('127.0.0.1'), await plainPeer('127.0.0.1')];
      for (const peer of peers) await peer.send(Buffer.from('hello'), socket.port);
      await until(() => inbox.datagrams.length === 3);
      for (let index = 0; index < 240; index++) {
        const at = index % 3;
        const room = socket.room(100);
        assert.ok(room);
        room.fill(at, 0, 100);
        socket.commit(100, socket.peer(inbox.datagrams[at]?.from ?? ''));
      }
      socket.flush();
      for (const [at, peer] of peers.entries()) {
        const own = inbox.datagrams.find(({ from }) => socket.peer(from).port === peer.socket.address().port);
        const number = inbox.datagrams.indexOf(own as (typeof inbox.datagrams)[number]);
        await until(() => peer.received.length === 80);
        assert.ok(
          peer.received.every((bytes) => bytes.every((byte) => byte === number)),
          `peer ${at}`,
        );
        peer.socket.close();
      }
      socket.close();
    });

    it('refuses an address that is taken', async () => {
      const socket = await open('127.0.0.1', new Inbox());
      const taken = { host: '127.0.0.1', port: socket.port, bufferBytes };
      await assert.rejects(
        async () =>
          openUdp !== undefined && kind !== 'portable' ? openNativeUdp(openUdp, taken, new Inbox()) : openPortableUdp(taken, new Inbox()),
        /EADDRINUSE|Address already in use/,
      );
      socket.close();
    });

    it('gives no room and does nothing after it was closed', async () => {
      const socket = await open('127.0.0.1', new Inbox());
      socket.close();
      socket.close();
      assert.equal(socket.room(100), undefined);
      socket.flush();
    });
  });
}

describe('the native UDP socket', { skip: openUdp === undefined }, () => {
  const bind = openUdp as NonNullable<typeof openUdp>;

  it('refuses wrong arguments, records and receivers', async () => {
    assert.throws(() => bind('localhost', 0, 65_536, true, () => undefined), /cannot be bound/);
    assert.throws(() => bind('127.0.0.1', 70_000, 65_536, true, () => undefined), RangeError);
    assert.throws(() => bind(1 as unknown as string, 0, 65_536, true, () => undefined), TypeError);
    const socket = bind('127.0.0.1', 0, 65_536, true, () => undefined);
    const words = new Uint32Array(socket.sendRecords);
    for (const [offset, length, segmentBytes] of [
      [0, 10, 0],
      [600_000, 10, 10],
      [524_280, 100, 100],
      [0, 66_000, 1_100],
      [0, 1_000, 10],
      [0, 0, 10],
      [0xffff_ffff, 10, 10],
    ] as const) {
      words.set([offset, length, segmentBytes]);
      assert.throws(() => socket.send(1), RangeError, `${offset} ${length} ${segmentBytes}`);
    }
    assert.throws(() => socket.send(65), RangeError);
    const { receive } = socket;
    assert.throws(() => receive(), TypeError);
    socket.close();
  });

  it('keeps what the kernel has no room for, and says when it has again', async () => {
    const inbox = new Inbox();
    const socket = openNativeUdp(bind, { host: '127.0.0.1', port: 0, bufferBytes: 1 }, inbox);
    const peer = await plainPeer('127.0.0.1');
    await peer.send(Buffer.from('hello'), socket.port);
    await until(() => inbox.datagrams.length === 1);
    const known = socket.peer(inbox.datagrams[0]?.from ?? '');
    let sent = 0;
    // A send buffer of the smallest size is full before long on a loopback that has somebody else to serve; if it never is, all of it must arrive.
    for (; sent < 2_000; sent++) {
      const room = socket.room(1200);
      if (room === undefined) break;
      room.writeUInt32LE(sent, 0);
      socket.commit(1200, known);
    }
    socket.flush();
    await until(() => peer.received.length >= Math.min(sent, 50));
    for (const [index, bytes] of peer.received.entries()) assert.ok(bytes.readUInt32LE(0) >= index);
    socket.close();
    peer.socket.close();
  });

  it('can be opened and closed often without leaving descriptors', async () => {
    const { readdirSync } = await import('node:fs');
    const before = readdirSync('/proc/self/fd').length;
    for (let round = 0; round < 200; round++) bind('127.0.0.1', 0, 65_536, true, () => undefined).close();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(readdirSync('/proc/self/fd').length <= before + 2);
  });

  it('ends with its worker', async () => {
    const { Worker } = await import('node:worker_threads');
    const { createRequire } = await import('node:module');
    const file = Object.keys(createRequire(import.meta.url).cache).find((name) => name.endsWith('galgo.node'));
    assert.ok(file);
    const worker = new Worker(`require(${JSON.stringify(file)}).openUdp('127.0.0.1', 0, 65536, true, () => {}); process.exit(0);`, {
      eval: true,
    });
    assert.equal(await new Promise((resolve) => worker.once('exit', resolve)), 0);
  });
});
