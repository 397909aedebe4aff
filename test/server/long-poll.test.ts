import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeBatches } from '../../src/protocol/batch/vsr-batch.ts';
import { createConsumerGroup } from '../../src/protocol/commands/create-consumer-group.ts';
import { deleteConsumerGroup } from '../../src/protocol/commands/delete-consumer-group.ts';
import { deletePartitions } from '../../src/protocol/commands/delete-partitions.ts';
import { deleteStream } from '../../src/protocol/commands/delete-stream.ts';
import { deleteTopic } from '../../src/protocol/commands/delete-topic.ts';
import { deleteUser } from '../../src/protocol/commands/delete-user.ts';
import { getConsumerOffset } from '../../src/protocol/commands/get-consumer-offset.ts';
import { getExtensions } from '../../src/protocol/commands/get-extensions.ts';
import { joinConsumerGroup } from '../../src/protocol/commands/join-consumer-group.ts';
import { ping } from '../../src/protocol/commands/ping.ts';
import { resyncPartition } from '../../src/protocol/commands/poll-messages.ts';
import { purgeTopic } from '../../src/protocol/commands/purge-topic.ts';
import { stopWaiting } from '../../src/protocol/commands/stop-waiting.ts';
import { storeConsumerOffset } from '../../src/protocol/commands/store-consumer-offset.ts';
import { syncConsumerGroup } from '../../src/protocol/commands/sync-consumer-group.ts';
import { updatePermissions } from '../../src/protocol/commands/update-permissions.ts';
import { type WaitForMessagesRequest, waitForMessages } from '../../src/protocol/commands/wait-for-messages.ts';
import { ConsumerKind } from '../../src/protocol/primitives/consumer.ts';
import { PollingKind } from '../../src/protocol/primitives/polling-strategy.ts';
import { createTestGroup, groupConsumer, join } from '../support/groups.ts';
import { createTestTopic, send, type TopicName, testMessages } from '../support/messages.ts';
import { Multiplexed, type Pending } from '../support/multiplexed.ts';
import type { RawClient } from '../support/raw-client.ts';
import { eventually, refused, type ServerSuite, serverSuite } from '../support/server-suite.ts';
import { temporaryFolder } from '../support/test-server.ts';
import { startServerOn, transports } from '../support/transports.ts';
import { createTestUser, permissionsOf } from '../support/users.ts';

const consumer = { kind: ConsumerKind.consumer, id: 1 } as const;
const next = { kind: PollingKind.next, value: 0n };

interface Answer {
  partition: number;
  currentOffset: bigint;
  offsets: bigint[];
}

function wait(waiter: Multiplexed, name: TopicName, request: Partial<WaitForMessagesRequest> = {}): Pending<Answer> {
  const { number, reply } = waiter.begin(waitForMessages, {
    ...{ stream: name.stream, topic: name.topic, consumer, partition: 0 },
    ...{ strategy: { kind: PollingKind.offset, value: 0n }, count: 100, autoCommit: false, waitMs: 20_000, messages: 1 },
    ...request,
  });
  const answer = reply.then(({ partition, currentOffset, batch }) => ({
    partition,
    currentOffset,
    offsets: decodeBatches(batch).map(({ offset }) => offset),
  }));
  answer.catch(() => undefined);
  return { number, reply: answer };
}

/** It has been looked at, and waits: what came behind it is answered, and it is not. */
async function isWaiting(waiter: Multiplexed, pending: Pending<unknown>): Promise<void> {
  await waiter.call(ping, undefined);
  const waits = Symbol('waits');
  assert.equal(await Promise.race([pending.reply.catch((error: unknown) => error), sleep(20, waits)]), waits);
}

async function waitingClient(suite: ServerSuite): Promise<Multiplexed> {
  return new Multiplexed(await suite.login('vsr'));
}

for (const transport of transports) {
  describe(`over ${transport.name}`, () => {
    it('a poll waits without holding up others, and is answered by the next message', async () => {
      const folder = temporaryFolder();
      const server = await startServerOn(transport, `${folder.path}/data`);
      const [writer, reader] = await Promise.all([server.connect('classic'), server.connect('vsr')]);
      await Promise.all([writer.login(), reader.login()]);
      const name = await createTestTopic(writer);
      const waiter = new Multiplexed(reader);
      const polls = [1, 3, 3].map((messages) => wait(waiter, name, { messages }));
      for (const poll of polls) await isWaiting(waiter, poll);
      await send(writer, name, testMessages(0, 1));
      assert.deepEqual((await polls[0]?.reply)?.offsets, [0n]);
      await send(writer, name, testMessages(1, 2));
      for (const poll of polls.slice(1)) assert.deepEqual((await poll.reply).offsets, [0n, 1n, 2n]);
      // Whoever waits when the server stops is answered.
      const last = wait(waiter, name, { strategy: { kind: PollingKind.offset, value: 3n } });
      await isWaiting(waiter, last);
      const stopped = server.process.stop();
      assert.deepEqual(await last.reply, { partition: 0, currentOffset: 2n, offsets: [] });
      assert.equal(await stopped, 0, server.process.output());
      for (const client of [writer, reader]) client.close();
      folder.remove();
    });
  });
}

serverSuite('polls that wait', { LONG_POLL_WAIT_MAX: '25 s' }, (suite) => {
  it('the server tells how long it lets a poll wait', async () => {
    const client = await suite.login('vsr');
    assert.deepEqual(await client.call(getExtensions, undefined), { longestWaitMs: 25_000 });
  });

  it('are unknown to classic clients and to those who have not logged in', async () => {
    const classic = await suite.login('classic');
    for (const { code } of [getExtensions, waitForMessages, stopWaiting])
      assert.equal((await classic.classic(code, Buffer.alloc(0))).status, 3);
    const stranger = await suite.connect('vsr');
    for (const { code } of [getExtensions, waitForMessages, stopWaiting])
      assert.equal((await stranger.vsr(2, Buffer.alloc(100), { code })).status, 40);
  });

  it('are answered at once if there are messages, if they may not wait, or if they ask for none', async () => {
    const waiter = await waitingClient(suite);
    const writer = await suite.login('vsr');
    const name = await createTestTopic(writer);
    assert.deepEqual((await wait(waiter, name, { waitMs: 0 }).reply).offsets, []);
    assert.deepEqual((await wait(waiter, name, { count: 0 }).reply).offsets, []);
    await send(writer, name, testMessages(0, 3));
    assert.deepEqual((await wait(waiter, name).reply).offsets, [0n, 1n, 2n]);
  });

  it('end at their deadline, with what there is', async () => {
    const waiter = await waitingClient(suite);
    const writer = await suite.login('vsr');
    const name = await createTestTopic(writer);
    await send(writer, name, testMessages(0, 2));
    const beganMs = performance.now();
    const answer = await wait(waiter, name, { waitMs: 300, messages: 3 }).reply;
    const tookMs = performance.now() - beganMs;
    assert.deepEqual(answer.offsets, [0n, 1n]);
    assert.ok(tookMs > 280 && tookMs < 2000, `${tookMs} ms`);
  });

  it('wait for as many messages as they say, but not for more than they take', async () => {
    const waiter = await waitingClient(suite);
    const writer = await suite.login('vsr');
    const name = await createTestTopic(writer);
    const five = wait(waiter, name, { messages: 5 });
    const two = wait(waiter, name, { messages: 5, count: 2 });
    await send(writer, name, testMessages(0, 2));
    assert.deepEqual((await two.reply).offsets, [0n, 1n]);
    await isWaiting(waiter, five);
    await send(writer, name, testMessages(2, 2));
    await isWaiting(waiter, five);
    await send(writer, name, testMessages(4, 2));
    assert.deepEqual((await five.reply).offsets, [0n, 1n, 2n, 3n, 4n, 5n]);
  });

  it('work with every strategy', async () => {
    const waiter = await waitingClient(suite);
    const writer = await suite.login('vsr');
    const name = await createTestTopic(writer);
    const began = BigInt(Date.now()) * 1000n;
    const strategies = [
      { kind: PollingKind.offset, value: 0n },
      { kind: PollingKind.timestamp, value: began },
      { kind: PollingKind.first, value: 0n },
      { kind: PollingKind.last, value: 0n },
      next,
    ];
    const polls = strategies.map((strategy) => wait(waiter, name, { strategy }));
    for (const poll of polls) await isWaiting(waiter, poll);
    await send(writer, name, testMessages(0, 2));
    for (const poll of polls) assert.deepEqual((await poll.reply).offsets, [0n, 1n]);
    const future = wait(waiter, name, { strategy: { kind: PollingKind.timestamp, value: began + 3_600_000_000n }, waitMs: 100 });
    assert.deepEqual((await future.reply).offsets, []);
  });

  it('a place beyond the end is told at once: the partition was purged', async () => {
    const waiter = await waitingClient(suite);
    const name = await createTestTopic(await suite.login('vsr'));
    const answer = await wait(waiter, name, { strategy: { kind: PollingKind.offset, value: 7n } }).reply;
    assert.deepEqual(answer, { partition: 0, currentOffset: 0n, offsets: [] });
  });

  it('auto-commit stores the offset of what was delivered', async () => {
    const waiter = await waitingClient(suite);
    const writer = await suite.login('vsr');
    const name = await createTestTopic(writer);
    const stored = async () => (await writer.call(getConsumerOffset, { ...name, consumer, partition: 0 }))?.storedOffset;
    const poll = wait(waiter, name, { strategy: next, autoCommit: true });
    await isWaiting(waiter, poll);
    assert.equal(await stored(), undefined);
    await send(writer, name, testMessages(0, 3));
    assert.deepEqual((await poll.reply).offsets, [0n, 1n, 2n]);
    await eventually('stored', async () => (await stored()) === 2n);
    const more = wait(waiter, name, { strategy: next, autoCommit: true });
    await isWaiting(waiter, more);
    await send(writer, name, testMessages(3, 1));
    assert.deepEqual((await more.reply).offsets, [3n]);
  });

  it('a stored offset that is put back wakes whoever reads on after it', async () => {
    const waiter = await waitingClient(suite);
    const writer = await suite.login('vsr');
    const name = await createTestTopic(writer);
    await send(writer, name, testMessages(0, 3));
    const store = (offset: bigint) => writer.call(storeConsumerOffset, { ...name, consumer, partition: 0, offset });
    await store(2n);
    const poll = wait(waiter, name, { strategy: next });
    await isWaiting(waiter, poll);
    await store(0n);
    assert.deepEqual((await poll.reply).offsets, [1n, 2n]);
  });

  it('refusals come at once', async () => {
    const waiter = await waitingClient(suite);
    const name = await createTestTopic(await suite.login('vsr'));
    await refused(wait(waiter, { ...name, stream: 'missing' }).reply, 1009);
    await refused(wait(waiter, { ...name, topic: 'missing' }).reply, 2010);
    await refused(wait(waiter, name, { partition: 7 }).reply, 3007);
    await refused(wait(waiter, name, { consumer: groupConsumer }).reply, 5000);
    for (const bytes of [0, 7, 8, 1025]) await refused(waiter.beginRaw(waitForMessages, Buffer.alloc(bytes)).reply, 3);
  });

  it('are taken back by their number, without reading anything', async () => {
    const waiter = await waitingClient(suite);
    const writer = await suite.login('vsr');
    const name = await createTestTopic(writer);
    const [first, second] = [wait(waiter, name, { strategy: next, autoCommit: true }), wait(waiter, name)] as const;
    await isWaiting(waiter, second);
    await waiter.call(stopWaiting, { request: first.number });
    assert.deepEqual((await first.reply).offsets, []);
    await waiter.call(stopWaiting, { request: first.number });
    await isWaiting(waiter, second);
    await send(writer, name, testMessages(0, 1));
    assert.deepEqual((await second.reply).offsets, [0n]);
    assert.equal(await writer.call(getConsumerOffset, { ...name, consumer, partition: 0 }), undefined);
  });

  it('nobody takes back the polls of another connection', async () => {
    const [waiter, stranger] = [await waitingClient(suite), await waitingClient(suite)];
    const name = await createTestTopic(await suite.login('vsr'));
    const poll = wait(waiter, name);
    await isWaiting(waiter, poll);
    await stranger.call(stopWaiting, { request: poll.number });
    await isWaiting(waiter, poll);
  });

  describe('end with what they wait for', () => {
    const ends = {
      'a topic that is deleted': [(client: RawClient, name: TopicName) => client.call(deleteTopic, name), 2010],
      'a stream that is deleted': [(client: RawClient, { stream }: TopicName) => client.call(deleteStream, { stream }), 1009],
      'a partition that is deleted': [
        (client: RawClient, name: TopicName) => client.call(deletePartitions, { ...name, partitionsCount: 1 }),
        3007,
      ],
    } as const;
    for (const [what, [end, status]] of Object.entries(ends)) {
      it(what, async () => {
        const waiter = await waitingClient(suite);
        const writer = await suite.login('vsr');
        const name = await createTestTopic(writer);
        const poll = wait(waiter, name);
        await isWaiting(waiter, poll);
        await end(writer, name);
        await refused(poll.reply, status);
      });
    }

    it('a topic that is purged', async () => {
      const waiter = await waitingClient(suite);
      const writer = await suite.login('vsr');
      const name = await createTestTopic(writer);
      await send(writer, name, testMessages(0, 3));
      const poll = wait(waiter, name, { strategy: { kind: PollingKind.offset, value: 3n } });
      await isWaiting(waiter, poll);
      await writer.call(purgeTopic, name);
      assert.deepEqual(await poll.reply, { partition: 0, currentOffset: 0n, offsets: [] });
    });

    it('a permission that is taken away, at the latest with the next message', async () => {
      const root = await suite.login('vsr');
      const name = await createTestTopic(root);
      const user = await createTestUser(root);
      const grant = (global: 'pollMessages'[]) => root.call(updatePermissions, { user: user.id, permissions: permissionsOf({ global }) });
      await grant(['pollMessages']);
      const client = await suite.connect('vsr');
      await client.login(user.username, user.password);
      const waiter = new Multiplexed(client);
      const poll = wait(waiter, name);
      await isWaiting(waiter, poll);
      await grant([]);
      await send(root, name, testMessages(0, 1));
      await refused(poll.reply, 41);
      await refused(wait(waiter, name).reply, 41);
    });

    it('a user who is deleted, a login, a session that another connection takes over', async () => {
      const root = await suite.login('vsr');
      const name = await createTestTopic(root);
      const user = await createTestUser(root);
      await root.call(updatePermissions, { user: user.id, permissions: permissionsOf({ global: ['pollMessages'] }) });
      const client = await suite.connect('vsr');
      await client.login(user.username, user.password);
      const waiter = new Multiplexed(client);
      const poll = wait(waiter, name);
      await isWaiting(waiter, poll);
      await root.call(deleteUser, { user: user.id });
      await refused(poll.reply, 40);

      const leaving = await waitingClient(suite);
      const last = wait(leaving, name);
      await isWaiting(leaving, last);
      // Two frames arrive: the answer to the poll, then that of the logout.
      const loggedOut = leaving.client.next();
      leaving.client.socket.write(leaving.client.vsrFrame(3, Buffer.alloc(0)));
      await refused(last.reply, 40);
      assert.equal((await loggedOut).operation, 3);

      const former = await suite.connect('vsr');
      await former.login('iggy', 'iggy', 77n);
      const overtaken = new Multiplexed(former);
      const held = wait(overtaken, name);
      await isWaiting(overtaken, held);
      await (await suite.connect('vsr')).login('iggy', 'iggy', 77n);
      await refused(held.reply, 40);
    });
  });

  describe('of groups', () => {
    const asMember = { consumer: groupConsumer, strategy: next, autoCommit: true };

    it('deliver and commit for the group', async () => {
      const waiter = await waitingClient(suite);
      const writer = await suite.login('vsr');
      const name = await createTestGroup(writer, 1);
      await join(waiter.client, name);
      const poll = wait(waiter, name, asMember);
      await isWaiting(waiter, poll);
      await send(writer, name, testMessages(0, 2));
      assert.deepEqual((await poll.reply).offsets, [0n, 1n]);
      const stored = async () => (await writer.call(getConsumerOffset, { ...name, consumer: groupConsumer, partition: 0 }))?.storedOffset;
      await eventually('stored', async () => (await stored()) === 1n);
      const more = wait(waiter, name, asMember);
      await isWaiting(waiter, more);
      await send(writer, name, testMessages(2, 1));
      assert.deepEqual((await more.reply).offsets, [2n]);
    });

    it('whoever is no member, or does not own the partition, is told to synchronise at once', async () => {
      const waiter = await waitingClient(suite);
      const writer = await suite.login('vsr');
      const name = await createTestGroup(writer, 2);
      assert.equal((await wait(waiter, name, asMember).reply).partition, resyncPartition);
      await join(writer, name);
      await join(waiter.client, name);
      assert.equal((await wait(waiter, name, asMember).reply).partition, resyncPartition);
      await isWaiting(waiter, wait(waiter, name, { ...asMember, partition: 1 }));
      await refused(wait(waiter, name, { ...asMember, partition: undefined }).reply, 3);
    });

    it('a rebalance tells all members to synchronise, whether somebody comes or goes', async () => {
      const waiter = await waitingClient(suite);
      const writer = await suite.login('vsr');
      const name = await createTestGroup(writer, 2);
      await join(waiter.client, name);
      const polls = [0, 1].map((partition) => wait(waiter, name, { ...asMember, partition }));
      for (const poll of polls) await isWaiting(waiter, poll);
      const newcomer = await suite.login('vsr');
      await join(newcomer, name);
      for (const poll of polls) assert.deepEqual(await poll.reply, { partition: resyncPartition, currentOffset: 0n, offsets: [] });
      const kept = wait(waiter, name, asMember);
      await isWaiting(waiter, kept);
      newcomer.close();
      assert.equal((await kept.reply).partition, resyncPartition);
    });

    it('a rebalance between two polls is told to the next one, until the member has synchronised', async () => {
      const waiter = await waitingClient(suite);
      const writer = await suite.login('vsr');
      const name = await createTestGroup(writer, 2);
      await join(waiter.client, name);
      await waiter.client.call(syncConsumerGroup, name);
      const newcomer = await suite.login('vsr');
      await join(newcomer, name);
      assert.equal((await wait(waiter, name, asMember).reply).partition, resyncPartition);
      await waiter.client.call(syncConsumerGroup, name);
      await isWaiting(waiter, wait(waiter, name, asMember));
    });

    it('a group that is deleted', async () => {
      const waiter = await waitingClient(suite);
      const writer = await suite.login('vsr');
      const name = await createTestGroup(writer, 1);
      await writer.call(createConsumerGroup, { ...name, name: 'other' });
      await join(waiter.client, name);
      await waiter.client.call(joinConsumerGroup, { ...name, group: 'other' });
      const poll = wait(waiter, name, asMember);
      const other = wait(waiter, name, { ...asMember, consumer: { ...groupConsumer, id: 'other' } });
      await isWaiting(waiter, poll);
      await writer.call(deleteConsumerGroup, name);
      await refused(poll.reply, 5000);
      await isWaiting(waiter, other);
    });
  });
});

serverSuite(
  'limits of polls that wait',
  { LIMITS_WAITING_POLLS_MAX: '5', LIMITS_CONNECTION_WAITING_POLLS_MAX: '3', LIMITS_UNANSWERED_REQUESTS_MAX: '1' },
  (suite) => {
    it('beyond them a poll does not wait; there is room again when others end, however they end', async () => {
      const [first, second] = [await waitingClient(suite), await waitingClient(suite)];
      const name = await createTestTopic(await suite.login('vsr'));
      const three = [1, 2, 3].map(() => wait(first, name));
      for (const poll of three) await isWaiting(first, poll);
      assert.deepEqual((await wait(first, name).reply).offsets, [], 'a fourth one of a connection');
      const two = [1, 2].map(() => wait(second, name));
      for (const poll of two) await isWaiting(second, poll);
      assert.deepEqual((await wait(second, name).reply).offsets, [], 'a sixth one of all');
      await first.call(stopWaiting, { request: three[0]?.number as bigint });
      await isWaiting(second, wait(second, name));
      first.client.close();
      const third = await waitingClient(suite);
      let last = wait(third, name);
      await eventually('room', async () => {
        const waits = await Promise.race([last.reply.then(() => false), sleep(50, true)]);
        if (!waits) last = wait(third, name);
        return waits;
      });
      await isWaiting(third, last);
    });
  },
);

serverSuite('without waiting', { LONG_POLL_WAIT_MAX: '0 s' }, (suite) => {
  it('the server says so, and answers at once', async () => {
    const waiter = await waitingClient(suite);
    const name = await createTestTopic(await suite.login('vsr'));
    assert.deepEqual(await waiter.call(getExtensions, undefined), { longestWaitMs: 0 });
    assert.deepEqual((await wait(waiter, name).reply).offsets, []);
  });
});
