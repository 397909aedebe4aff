import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { getClients } from '../../src/protocol/commands/get-clients.ts';
import { getClusterMetadata } from '../../src/protocol/commands/get-cluster-metadata.ts';
import { ping } from '../../src/protocol/commands/ping.ts';
import { assertMessages, createTestTopic, generations, poll, send, testMessages } from '../support/messages.ts';
import { QuicTestClient } from '../support/quic-client.ts';
import { RawClient } from '../support/raw-client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';

const classicPing = Buffer.from([4, 0, 0, 0, 1, 0, 0, 0]);
const emptyOk = Buffer.alloc(8);

for (const udpSocket of ['auto', 'portable']) {
  describe(`QUIC on the ${udpSocket} UDP socket`, () => {
    const folder = temporaryFolder();
    let server: ServerProcess;

    before(async () => {
      server = await startServerProcess(`${folder.path}/data`, {
        GALGO_QUIC_UDP_SOCKET: udpSocket,
        GALGO_QUIC_MAX_IDLE_TIMEOUT: '2 s',
      });
    });

    after(async () => {
      assert.equal(await server.stop(), 0, server.output());
      folder.remove();
    });

    const connected = async (generation: (typeof generations)[number]) => {
      const quic = await QuicTestClient.connect(server.quicAddress);
      const client = quic.raw(generation);
      await client.login();
      return { quic, client };
    };

    it('takes the socket that it was told to', () => {
      assert.match(server.output(), udpSocket === 'portable' ? /portable \(node:dgram\)/ : /"socket":"native/);
    });

    for (const generation of generations) {
      it(`${generation}: what comes in over QUIC goes out over TCP and back`, async () => {
        const { quic, client } = await connected(generation);
        const overTcp = await RawClient.connect(server.address, generation);
        await overTcp.login();
        const name = await createTestTopic(client);
        const messages = testMessages(0, 500);
        await send(client, name, messages.slice(0, 250));
        await send(overTcp, name, messages.slice(250));
        assertMessages((await poll(client, name)).messages, messages, 0n);
        assertMessages((await poll(overTcp, name)).messages, messages, 0n);
        overTcp.close();
        quic.close();
      });

      it(`${generation}: batches larger than every window pass both ways`, async () => {
        const { quic, client } = await connected(generation);
        const name = await createTestTopic(client);
        const messages = testMessages(0, 60, 100_000);
        await send(client, name, messages);
        assertMessages((await poll(client, name)).messages, messages, 0n);
        quic.close();
      });

      it(`${generation}: a reply stays below what official clients take`, async () => {
        const { quic, client } = await connected(generation);
        const name = await createTestTopic(client);
        const messages = testMessages(0, 120, 100_000);
        await send(client, name, messages);
        const polled = (await poll(client, name)).messages;
        const bytes = polled.reduce((sum, message) => sum + message.payload.length, 0);
        assert.ok(bytes > 9_000_000 && bytes < 10_000_000, `${bytes} bytes of payload`);
        assertMessages(polled, messages.slice(0, polled.length), 0n);
        quic.close();
      });

      it(`${generation}: the client is listed while it is there, whichever way it goes`, async () => {
        const { quic: watcherConnection, client: watcher } = await connected(generation);
        const count = async () => {
          const clients = await watcher.call(getClients, undefined);
          return clients?.filter(({ transport }) => transport === 2).length;
        };
        const reaches = async (wanted: number) => {
          const deadline = Date.now() + 10_000;
          while ((await count()) !== wanted && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
          assert.equal(await count(), wanted);
        };
        await reaches(1);
        const { quic: polite } = await connected(generation);
        const { quic: rude } = await connected(generation);
        assert.equal(await count(), 3);
        polite.close();
        rude.vanish();
        await reaches(1);
        watcherConnection.close();
      });

      it(`${generation}: metadata of the cluster names the port`, async () => {
        const { quic, client } = await connected(generation);
        const metadata = await client.call(getClusterMetadata, undefined);
        assert.equal(metadata?.nodes[0]?.quicPort, Number(server.quicAddress.split(':').at(-1)));
        quic.close();
      });
    }

    it('requests on many streams are under way at once and all are answered', async () => {
      const { quic, client } = await connected('classic');
      const replies = await Promise.all(Array.from({ length: 600 }, () => quic.exchange(classicPing)));
      for (const reply of replies) assert.deepEqual(reply, emptyOk);
      await client.call(ping, undefined);
      quic.close();
    });

    it('a request in pieces, ended late, is answered before its end', async () => {
      const quic = await QuicTestClient.connect(server.quicAddress);
      const id = quic.openStream();
      const reply = quic.reply(id);
      for (const byte of classicPing) {
        await quic.write(id, Buffer.from([byte]), false);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      assert.deepEqual(await reply, emptyOk);
      await quic.write(id, Buffer.from('ignored'), true);
      assert.deepEqual(await quic.exchange(classicPing), emptyOk);
      quic.close();
    });

    it('a request that ends too early gets its status', async () => {
      const quic = await QuicTestClient.connect(server.quicAddress);
      assert.deepEqual(await quic.exchange(classicPing), emptyOk);
      const request = Buffer.concat([Buffer.from([100, 0, 0, 0, 1, 0, 0, 0]), Buffer.alloc(20)]);
      assert.equal((await quic.exchange(request)).readUInt32LE(0), 32);
      quic.close();
    });

    it('the first stream tells the generation for good', async () => {
      const quic = await QuicTestClient.connect(server.quicAddress);
      const vsrPing = quic.raw('vsr').vsrFrame(2, Buffer.alloc(0), { code: 1 });
      assert.deepEqual(await quic.exchange(classicPing), emptyOk);
      assert.equal((await quic.exchange(vsrPing)).readUInt32LE(0), 3, 'a classic frame of length 0');
      quic.close();
      const other = await QuicTestClient.connect(server.quicAddress);
      assert.equal((await other.exchange(vsrPing)).length, 256);
      other.exchange(Buffer.concat([classicPing, Buffer.alloc(248)])).catch(() => undefined);
      assert.deepEqual(pick(await other.closedBy()), { isApp: true, errorCode: 0x1004 });
    });

    it('what is of neither generation ends the connection', async () => {
      const quic = await QuicTestClient.connect(server.quicAddress);
      quic.exchange(Buffer.alloc(300)).catch(() => undefined);
      assert.deepEqual(pick(await quic.closedBy()), { isApp: true, errorCode: 0x1004 });
    });

    it('a stream that is reset half-way hurts no other', async () => {
      const { quic, client } = await connected('vsr');
      const id = quic.openStream();
      await quic.write(id, client.vsrFrame(2, Buffer.alloc(5_000), { code: 1 }).subarray(0, 1_000), false);
      quic.native.streamShutdown(id, 1, 7);
      quic.flush();
      await client.call(ping, undefined);
      quic.close();
    });

    it('the ALPN names iggy and quic are taken, others are refused with the alert', async () => {
      for (const alpn of ['iggy', 'quic']) {
        const quic = await QuicTestClient.connect(server.quicAddress, { alpn: ['other', alpn] });
        assert.equal(Buffer.from(quic.native.applicationProto()).toString(), alpn);
        quic.close();
      }
      for (let tries = 0; tries < 3; tries++) {
        await assert.rejects(QuicTestClient.connect(server.quicAddress, { alpn: ['h3'] }), /error 0x178/);
      }
      assert.equal(server.output().split('it offered no ALPN').length - 1, 1, 'one line, however many are refused');
    });

    it('a session is resumed', async () => {
      const first = await QuicTestClient.connect(server.quicAddress);
      assert.deepEqual(await first.exchange(classicPing), emptyOk);
      const session = first.native.session();
      assert.ok(session, 'the server gave a ticket');
      first.close();
      const second = await QuicTestClient.connect(server.quicAddress, { session });
      assert.equal(second.native.isResumed(), true);
      assert.equal(second.native.isInEarlyData(), false);
      assert.deepEqual(await second.exchange(classicPing), emptyOk);
      second.close();
    });
  });
}

describe('a QUIC server', () => {
  it('listens on IPv6', async () => {
    const folder = temporaryFolder();
    const server = await startServerProcess(`${folder.path}/data`, { GALGO_QUIC_ADDRESS: '[::1]:0' });
    const quic = await QuicTestClient.connect(server.quicAddress);
    const client = quic.raw('classic');
    await client.login();
    const name = await createTestTopic(client);
    await send(client, name, testMessages(0, 100, 1_000));
    assertMessages((await poll(client, name)).messages, testMessages(0, 100, 1_000), 0n);
    quic.close();
    assert.equal(await server.stop(), 0, server.output());
    folder.remove();
  });

  for (const udpSocket of ['auto', 'portable']) {
    it(`on every address of both families answers from the one that was written to (${udpSocket})`, async () => {
      const folder = temporaryFolder();
      const server = await startServerProcess(`${folder.path}/data`, { GALGO_QUIC_ADDRESS: '[::]:0', GALGO_QUIC_UDP_SOCKET: udpSocket });
      const port = server.quicAddress.split(':').at(-1);
      for (const host of ['127.0.0.1', '[::1]']) {
        const quic = await QuicTestClient.connect(`${host}:${port}`);
        assert.deepEqual(await quic.exchange(classicPing), emptyOk);
        quic.close();
      }
      assert.equal(await server.stop(), 0, server.output());
      folder.remove();
    });
  }

  it('that stops answers what it has, then closes with its code', async () => {
    const folder = temporaryFolder();
    const server = await startServerProcess(`${folder.path}/data`);
    const quic = await QuicTestClient.connect(server.quicAddress);
    const client = quic.raw('vsr');
    await client.login();
    const name = await createTestTopic(client);
    const messages = testMessages(0, 50, 100_000);
    const sent = send(client, name, messages);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const [exitCode] = await Promise.all([server.stop(), sent.catch(() => undefined)]);
    assert.equal(exitCode, 0, server.output());
    assert.deepEqual(pick(await quic.closedBy()), { isApp: true, errorCode: 0x1003 });
    folder.remove();
  });

  it('serves without TCP', async () => {
    const folder = temporaryFolder();
    const server = await startServerProcess(`${folder.path}/data`, { GALGO_TCP_ENABLED: 'false' });
    const quic = await QuicTestClient.connect(server.quicAddress);
    assert.deepEqual(await quic.exchange(classicPing), emptyOk);
    quic.close();
    assert.equal(await server.stop(), 0, server.output());
    folder.remove();
  });

  it('that finds its port taken ends with the reason', async () => {
    const folder = temporaryFolder();
    const server = await startServerProcess(`${folder.path}/one`);
    await assert.rejects(startServerProcess(`${folder.path}/two`, { GALGO_QUIC_ADDRESS: server.quicAddress }), /Address already in use/);
    assert.equal(await server.stop(), 0);
    folder.remove();
  });
});

function pick(error: { isApp: boolean; errorCode: number } | null) {
  return error && { isApp: error.isApp, errorCode: error.errorCode };
}
