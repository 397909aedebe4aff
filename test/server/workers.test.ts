// A server with worker threads: what one connection was told of holds at once on every other, whatever thread serves it. The servers give every connection to
// another thread than the one before it, so that any three that are opened one after another are on three threads.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { encodeBatch } from '../../src/protocol/batch/vsr-batch.ts';
import { createPartitions } from '../../src/protocol/commands/create-partitions.ts';
import { createTopic } from '../../src/protocol/commands/create-topic.ts';
import { deleteTopic } from '../../src/protocol/commands/delete-topic.ts';
import { deleteUser } from '../../src/protocol/commands/delete-user.ts';
import { getClients } from '../../src/protocol/commands/get-clients.ts';
import { getConsumerOffset } from '../../src/protocol/commands/get-consumer-offset.ts';
import { getMe } from '../../src/protocol/commands/get-me.ts';
import { ping } from '../../src/protocol/commands/ping.ts';
import { sendMessages } from '../../src/protocol/commands/send-messages.ts';
import { storeConsumerOffset } from '../../src/protocol/commands/store-consumer-offset.ts';
import { updatePermissions } from '../../src/protocol/commands/update-permissions.ts';
import { updateTopic } from '../../src/protocol/commands/update-topic.ts';
import { waitForMessages } from '../../src/protocol/commands/wait-for-messages.ts';
import { Operation } from '../../src/protocol/operations.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import { PollingKind } from '../../src/protocol/primitives/polling-strategy.ts';
import { formatTypedValue } from '../../src/protocol/primitives/typed-value.ts';
import { Writer } from '../../src/protocol/writer.ts';
import { xxh3 } from '../protocol/support/xxh3.ts';
import { clientMoves, movesToldOf } from '../support/client-moves.ts';
import { createTestGroup, fill, join, pollAsMember } from '../support/groups.ts';
import { createTestTopic, generations, poll, send, type TopicName, testMessages } from '../support/messages.ts';
import { Multiplexed } from '../support/multiplexed.ts';
import { RawClient } from '../support/raw-client.ts';
import { eventually, refused, type ServerSuite, serverSuite } from '../support/server-suite.ts';
import { startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { createTestUser, permissionsOf } from '../support/users.ts';

const workers = 3;
const onEachThread = clientMoves(workers, 'number');
const rounds = 10;
/** What sends to what does not exist are refused with. */
const notFound = { classic: { topic: 2010, partition: 3007 }, vsr: { topic: 20, partition: 20 } };
const unauthorized = 41;
const unauthenticated = 40;

for (const generation of generations) {
  const tests = (suite: ServerSuite): void => {
    const field = <Value>(value: Value) => (generation === 'classic' ? value : undefined);
    const settings = {
      ...{
        compression: field(1 as const),
        messageExpiry: field(0n),
        maxTopicSize: field(0n),
        replicationFactor: field(1),
        options: noOptions,
      },
    };
    /** One on each thread. */
    const loginOnEach = async (): Promise<[RawClient, RawClient, RawClient]> => [
      await suite.login(generation),
      await suite.login(generation),
      await suite.login(generation),
    ];

    it('a topic is there, changed and gone for all when one of them has been told so', async () => {
      const [admin, ...others] = await loginOnEach();
      for (let round = 0; round < rounds; round++) {
        const name = await createTestTopic(admin);
        await Promise.all(others.map((client) => send(client, name, testMessages(0, 1))));
        await admin.call(createPartitions, { ...name, partitionsCount: 1 });
        await Promise.all(others.map((client) => send(client, name, testMessages(0, 1), { kind: 'partition', partition: 1 })));
        await admin.call(updateTopic, { ...name, name: 'renamed', ...settings });
        const renamed = { ...name, topic: 'renamed' };
        for (const client of others) {
          await refused(send(client, name, testMessages(0, 1)), notFound[generation].topic);
          assert.equal((await poll(client, renamed)).messages.length, 2);
          await refused(send(client, renamed, testMessages(0, 1), { kind: 'partition', partition: 2 }), notFound[generation].partition);
        }
        await admin.call(deleteTopic, renamed);
        await Promise.all(others.map((client) => refused(send(client, renamed, testMessages(0, 1)), notFound[generation].topic)));
      }
    });

    it('what a topic was made anew for does not reach the one before, however busy the others are', async () => {
      const [admin, ...others] = await loginOnEach();
      const name = await createTestTopic(admin);
      let ended = false;
      const busy = others.map(async (client) => {
        while (!ended) await send(client, name, testMessages(0, 1)).catch(() => undefined);
      });
      for (let round = 0; round < rounds; round++) {
        await admin.call(deleteTopic, name);
        await admin.call(createTopic, { stream: name.stream, name: name.topic, partitionsCount: 1, ...settings });
        const { messages } = await poll(admin, name);
        assert.deepEqual(
          messages.map(({ offset }) => offset),
          messages.map((_, index) => BigInt(index)),
        );
      }
      ended = true;
      await Promise.all(busy);
    });

    it('permissions hold for the next request of connections that are open', async () => {
      const root = await suite.login(generation);
      const user = await createTestUser(root, { global: ['sendMessages', 'pollMessages'] });
      const name = await createTestTopic(root);
      const clients = [await suite.connect(generation), await suite.connect(generation)];
      for (const client of clients) await client.login(user.username, user.password);
      for (let round = 0; round < rounds; round++) {
        await root.call(updatePermissions, { user: user.id, permissions: permissionsOf({ global: ['pollMessages'] }) });
        await Promise.all(clients.map((client) => refused(send(client, name, testMessages(0, 1)), unauthorized)));
        await root.call(updatePermissions, { user: user.id, permissions: permissionsOf({ global: ['sendMessages'] }) });
        await Promise.all(
          clients.map(async (client) => {
            await send(client, name, testMessages(0, 1));
            await refused(poll(client, name), unauthorized);
          }),
        );
      }
    });

    it('connections of a user who is deleted are logged in no longer', async () => {
      const root = await suite.login(generation);
      const name = await createTestTopic(root);
      for (let round = 0; round < 5; round++) {
        const user = await createTestUser(root, { global: ['sendMessages'] });
        const clients = [await suite.connect(generation), await suite.connect(generation)];
        for (const client of clients) {
          await client.login(user.username, user.password);
          await send(client, name, testMessages(0, 1));
        }
        await root.call(deleteUser, { user: user.id });
        for (const client of clients) await refused(send(client, name, testMessages(0, 1)), unauthenticated, 0);
      }
    });

    it('every connection is listed, and knows itself', async () => {
      const clients = await loginOnEach();
      const own = await Promise.all(clients.map((client) => client.call(getMe, undefined)));
      assert.equal(new Set(own.map((client) => client?.clientId)).size, workers);
      assert.ok(movesToldOf(suite.server.output()) > 0, 'and some have changed threads');
      for (const client of clients) {
        const listed = (await client.call(getClients, undefined)) ?? [];
        for (const one of own) assert.ok(listed.some(({ clientId, address }) => clientId === one?.clientId && address === one?.address));
      }
      clients[1].close();
      await eventually('it is gone', async () =>
        ((await clients[0].call(getClients, undefined)) ?? []).every(({ clientId }) => clientId !== own[1]?.clientId),
      );
    });

    it('an offset that one connection stored is what another one finds', async () => {
      const [writer, reader] = await loginOnEach();
      const name = await createTestTopic(writer);
      await send(writer, name, testMessages(0, rounds));
      for (let offset = 0n; offset < BigInt(rounds); offset++) {
        const key = { ...name, consumer: { kind: 1, id: 'single' } as const, partition: 0 };
        await writer.call(storeConsumerOffset, { ...key, offset });
        assert.equal((await reader.call(getConsumerOffset, key))?.storedOffset, offset);
      }
    });

    it('the members of a group share its partitions, and what one is given no other is', async () => {
      const clients = await loginOnEach();
      const name = await createTestGroup(clients[0], 3);
      await fill(clients[0], name, 3, 10);
      for (const client of clients) await join(client, name);
      const seen: string[] = [];
      for (let round = 0; round < 6 && seen.length < 30; round++) {
        for (const client of clients) {
          const { partition, messages } = await pollAsMember(client, name, { autoCommit: true });
          for (const { offset } of messages) seen.push(`${partition}/${offset}`);
        }
      }
      assert.equal(new Set(seen).size, 30);
      assert.equal(seen.length, 30);
    });
  };
  serverSuite(`${generation}: ${workers} workers`, {}, tests, onEachThread);
}

const threadChanges = (suite: ServerSuite): void => {
  const bodyOf = (name: TopicName, number: number): Buffer => {
    const writer = new Writer();
    const batch = encodeBatch(testMessages(number, 1), xxh3);
    sendMessages.encodeRequest(writer, { ...name, partitioning: { kind: 'partition', partition: 0 }, count: 1, batch }, 'vsr');
    return writer.written;
  };

  it('find what became of sends that were under way when the connection was lost', async () => {
    const admin = await suite.login('vsr');
    const durable = new Map([['galgo.durability', formatTypedValue({ kind: 'string', value: 'group' })]]);
    const name = await createTestTopic(admin, 1, durable);
    const clientId = 77n;
    const sendsPerRound = 100;
    for (let round = 0; round < rounds; round++) {
      const client = await suite.connect('vsr');
      await client.login('iggy', 'iggy', clientId);
      const first = round * sendsPerRound + 1;
      const numbers = Array.from({ length: sendsPerRound }, (_, index) => first + index);
      const replies = numbers.map((number) => client.vsr(Operation.sendMessages, bodyOf(name, number), { request: BigInt(number) }));
      for (const reply of replies) reply.catch(() => undefined);
      await replies[round * 4];
      // Every other round the old connection is still open, and loses its login to the new one.
      if (round % 2 === 0) client.close();
      const back = await suite.connect('vsr');
      await back.login('iggy', 'iggy', clientId);
      const offsets = await Promise.all(
        numbers.map(async (number) => {
          const reply = await back.vsr(Operation.sendMessages, bodyOf(name, number), { request: BigInt(number) });
          assert.equal(reply.status, 0, `request ${number}`);
          return reply.body.readBigUInt64LE(16);
        }),
      );
      assert.equal(new Set(offsets).size, sendsPerRound, `round ${round}`);
      back.close();
    }
    const ids: bigint[] = [];
    for (let polled = 0; polled < rounds * sendsPerRound; ) {
      const { messages } = await poll(admin, name, { strategy: { kind: PollingKind.offset, value: BigInt(polled) } });
      assert.ok(messages.length > 0);
      ids.push(...messages.map(({ id }) => id));
      polled += messages.length;
    }
    assert.equal(ids.length, rounds * sendsPerRound, 'nothing is stored twice');
    assert.equal(new Set(ids).size, ids.length);
  });

  it('are woken, while they wait for messages, by sends of other threads', async () => {
    const [writer, other] = [await suite.login('vsr'), await suite.login('classic')];
    const waiter = new Multiplexed(await suite.login('vsr'));
    const name = await createTestTopic(writer);
    for (let offset = 0n; offset < BigInt(rounds); offset++) {
      const { reply } = waiter.begin(waitForMessages, {
        ...{ ...name, consumer: { kind: 1, id: 1 }, partition: 0, strategy: { kind: PollingKind.offset, value: offset } },
        ...{ count: 10, autoCommit: false, waitMs: 20_000, messages: 1 },
      });
      // Now and then the message comes while the wait begins.
      if (offset % 2n === 0n) await waiter.call(ping, undefined);
      await send(offset % 4n < 2n ? writer : other, name, testMessages(Number(offset), 1));
      assert.equal((await reply).count, 1);
    }
  });
};
serverSuite('VSR clients that change threads', {}, threadChanges, onEachThread);

const gathering = (suite: ServerSuite): void => {
  const moves = (): number => movesToldOf(suite.server.output());

  it('goes back to the first one by itself when it asks for little', async () => {
    const client = await suite.login('vsr');
    const moved = (times: number) => async (): Promise<boolean> => {
      await client.call(ping, undefined);
      return moves() === times;
    };
    await eventually('it has left the first thread', moved(1));
    await eventually('it is back', moved(2));
    await client.call(ping, undefined);
  });
};
serverSuite('a connection on another thread', {}, gathering, clientMoves(workers, 'once'));

it('a worker that fails ends the server with an error, and nothing that was acknowledged is lost', async () => {
  const folder = temporaryFolder();
  const failing = `process.on('worker', (worker) => process.once('SIGUSR2', () => worker.terminate()))`;
  const environment = {
    GALGO_SERVER_WORKERS: String(workers),
    NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(failing)}`,
  };
  const server = await startServerProcess(folder.path, environment);
  const client = await RawClient.connect(server.address, 'vsr');
  await client.login();
  const name = await createTestTopic(client);
  let acknowledged = 0;
  const sending = (async () => {
    for (;;) {
      await send(client, name, testMessages(acknowledged, 1));
      acknowledged++;
    }
  })();
  sending.catch(() => undefined);
  await eventually('some are acknowledged', () => acknowledged > 100);
  process.kill(server.pid, 'SIGUSR2');
  await assert.rejects(sending);
  assert.equal(await server.stop(), 1, server.output());
  assert.match(server.output(), /worker thread \d ended/);

  const again = await startServerProcess(folder.path, { GALGO_SERVER_WORKERS: '1' });
  const reader = await RawClient.connect(again.address, 'vsr');
  await reader.login();
  const { currentOffset } = await poll(reader, name);
  assert.ok(Number(currentOffset) + 1 >= acknowledged, `${currentOffset}, ${acknowledged}`);
  reader.close();
  assert.equal(await again.stop(), 0);
  folder.remove();
});
