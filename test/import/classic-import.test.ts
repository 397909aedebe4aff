import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { hash } from '@node-rs/argon2';
import { blake3 } from 'hash-wasm';
import { getConsumerOffset } from '../../src/protocol/commands/get-consumer-offset.ts';
import { getPersonalAccessTokens } from '../../src/protocol/commands/get-personal-access-tokens.ts';
import { getStreams } from '../../src/protocol/commands/get-streams.ts';
import { getTopic } from '../../src/protocol/commands/get-topic.ts';
import { getUser } from '../../src/protocol/commands/get-user.ts';
import { getUsers } from '../../src/protocol/commands/get-users.ts';
import { joinConsumerGroup } from '../../src/protocol/commands/join-consumer-group.ts';
import { PollingKind } from '../../src/protocol/primitives/polling-strategy.ts';
import { generations, poll, send, testMessages } from '../support/messages.ts';
import { RawClient, StatusError } from '../support/raw-client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { permissionsOf } from '../support/users.ts';
import { logFile, StateLogWriter, writeLog, writeOffset } from './support/iggy-folder.ts';
import { concat, named, numeric, short as shortText, u8, u32, u64 } from './support/little-endian.ts';
import { assertReadsBack } from './support/read-back.ts';
import { runImport } from './support/run-import.ts';
import { frame08, type Stored, stored } from './support/stored-messages.ts';

const startedAt = 1_700_000_000_000_000n;
const permissions = permissionsOf({
  global: ['readServers'],
  streams: { 3: { flags: ['readStream'], topics: { 1: ['pollMessages', 'sendMessages'] } } },
});

describe('a data folder of Iggy 0.8', () => {
  const folder = temporaryFolder();
  const source = path.join(folder.path, 'iggy');
  const destination = path.join(folder.path, 'galgo');
  // Retention has removed what was before 5000; batches of several sizes; one time stamp a batch.
  const retained = [
    ...stored(testMessages(0, 900), 5000n, startedAt, 7),
    ...stored(testMessages(900, 40, 60_000), 5900n, startedAt + 10_000_000n, 40),
    ...stored(testMessages(940, 100), 5940n, startedAt + 20_000_000n, 1),
  ];
  const short = stored(testMessages(2000, 20), 0n, startedAt, 5);
  let server: ServerProcess;
  let before08: Map<string, string>;

  before(async () => {
    const state = new StateLogWriter()
      .user(0, 'iggy', await hash('root password'))
      .user(1, 'reader', await hash('old password'), permissions)
      .user(2, 'gone', await hash('irrelevant'))
      .user(5, 'sleeper', await hash('sleeping'), undefined, false)
      .add(34, named('gone'))
      .add(37, concat(numeric(1), u8(0), shortText(await hash('reader password'))))
      .add(35, concat(named('reader'), u8(1), shortText('lector'), u8(0)))
      .token(1, 'robot', await blake3('robot token'))
      .token(1, 'deleted', await blake3('deleted token'))
      .add(43, shortText('deleted'), { userId: 1 })
      .token(0, 'ended', await blake3('ended token'), 1n)
      .stream(0, 'removed')
      .add(203, numeric(0))
      .stream(3, 'orders', startedAt)
      .topic(3, 1, 'placed', 1, { compression: 2, expiry: 86_400_000_000n, maxSize: 50_000_000_000n, replication: 3 })
      .topic(3, 2, 'other name', 3)
      .add(304, concat(named('orders'), numeric(2), u8(1), u64(0), u64(0), u8(1), shortText('many')))
      .add(403, concat(numeric(3), numeric(2), u32(2)))
      .add(402, concat(numeric(3), numeric(2), u32(1)), { timestamp: startedAt + 5n })
      .group(3, 1, 0, 'dissolved')
      .group(3, 1, 4, 'workers')
      .add(603, concat(numeric(3), numeric(1), named('dissolved')))
      .add(205, named('orders'))
      .add(503, concat(numeric(3), numeric(1), u32(0), u32(2)));
    state.write(source);
    const half = retained.slice(0, 500);
    writeLog(
      source,
      [3, 1, 0],
      5000n,
      half.map((each) => frame08(each)),
    );
    writeLog(
      source,
      [3, 1, 0],
      5500n,
      retained.slice(500).map((each) => frame08(each)),
    );
    // An index that is nonsense, which nobody looks at; for the second log there is none.
    writeFileSync(logFile(source, [3, 1, 0], 5000n).replace('.log', '.index'), Buffer.alloc(37, 0xff));
    writeLog(
      source,
      [3, 2, 0],
      0n,
      short.map((each) => frame08(each)),
    );
    writeLog(source, [3, 2, 1], 700n, []);
    writeOffset(source, [3, 1, 0], 'consumers', 77, 5432n);
    writeOffset(source, [3, 1, 0], 'groups', 4, 5899n);
    writeOffset(source, [3, 1, 0], 'groups', 0, 5001n);
    writeOffset(source, [3, 2, 0], 'consumers', 1, 1_000_000n);
    before08 = contents(source);

    const { report, layout } = await runImport({ source, destination });
    assert.equal(layout, '0.8');
    assert.deepEqual(report.counts, {
      streams: 1,
      topics: 2,
      partitions: 3,
      segments: 4,
      messages: retained.length + short.length,
      logBytes: [...before08].filter(([name]) => name.endsWith('.log')).reduce((sum, [name]) => sum + statSync(name).size, 0),
      consumerOffsets: 3,
      groups: 1,
      users: 3,
      tokens: 1,
    });
    assert.equal(report.complete, true);
    server = await startServerProcess(destination);
  });

  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  const connect = async (generation: (typeof generations)[number], username = 'iggy', password = 'root password') => {
    const client = await RawClient.connect(server.address, generation);
    await client.login(username, password);
    return client;
  };

  it('is not written to', () => assert.deepEqual(contents(source), before08));

  for (const generation of generations) {
    it(`${generation}: every message is read with its offset, time stamps, id and headers`, async () => {
      const client = await connect(generation);
      await assertReadsBack(client, { stream: 'orders', topic: 'placed' }, 0, retained);
      await assertReadsBack(client, { stream: 'orders', topic: 'many' }, 0, short);
      const polled = await poll(
        client,
        { stream: 'orders', topic: 'placed' },
        {
          strategy: { kind: PollingKind.timestamp, value: startedAt + 10_000_000n },
          count: 1,
        },
      );
      assert.equal(polled.messages[0]?.offset, 5900n);
      client.close();
    });

    it(`${generation}: consumers go on where they were`, async () => {
      const client = await connect(generation);
      const name = { stream: 'orders', topic: 'placed' };
      const single = await client.call(getConsumerOffset, { ...name, consumer: { kind: 1, id: 77 }, partition: 0 });
      assert.equal(single?.storedOffset, 5432n);
      const clamped = await client.call(getConsumerOffset, { stream: 'orders', topic: 'many', consumer: { kind: 1, id: 1 }, partition: 0 });
      assert.equal(clamped?.storedOffset, 19n);
      await client.call(joinConsumerGroup, { ...name, group: 'workers' });
      const next = await poll(client, name, {
        consumer: { kind: 2, id: 'workers' },
        partition: generation === 'classic' ? undefined : 0,
        strategy: { kind: PollingKind.next, value: 0n },
        count: 1,
      });
      assert.equal(next.messages[0]?.offset, 5900n);
      client.close();
    });
  }

  it('keeps ids, names, settings and times of streams, topics and groups', async () => {
    const client = await connect('classic');
    const streams = await client.call(getStreams, undefined);
    assert.deepEqual(
      streams?.map(({ id, name, createdAt, topicsCount }) => ({ id, name, createdAt, topicsCount })),
      [{ id: 3, name: 'orders', createdAt: startedAt, topicsCount: 2 }],
    );
    const placed = await client.call(getTopic, { stream: 3, topic: 1 });
    assert.equal(placed?.name, 'placed');
    assert.equal(placed?.compression, 2);
    assert.equal(placed?.messageExpiry, 86_400_000_000n);
    assert.equal(placed?.maxTopicSize, 50_000_000_000n);
    assert.equal(placed?.replicationFactor, 3);
    assert.equal(placed?.messagesCount, BigInt(retained.length));
    const many = await client.call(getTopic, { stream: 3, topic: 2 });
    assert.equal(many?.partitions.length, 2);
    assert.equal(many?.partitions[1]?.createdAt, startedAt + 5n);
    client.close();
  });

  it('lets users in with their passwords, and tokens with their texts', async () => {
    const root = await connect('vsr');
    assert.deepEqual(
      (await root.call(getUsers, undefined))?.map(({ id, username }) => [id, username]),
      [
        [0, 'iggy'],
        [1, 'lector'],
        [5, 'sleeper'],
      ],
    );
    assert.deepEqual((await root.call(getUser, { user: 1 }))?.permissions, permissions);
    for (const generation of generations) {
      const lector = await connect(generation, 'lector', 'reader password');
      assert.equal((await poll(lector, { stream: 'orders', topic: 'placed' }, { count: 1 })).messages.length, 1);
      assert.deepEqual(
        (await lector.call(getPersonalAccessTokens, undefined))?.map(({ name }) => name),
        ['robot'],
      );
      lector.close();
      await assert.rejects(connect(generation, 'lector', 'old password'), StatusError);
      await assert.rejects(connect(generation, 'sleeper', 'sleeping'), StatusError);
      const robot = await RawClient.connect(server.address, generation);
      assert.equal(await robot.loginWithToken('robot token'), 1);
      robot.close();
      for (const text of ['deleted token', 'ended token', 'robot toke']) {
        const stranger = await RawClient.connect(server.address, generation);
        await assert.rejects(stranger.loginWithToken(text), StatusError);
        stranger.close();
      }
    }
    root.close();
  });

  it('takes new messages behind the old ones, also where all were removed', async () => {
    const client = await connect('classic');
    const last = retained.at(-1) as Stored;
    await send(client, { stream: 'orders', topic: 'placed' }, testMessages(0, 1));
    const polled = await poll(client, { stream: 'orders', topic: 'placed' }, { strategy: { kind: PollingKind.last, value: 0n }, count: 1 });
    assert.equal(polled.messages[0]?.offset, last.offset + 1n);
    await send(client, { stream: 'orders', topic: 'many' }, testMessages(0, 1), { kind: 'partition', partition: 1 });
    const emptied = await poll(client, { stream: 'orders', topic: 'many' }, { partition: 1 });
    assert.equal(emptied.messages[0]?.offset, 700n);
    client.close();
  });
});

function contents(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name));
  return new Map(files.filter((file) => statSync(file).isFile()).map((file) => [file, readFileSync(file, 'latin1')]));
}
