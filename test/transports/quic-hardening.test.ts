// What hostile QUIC peers try. After each attack the same server answers another client. TEST_PEERS sets how many connections are abandoned (500 by default).

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, describe, it } from 'node:test';
import { getClients } from '../../src/protocol/commands/get-clients.ts';
import { createTestTopic, poll, send, testMessages } from '../support/messages.ts';
import { QuicTestClient } from '../support/quic-client.ts';
import { eventually } from '../support/server-suite.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';

const peers = Number(process.env.TEST_PEERS ?? 500);
const peersAtOnce = 50;
const connectionsMax = 120;
const streamsMax = 64;
const grownBytesMax = 48 * 1024 * 1024;
const classicPing = Buffer.from([4, 0, 0, 0, 1, 0, 0, 0]);
const emptyOk = Buffer.alloc(8);

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

function target(address: string): { host: string; port: number } {
  const [host, port] = address.split(':') as [string, string];
  return { host, port: Number(port) };
}

/** Sends datagrams from a socket of its own; resolves to what came back, at the latest when as many came as were awaited. */
async function throwDatagrams(address: string, datagrams: Buffer[], waitMs: number, awaited = Number.POSITIVE_INFINITY): Promise<Buffer[]> {
  const socket = dgram.createSocket('udp4');
  const answers: Buffer[] = [];
  socket.on('message', (bytes) => answers.push(bytes));
  const { host, port } = target(address);
  for (const [index, bytes] of datagrams.entries()) {
    socket.send(bytes, port, host);
    if (index % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const deadline = Date.now() + waitMs;
  while (answers.length < awaited && Date.now() < deadline) await settled();
  socket.close();
  return answers;
}

/** A packet with a long header of some version, padded as a first packet must be. */
function longPacket(version: number, bytes = 1200): Buffer {
  const packet = randomBytes(bytes);
  packet[0] = 0xc0;
  packet.writeUInt32BE(version, 1);
  packet[5] = 16;
  packet[22] = 8;
  return packet;
}

/** Pings, so that the idle timeout does not come before what is tested. */
function keepAlive(client: QuicTestClient): NodeJS.Timeout {
  return setInterval(() => {
    client.native.sendAckEliciting();
    client.flush();
  }, 200);
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 50));

describe('hostile QUIC peers', () => {
  const folder = temporaryFolder();
  let server: ServerProcess;

  before(async () => {
    server = await startServerProcess(`${folder.path}/data`, {
      GALGO_LIMITS_CONNECTIONS_MAX: String(connectionsMax),
      GALGO_LIMITS_STALL_TIMEOUT: '1 s',
      GALGO_QUIC_MAX_CONCURRENT_BIDI_STREAMS: String(streamsMax),
      GALGO_QUIC_MAX_IDLE_TIMEOUT: '1 s',
      GALGO_QUIC_KEEP_ALIVE_INTERVAL: '0',
      GALGO_QUIC_HANDSHAKE_TIMEOUT: '500 ms',
    });
  });

  afterEach(async () => {
    const other = await QuicTestClient.connect(server.quicAddress);
    assert.deepEqual(await other.exchange(classicPing), emptyOk);
    other.close();
  });

  after(async () => {
    assert.equal(await server.stop(), 0, server.output());
    assert.doesNotMatch(server.output(), /"level":"(error|fatal)"/);
    folder.remove();
  });

  const connect = () => QuicTestClient.connect(server.quicAddress);

  it('offers neither unidirectional streams, nor migration, nor more ids than two, nor datagrams', async () => {
    const client = await connect();
    const stats = client.native.stats();
    assert.equal(stats.peerInitialMaxStreamsUni, 0);
    assert.equal(stats.peerInitialMaxStreamsBidi, streamsMax);
    assert.equal(stats.peerDisableActiveMigration, true);
    assert.equal(stats.peerActiveConnIdLimit, 2);
    assert.equal(stats.peerMaxDatagramFrameSize ?? undefined, undefined);
    client.close();
  });

  it('a unidirectional stream cannot be opened', async () => {
    const client = await connect();
    assert.throws(() => client.native.streamSend(2, Buffer.from('x'), true), /StreamLimit/);
    assert.deepEqual(await client.exchange(classicPing), emptyOk);
    client.close();
  });

  it('more streams than allowed are not opened, and streams that are left open hold up nobody', async () => {
    const client = await connect();
    for (let stream = 0; stream < streamsMax; stream++) client.native.streamSend(client.openStream(), Buffer.from([40, 0]), false);
    assert.throws(() => client.native.streamSend(client.openStream(), Buffer.from([40]), false), /StreamLimit/);
    const stay = keepAlive(client);
    assert.equal((await client.closedBy())?.errorCode, 0x1003, 'half requests are given up after the stall timeout');
    clearInterval(stay);
  });

  it('streams that are opened and reset are given back', async () => {
    const client = await connect();
    for (let round = 0; round < 20; round++) {
      for (let stream = 0; stream < streamsMax / 2; stream++) {
        const id = client.openStream();
        client.native.streamSend(id, Buffer.from([40, 0, 0]), false);
        client.native.streamShutdown(id, 1, 1);
      }
      client.flush();
      const deadline = Date.now() + 2_000;
      while (client.native.peerStreamsLeftBidi() < streamsMax / 2 && Date.now() < deadline) await settled();
      assert.ok(
        client.native.peerStreamsLeftBidi() >= streamsMax / 2,
        `round ${round}: ${client.native.peerStreamsLeftBidi()} streams left`,
      );
    }
    client.close();
  });

  it('datagrams of a connection from another address are dropped', async () => {
    const client = await connect();
    assert.deepEqual(await client.exchange(classicPing), emptyOk);
    const id = client.openStream();
    const reply = client.reply(id);
    client.native.streamSend(id, classicPing, true);
    const packet = Buffer.alloc(1350);
    const sent = client.native.send(packet);
    assert.ok(sent);
    const answers = await throwDatagrams(server.quicAddress, [packet.subarray(0, sent[0])], 100);
    assert.deepEqual(answers, []);
    // From its own address the same packet counts.
    client.sendDatagram(packet.subarray(0, sent[0]));
    assert.deepEqual(await reply, emptyOk);
    client.close();
  });

  it('a connection that sends much and asks for nothing is closed', async () => {
    const client = await connect();
    const started = Date.now();
    while (!client.closed && Date.now() - started < 20_000) {
      for (let ping = 0; ping < 50; ping++) {
        client.native.sendAckEliciting();
        client.flush();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    const error = await client.closedBy();
    assert.equal(error?.errorCode, 0x1004);
    assert.equal(Buffer.from(error?.reason ?? []).toString(), 'more overhead than data');
  });

  it('a peer that changes its connection id over and over gets no further than one', async () => {
    const client = await connect();
    client.native.newSourceCid(randomBytes(20), 1n, false);
    assert.throws(() => client.native.newSourceCid(randomBytes(20), 2n, false), /IdLimit/);
    assert.deepEqual(await client.exchange(classicPing), emptyOk);
    client.close();
  });

  it('bytes after a request end the connection when they are many', async () => {
    const client = await connect();
    const id = client.openStream();
    void client.write(id, Buffer.concat([classicPing, Buffer.alloc(600_000)]), false);
    assert.equal((await client.closedBy())?.errorCode, 0x1004);
  });

  it('a reader that takes nothing is closed, and disturbs nobody', async () => {
    const slow = await QuicTestClient.connect(server.quicAddress, { windowBytes: 100_000 });
    const client = slow.raw('classic');
    await client.login();
    const name = await createTestTopic(client);
    await send(client, name, testMessages(0, 50, 100_000));
    slow.reading = false;
    for (let polls = 0; polls < 8; polls++) poll(client, name).catch(() => undefined);
    const other = await connect();
    for (let pings = 0; pings < 100; pings++) assert.deepEqual(await other.exchange(classicPing), emptyOk);
    other.close();
    const stay = keepAlive(slow);
    assert.equal((await slow.closedBy())?.errorCode, 0x1003);
    clearInterval(stay);
  });

  it('garbage is answered with nothing', async () => {
    const garbage = [
      ...Array.from({ length: 300 }, (_, index) => randomBytes(1 + ((index * 37) % 1500))),
      Buffer.alloc(0),
      Buffer.alloc(1200),
      Buffer.alloc(1200, 0xff),
      longPacket(1, 50),
      longPacket(0),
    ].map((bytes) => {
      // Random bytes that happen to be a long header of an unknown version have a right to an answer.
      if (bytes.length >= 1200 && bytes[1] !== 0) bytes[0] = (bytes[0] ?? 0) & 0x7f;
      return bytes;
    });
    const answers = await throwDatagrams(server.quicAddress, garbage, 200);
    assert.deepEqual(answers, []);
  });

  it('an unknown version is told the known one, if the packet is as long as it must be', async () => {
    const packet = longPacket(0x1a2a_3a4a);
    assert.deepEqual(await throwDatagrams(server.quicAddress, [longPacket(0x1a2a_3a4a, 1199)], 200), []);
    const [answer] = await throwDatagrams(server.quicAddress, [packet], 5_000, 1);
    assert.ok(answer);
    assert.equal(answer.readUInt32BE(1), 0, 'version negotiation');
    assert.deepEqual(answer.subarray(6, 14), packet.subarray(23, 31), 'our id comes back');
    const versions = answer.subarray(7 + 8 + 16);
    assert.ok(Array.from({ length: versions.length / 4 }, (_, index) => versions.readUInt32BE(index * 4)).includes(1));
  });

  it('first packets from spoofed addresses are answered with a retry and remembered nowhere', async () => {
    const template = dgram.createSocket('udp4');
    template.bind(0, '127.0.0.1');
    await once(template, 'listening');
    // A real first packet, of a client whose server never answers.
    const client = await QuicTestClient.begin(`127.0.0.1:${template.address().port}`);
    const [first] = (await once(template, 'message')) as [Buffer];
    client.vanish();
    template.close();
    const floods = Array.from({ length: 20 }, () =>
      throwDatagrams(
        server.quicAddress,
        Array.from({ length: 50 }, () => first),
        200,
      ),
    );
    const answers = (await Promise.all(floods)).flat();
    assert.ok(answers.length > 500, `${answers.length} answers`);
    for (const answer of answers) {
      assert.equal((answer[0] as number) & 0xf0, 0xf0, 'a retry');
      assert.ok(answer.length < first.length);
    }
    // As many connections as there may be are still to be had.
    const clients = await Promise.all(Array.from({ length: connectionsMax - 20 }, connect));
    for (const client of clients) client.close();
    await settled();
  });

  it(`${peers} connections that are opened and abandoned leave nothing behind`, { timeout: 600_000 }, async (test) => {
    const churn = async (count: number) => {
      for (let opened = 0; opened < count; opened += peersAtOnce) {
        const clients = await Promise.allSettled(
          Array.from({ length: Math.min(peersAtOnce, count - opened) }, async (_, index) => {
            const client = await connect();
            if (index % 3 === 0) await client.exchange(classicPing);
            if (index % 3 === 1) client.native.streamSend(client.openStream(), Buffer.from([40, 0]), false);
            client.flush();
            client.vanish();
          }),
        );
        // Abandoned connections count until their idle timeout: others wait for a place.
        if (clients.some(({ status }) => status === 'rejected')) await new Promise((resolve) => setTimeout(resolve, 300));
      }
    };
    await churn(Math.max(100, peers / 5));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const before = residentBytes(server.pid);
    await churn(peers);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const after = residentBytes(server.pid);
    test.diagnostic(`resident before ${(before / 2 ** 20).toFixed(0)} MiB, after ${(after / 2 ** 20).toFixed(0)} MiB`);
    assert.ok(after - before < grownBytesMax, `grew by ${after - before} bytes`);
    const quic = await connect();
    const client = quic.raw('classic');
    await client.login();
    await eventually('a list of one client', async () => (await client.call(getClients, undefined))?.length === 1);
    quic.close();
  });
});

it('above the limit new QUIC connections are refused, and the others stay', async () => {
  const folder = temporaryFolder();
  const server = await startServerProcess(`${folder.path}/data`, { GALGO_LIMITS_CONNECTIONS_MAX: '5' });
  const clients = await Promise.all(Array.from({ length: 5 }, () => QuicTestClient.connect(server.quicAddress)));
  await assert.rejects(QuicTestClient.connect(server.quicAddress, { idleTimeoutMs: 500 }), /no QUIC connection/);
  assert.match(server.output(), /quic connection refused: 5 open, the limit is 5/);
  for (const client of clients) assert.deepEqual(await client.exchange(classicPing), emptyOk);
  for (const client of clients) client.close();
  assert.equal(await server.stop(), 0, server.output());
  folder.remove();
});
