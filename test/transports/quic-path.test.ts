import assert from 'node:assert/strict';
import { it } from 'node:test';
import { connect } from '../../src/client/index.ts';
import { PathSize } from '../../src/quic/path-size.ts';
import { assertMessages, createTestTopic, poll, send, testMessages } from '../support/messages.ts';
import { QuicTestClient } from '../support/quic-client.ts';
import { serverSuite } from '../support/server-suite.ts';
import { startUdpProxy } from '../support/udp-proxy.ts';

const longBytes = 8_000;

it('datagrams go back to 1200 bytes when none that is longer gets through, and stay as they are where most do', () => {
  const through = new PathSize(longBytes);
  for (let timer = 0; timer < 20; timer++) {
    for (let datagram = 0; datagram < 100; datagram++) through.sent(longBytes);
    assert.equal(through.lossTimerFired(), false);
  }
  assert.equal(through.datagramBytes, longBytes);
  const idle = new PathSize(longBytes);
  for (let timer = 0; timer < 20; timer++) {
    idle.sent(1200);
    assert.equal(idle.lossTimerFired(), false);
  }
  assert.equal(idle.datagramBytes, longBytes);
  const stuck = new PathSize(longBytes);
  const verdicts = [10, 2, 2, 2].map((datagrams) => {
    for (let datagram = 0; datagram < datagrams; datagram++) stuck.sent(Math.min(longBytes, stuck.datagramBytes));
    return stuck.lossTimerFired();
  });
  assert.deepEqual(verdicts, [false, false, true, false]);
  assert.equal(stuck.datagramBytes, 1200);
});

serverSuite('a server that sends datagrams of 8000 bytes', { QUIC_INITIAL_MTU: `${longBytes} B` }, (suite) => {
  it('gets large replies through a path that carries 1400', async () => {
    const proxy = await startUdpProxy(suite.server.quicAddress);
    proxy.narrow(1_400);
    const quic = await QuicTestClient.connect(proxy.address);
    const client = quic.raw('vsr');
    await client.login();
    const name = await createTestTopic(client);
    const messages = testMessages(0, 20, 50_000);
    await send(client, name, messages);
    assertMessages((await poll(client, name)).messages, messages, 0n);
    quic.close();
    await proxy.close();
  });

  it('and a client of such datagrams get through to each other on a path that carries 1250', async () => {
    const proxy = await startUdpProxy(suite.server.quicAddress);
    proxy.narrow(1_250);
    const [host = '', port] = proxy.address.split(':');
    const client = await connect(
      { transport: 'quic', host, port: Number(port), tls: { rejectUnauthorized: false } },
      { quic: { datagramBytes: longBytes } },
    );
    await client.streams.create({ name: 'narrow' });
    await client.topics.create({ stream: 'narrow', name: 'topic' });
    const payload = Buffer.alloc(500_000, 'galgo');
    await client.messages.send({ stream: 'narrow', topic: 'topic', messages: [{ payload }] });
    const { messages } = await client.messages.poll({ stream: 'narrow', topic: 'topic', from: 'first' });
    assert.ok(Buffer.from(messages[0]?.payload ?? []).equals(payload));
    await client.drain();
    await proxy.close();
  });
});
