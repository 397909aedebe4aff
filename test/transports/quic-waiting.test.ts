import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { getMe } from '../../src/protocol/commands/get-me.ts';
import { ping } from '../../src/protocol/commands/ping.ts';
import { type WaitForMessagesRequest, waitForMessages } from '../../src/protocol/commands/wait-for-messages.ts';
import { EvictionReason } from '../../src/protocol/operations.ts';
import { ConsumerKind } from '../../src/protocol/primitives/consumer.ts';
import { PollingKind } from '../../src/protocol/primitives/polling-strategy.ts';
import { Writer } from '../../src/protocol/writer.ts';
import { assignments, createTestGroup, join } from '../support/groups.ts';
import { createTestTopic, type TopicName } from '../support/messages.ts';
import { QuicTestClient } from '../support/quic-client.ts';
import { StatusError } from '../support/raw-client.ts';
import { eventually, serverSuite } from '../support/server-suite.ts';

const shutdown = { read: 0, write: 1 };
const longMs = 60_000;

function request(name: TopicName): WaitForMessagesRequest {
  return {
    ...{ stream: name.stream, topic: name.topic, consumer: { kind: ConsumerKind.consumer, id: 1 }, partition: 0 },
    ...{ strategy: { kind: PollingKind.offset, value: 0n }, count: 1, autoCommit: false, waitMs: longMs, messages: 1 },
  };
}

serverSuite('polls that wait on QUIC streams', { LIMITS_CONNECTION_WAITING_POLLS_MAX: '1' }, (suite) => {
  const ways = {
    'whose reply is not wanted any more': (quic: QuicTestClient, id: number) => quic.native.streamShutdown(id, shutdown.read, 0),
    'whose request is taken back': (quic: QuicTestClient, id: number) => quic.native.streamShutdown(id, shutdown.write, 0),
  };
  for (const [which, giveUp] of Object.entries(ways)) {
    it(`a poll ${which} leaves its place to another at once`, async () => {
      const quic = await QuicTestClient.connect(suite.server.quicAddress);
      const client = quic.raw('vsr');
      await client.login();
      const name = await createTestTopic(client);
      const body = new Writer();
      waitForMessages.encodeRequest(body, request(name), 'vsr');
      const frame = client.vsrFrame(2, body.written, { code: waitForMessages.code });
      const first = quic.openStream();
      await quic.write(first, frame, false);
      assert.equal((await quic.exchange(frame)).length, 256 + 16, 'there is room for one');
      giveUp(quic, first);
      quic.flush();
      let waits = false;
      await eventually('a place', async () => {
        const reply = quic.exchange(frame).then(() => false);
        reply.catch(() => undefined);
        waits = await Promise.race([reply, sleep(100, true)]);
        return waits;
      });
      await client.call(ping, undefined);
      quic.close();
    });
  }
});

serverSuite('many polls that wait on one QUIC connection', { LIMITS_CONNECTION_WAITING_POLLS_MAX: '20' }, (suite) => {
  it('given up together they leave all their places', async () => {
    const quic = await QuicTestClient.connect(suite.server.quicAddress);
    const client = quic.raw('vsr');
    await client.login();
    const name = await createTestTopic(client);
    const body = new Writer();
    waitForMessages.encodeRequest(body, request(name), 'vsr');
    const frame = client.vsrFrame(2, body.written, { code: waitForMessages.code });
    const answered = () => quic.exchange(frame).then((reply) => reply.length);
    const streams: number[] = [];
    for (let round = 0; round < 2; round++) {
      await eventually('no place is left', async () => {
        const stream = quic.openStream();
        const reply = quic.reply(stream);
        reply.catch(() => undefined);
        await quic.write(stream, frame, false);
        const waits = await Promise.race([reply.then(() => false), client.call(ping, undefined).then(() => true)]);
        if (waits) streams.push(stream);
        return streams.length >= 20 * (round + 1);
      });
      assert.equal(await answered(), 256 + 16);
      for (const stream of streams.slice(20 * round)) quic.native.streamShutdown(stream, shutdown.read, 0);
      quic.flush();
    }
    quic.close();
  });
});

const settings = { HEARTBEAT_ENABLED: 'true', HEARTBEAT_INTERVAL: '1 s', HEARTBEAT_MEMBER_INTERVAL: '1 s' };
serverSuite('silent clients on QUIC', settings, (suite) => {
  it('who speaks classic finds the connection ended, who speaks VSR learns it from the next answer and may log in again', async () => {
    const [old, recent] = await Promise.all([0, 1].map(() => QuicTestClient.connect(suite.server.quicAddress)));
    assert.ok(old !== undefined && recent !== undefined);
    const classic = old.raw('classic');
    const vsr = recent.raw('vsr');
    await Promise.all([classic.login(), vsr.login()]);
    const name = await createTestGroup(vsr, 1);
    await join(vsr, name);
    await eventually('the end of the connection', () => old.closed);
    assert.equal((await old.closedBy())?.errorCode, 0x1003);
    const watcher = await suite.login('vsr');
    await eventually('an empty group', async () => (await assignments(watcher, name)).length === 0);
    await assert.rejects(join(vsr, name), (error) => error instanceof StatusError && error.eviction === EvictionReason.noSession);
    await vsr.login();
    assert.ok(await vsr.call(getMe, undefined));
    recent.close();
  });
});
