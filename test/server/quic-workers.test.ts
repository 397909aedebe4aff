// QUIC served by worker threads: connections are spread over them, and everything that names a connection reaches the thread that serves it.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { loadAddon } from '../../src/addon/addon.ts';
import { getClients } from '../../src/protocol/commands/get-clients.ts';
import type { DatagramReceiver } from '../../src/quic/datagram-socket.ts';
import { openNativeUdp } from '../../src/quic/native-udp.ts';
import { createTestTopic, generations, poll, send, testMessages } from '../support/messages.ts';
import { QuicTestClient } from '../support/quic-client.ts';
import { eventually, serverSuite } from '../support/server-suite.ts';
import { startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { startUdpProxy } from '../support/udp-proxy.ts';

const workers = 3;
const perWorker = 4;
const settings = { SERVER_WORKERS: String(workers) };
const classicPing = Buffer.from([4, 0, 0, 0, 1, 0, 0, 0]);
const emptyOk = Buffer.alloc(8);

const workerOf = (client: QuicTestClient) => (client.native.destinationId()[0] as number) % workers;

serverSuite(`QUIC on ${workers} workers`, settings, (suite) => {
  const connect = () => QuicTestClient.connect(suite.server.quicAddress);

  for (const generation of generations) {
    it(`${generation}: connections are spread evenly, and what one sent each other finds`, async () => {
      const quic: QuicTestClient[] = [];
      for (let index = 0; index < workers * perWorker; index++) quic.push(await connect());
      for (let worker = 0; worker < workers; worker++) {
        // Those of the test before may still count for a moment.
        const own = quic.filter((client) => workerOf(client) === worker).length;
        assert.ok(own >= perWorker / 2, `worker ${worker} has ${own}`);
      }
      const clients = await Promise.all(
        quic.map(async (client) => {
          const raw = client.raw(generation);
          await raw.login();
          return raw;
        }),
      );
      const [first] = clients as [(typeof clients)[0]];
      const name = await createTestTopic(first);
      await Promise.all(clients.map((client, index) => send(client, name, testMessages(index, 1))));
      for (const client of clients) assert.equal((await poll(client, name)).messages.length, clients.length);
      const listed = (await first.call(getClients, undefined)) ?? [];
      assert.equal(listed.filter(({ transport }) => transport === 2).length, clients.length);
      for (const client of quic) client.close();
      const watcher = await suite.login(generation);
      await eventually('none is listed', async () =>
        ((await watcher.call(getClients, undefined)) ?? []).every(({ transport }) => transport !== 2),
      );
    });
  }

  it('many at once all get an answer', async () => {
    const clients = await Promise.all(Array.from({ length: 60 }, connect));
    assert.equal(new Set(clients.map(workerOf)).size, workers);
    for (const reply of await Promise.all(clients.map((client) => client.exchange(classicPing)))) assert.deepEqual(reply, emptyOk);
    for (const client of clients) client.close();
  });

  it('a packet from another address reaches the thread of its connection and is not taken', async () => {
    const proxy = await startUdpProxy(suite.server.quicAddress);
    const client = await connect();
    const stranger = await QuicTestClient.begin(proxy.address);
    const before = client.native.stats().recv;
    client.native.sendAckEliciting();
    const packet = Buffer.alloc(1350);
    const sent = client.native.send(packet);
    assert.ok(sent !== null);
    stranger.sendDatagram(packet.subarray(0, sent[0]));
    assert.deepEqual(await client.exchange(classicPing), emptyOk);
    assert.ok(client.native.stats().recv > before);
    client.close();
    stranger.vanish();
    await proxy.close();
  });

  it('a session is resumed, whichever thread the client comes to', async () => {
    const first = await connect();
    assert.deepEqual(await first.exchange(classicPing), emptyOk);
    const session = first.native.session();
    assert.ok(session);
    const others: QuicTestClient[] = [];
    // The connections of the test before count until they have drained, and are more on one thread than on another.
    const reached = () => new Set(others.map(workerOf)).size;
    while (reached() < workers && others.length < 100) others.push(await QuicTestClient.connect(suite.server.quicAddress, { session }));
    for (const client of others) assert.ok(client.native.isResumed());
    assert.equal(reached(), workers);
    for (const client of [first, ...others]) client.close();
  });

  it('datagrams that came joined are handed to the threads that they are for', async () => {
    const { openUdp } = loadAddon();
    assert.ok(openUdp);
    const answers: Buffer[] = [];
    const receiver: DatagramReceiver = { datagram: (bytes) => answers.push(Buffer.from(bytes)), turnEnded() {}, writable() {} };
    const socket = openNativeUdp(openUdp, { host: '127.0.0.1', port: 0, bufferBytes: 1024 * 1024 }, receiver);
    const [host, port] = suite.server.quicAddress.split(':') as [string, string];
    const server = socket.peerAt(host, Number(port));
    for (let worker = 0; worker < workers; worker++) {
      // Of an unknown version, padded as first packets are: each is answered with version negotiation.
      const packet = randomBytes(1200);
      packet.set([0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 16, worker]);
      packet[22] = 8;
      const room = socket.room(packet.length);
      assert.ok(room);
      room.set(packet);
      socket.commit(packet.length, server);
    }
    socket.flush();
    await eventually('an answer to each', () => answers.length === workers);
    socket.close();
  });

  it('after a restart clients find it again', async () => {
    const before = await connect();
    await suite.restart('stop');
    assert.equal((await before.closedBy())?.errorCode, 0x1003);
    const after = await Promise.all(Array.from({ length: workers }, connect));
    for (const client of after) assert.deepEqual(await client.exchange(classicPing), emptyOk);
    for (const client of after) client.close();
  });
});

serverSuite('the limit of connections', { ...settings, LIMITS_CONNECTIONS_MAX: '4' }, (suite) => {
  it('is one for all threads', async () => {
    const clients: QuicTestClient[] = [];
    for (let index = 0; index < 4; index++) clients.push(await QuicTestClient.connect(suite.server.quicAddress));
    await assert.rejects(QuicTestClient.connect(suite.server.quicAddress, { idleTimeoutMs: 300 }), /no QUIC connection/);
    assert.match(suite.server.output(), /quic connection refused: 4 open, the limit is 4/);
    for (const client of clients) assert.deepEqual(await client.exchange(classicPing), emptyOk);
    for (const client of clients) client.close();
  });
});

describe('where the sockets cannot be shared', () => {
  it('the main thread serves QUIC', async () => {
    const folder = temporaryFolder();
    const server = await startServerProcess(folder.path, { GALGO_SERVER_WORKERS: '3', GALGO_QUIC_UDP_SOCKET: 'portable' });
    const clients = await Promise.all([0, 1, 2].map(() => QuicTestClient.connect(server.quicAddress)));
    for (const client of clients) assert.deepEqual(await client.exchange(classicPing), emptyOk);
    assert.match(server.output(), /portable \(node:dgram\)/);
    for (const client of clients) client.close();
    assert.equal(await server.stop(), 0, server.output());
    folder.remove();
  });
});
