import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { hash } from '@node-rs/argon2';
import { blake3 } from 'hash-wasm';
import { getConsumerGroups } from '../../src/protocol/commands/get-consumer-groups.ts';
import { getConsumerOffset } from '../../src/protocol/commands/get-consumer-offset.ts';
import { getStreams } from '../../src/protocol/commands/get-streams.ts';
import { getTopic } from '../../src/protocol/commands/get-topic.ts';
import { getUsers } from '../../src/protocol/commands/get-users.ts';
import { generations, testMessages } from '../support/messages.ts';
import { RawClient, StatusError } from '../support/raw-client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { partitionFolder, writeLog, writeOffset } from './support/iggy-folder.ts';
import { concat, named, numeric, short, u8, u32, u64, zeros } from './support/little-endian.ts';
import { assertReadsBack } from './support/read-back.ts';
import { runImport } from './support/run-import.ts';
import { record09, type Stored, stored } from './support/stored-messages.ts';
import { createTopicBody, JournalWriter, option, packedOption, writeSnapshot, writeSuperblock } from './support/vsr-metadata.ts';

const startedAt = 1_700_000_000_000_000n;

/** Records of `size` messages each. */
function records(messages: readonly Stored[], size: number): Buffer[] {
  const made: Buffer[] = [];
  for (let at = 0; at < messages.length; at += size) made.push(record09(messages.slice(at, at + size), 0));
  return made;
}

async function sampleSnapshot(): Promise<unknown> {
  const statistics = [0, 0, 0];
  const allFlags = Array.from({ length: 10 }, () => true);
  const noFlags = Array.from({ length: 10 }, () => false);
  const topic = [
    4,
    'placed',
    startedAt,
    604_800_000_000n,
    'gzip',
    0xffff_ffff_ffff_ffffn,
    statistics,
    [
      [0, 1000, startedAt + 1n, 5, 0, 0, 0],
      [1, 1001, startedAt + 2n, 5, 0, 0, 0],
    ],
    [[2, [2, 9, 'workers', [], new Map()]]],
    3,
    new Map([
      packedOption('message_expiry', 'uint64', u64(604_800_000_000n), true),
      packedOption('max_topic_size', 'uint64', u64(0xffff_ffff_ffff_ffffn), false),
      packedOption('durability', 'string', Buffer.from('persisted'), true),
      packedOption('enforce_fsync', 'bool', u8(1), true),
    ]),
  ];
  const users = [
    [
      [0, [0, 'iggy', await hash('root password'), 'active', 1, [allFlags, null], new Map()]],
      [
        2,
        [
          2,
          'reader',
          await hash('reader password'),
          'active',
          startedAt,
          [noFlags, new Map([[3, [true, false, false, false, true, false, new Map([[4, [false, true, true, true]]])]]])],
          new Map(),
        ],
      ],
    ],
    [[2, [['robot', [2, 'robot', await blake3('robot token'), null]]]]],
    [[], [], [], [], [], []],
  ];
  const stream = [3, 'orders', startedAt, statistics, [[4, topic]], new Map()];
  return [3, startedAt, 50n, users, [[[3, stream]], 12], null, 9000];
}

describe('a data folder of Iggy 0.9', () => {
  const folder = temporaryFolder();
  const source = path.join(folder.path, 'iggy');
  const destination = path.join(folder.path, 'galgo');
  const many = stored(testMessages(0, 2000), 100n, startedAt, 25);
  const large = stored(testMessages(2000, 3, 900_000), 0n, startedAt, 3);
  let server: ServerProcess;

  before(async () => {
    writeSnapshot(source, await sampleSnapshot());
    const journal = new JournalWriter(49n)
      .add(128, short('is in the snapshot'))
      .add(128, short('so is this'))
      .add(1, zeros(40))
      .add(128, short('metrics'), { timestamp: startedAt + 9n })
      .add(64, createTopicBody(named('metrics'), 2, short('cpu'), option('segment_size', 12, u64(1_048_576))))
      .add(64, createTopicBody(named('metrics'), 1, short('cpu')))
      .add(133, concat(numeric(0), numeric(0), short('cpu'), option('compression_algorithm', 2, Buffer.from('gzip'))))
      .add(139, concat(numeric(3), numeric(4), short('late')))
      .add(139, concat(numeric(3), numeric(4), short('workers')))
      .add(141, concat(short('writer'), short(await hash('writer password')), u8(1), u8(0)))
      .add(128, short('may not'), { userId: 2 })
      .add(144, concat(named('reader'), u8(0), u8(0)), { userId: 2 })
      .add(146, concat(u32(2), short('second'), u64(0), Buffer.from(await blake3('second token'))), { userId: 2 })
      .add(147, concat(u32(2), short('robot'), u8(1)))
      .add(137, concat(named('metrics'), named('cpu'), u32(1)), { seal: false })
      .add(160, zeros(0), { op: 64n })
      .add(128, short('replaced'), { op: 64n })
      .add(128, short('last'), { op: 64n, view: 8 });
    journal.write(source);
    writeSuperblock(source, 'a', { sequence: 4n, commitMax: 40n });
    writeSuperblock(source, 'b', { sequence: 5n, commitMax: 60n, checkpointOp: 50n });
    writeLog(source, [3, 4, 0], 100n, records(many.slice(0, 1000), 25));
    writeLog(source, [3, 4, 0], 1100n, records(many.slice(1000), 25));
    writeLog(source, [3, 4, 1], 0n, records(large, 3));
    writeLog(source, [0, 0, 0], 0n, []);
    writeOffset(source, [3, 4, 0], 'consumers', 9, 333n, '0.9');
    writeOffset(source, [3, 4, 0], 'groups', 2, 444n, '0.9');
    writeOffset(source, [3, 4, 0], 'groups', 3, 445n, '0.8');
    // A stream without partitions has no folder.
    const { report, layout } = await runImport({ source, destination });
    assert.equal(layout, '0.9');
    assert.deepEqual(report.notCarried, []);
    assert.equal(report.counts.messages, many.length + large.length);
    assert.equal(report.counts.consumerOffsets, 3);
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

  for (const generation of generations) {
    it(`${generation}: every message is read with its offset, time stamps, id and headers`, async () => {
      const client = await connect(generation);
      await assertReadsBack(client, { stream: 'orders', topic: 'placed' }, 0, many);
      await assertReadsBack(client, { stream: 'orders', topic: 'placed' }, 1, large);
      client.close();
    });
  }

  it('keeps what the snapshot holds and what the journal changed', async () => {
    const client = await connect('vsr');
    assert.deepEqual(
      (await client.call(getStreams, undefined))?.map(({ id, name }) => [id, name]),
      [
        [0, 'metrics'],
        [1, 'last'],
        [3, 'orders'],
      ],
    );
    const placed = await client.call(getTopic, { stream: 3, topic: 4 });
    assert.equal(placed?.compression, 2);
    assert.equal(placed?.messageExpiry, 604_800_000_000n);
    assert.equal(Buffer.from(placed?.options.get('durability')?.bytes ?? []).toString(), 'persisted');
    assert.deepEqual(
      placed?.partitions.map(({ createdAt }) => createdAt),
      [startedAt + 1n, startedAt + 2n],
    );
    const cpu = await client.call(getTopic, { stream: 'metrics', topic: 'cpu' });
    assert.equal(cpu?.partitions.length, 1);
    assert.equal(cpu?.compression, 2);
    assert.deepEqual(cpu?.options.get('segment_size')?.bytes, new Uint8Array(u64(1_048_576)));
    const groups = await client.call(getConsumerGroups, { stream: 3, topic: 4 });
    assert.deepEqual(
      groups?.map(({ id, name }) => [id, name]),
      [
        [2, 'workers'],
        [3, 'late'],
      ],
    );
    const offset = await client.call(getConsumerOffset, { stream: 3, topic: 4, consumer: { kind: 2, id: 'late' }, partition: 0 });
    assert.equal(offset?.storedOffset, 445n);
    client.close();
  });

  it('lets users and tokens in', async () => {
    const root = await connect('classic');
    assert.deepEqual(
      (await root.call(getUsers, undefined))?.map(({ id, username }) => [id, username]),
      [
        [0, 'iggy'],
        [1, 'writer'],
        [2, 'reader'],
      ],
    );
    root.close();
    for (const generation of generations) {
      (await connect(generation, 'writer', 'writer password')).close();
      (await connect(generation, 'reader', 'reader password')).close();
      for (const token of ['robot token', 'second token']) {
        const robot = await RawClient.connect(server.address, generation);
        assert.equal(await robot.loginWithToken(token), 2);
        robot.close();
      }
    }
    await assert.rejects(connect('vsr', 'iggy', 'iggy'), StatusError);
  });
});

describe('a journal of Iggy 0.9 without a snapshot', () => {
  const folder = temporaryFolder();
  after(() => folder.remove());
  let folders = 0;
  const newSource = () => path.join(folder.path, `iggy${folders++}`);

  it('leaves the root user to the first start', async () => {
    const source = newSource();
    new JournalWriter().add(128, short('only')).write(source);
    const destination = `${source}-copy`;
    const { report } = await runImport({ source, destination });
    assert.match(report.notes.join(), /root user is not in the source/);
    const server = await startServerProcess(destination);
    const client = await RawClient.connect(server.address, 'vsr');
    await client.login();
    assert.equal((await client.call(getStreams, undefined))?.length, 1);
    client.close();
    assert.equal(await server.stop(), 0);
  });

  it('is taken as far as the cluster had committed it', async () => {
    const source = newSource();
    const journal = new JournalWriter();
    for (const name of ['first', 'second', 'third', 'fourth']) journal.add(128, short(name), { commit: 0n });
    journal.write(source);
    writeSuperblock(source, 'a', { sequence: 1n, replicas: 3, commitMax: 3n });
    const { report } = await runImport({ source });
    assert.equal(report.counts.streams, 3);
    assert.match(report.notes.join(), /1 changes of metadata were not yet committed/);
  });

  it('names its faults', async () => {
    const journal = () => new JournalWriter().add(128, short('first')).add(128, short('second'));
    const cases: [RegExp, (source: string) => void][] = [
      [/op 9, expected 3/, (source) => void journal().add(128, short('third'), { op: 9n }).write(source)],
      [/operation 222 is not known/, (source) => void journal().add(222, zeros(0)).write(source)],
      [/cannot be read/, (source) => void journal().add(128, zeros(0)).write(source)],
      [/is cut off; 300 bytes/, (source) => void journal().write(source, Buffer.alloc(300, 1))],
      [
        /superblock does not verify/,
        (source) => {
          journal().write(source);
          writeSuperblock(source, 'a', { sequence: 1n, commitMax: 2n });
          corrupt(path.join(source, 'metadata', 'superblock.a'), 20);
        },
      ],
      [
        /names one of op 7/,
        (source) => {
          journal().write(source);
          writeSuperblock(source, 'a', { sequence: 1n, commitMax: 2n, checkpointOp: 7n });
        },
      ],
      [/snapshot does not verify/, (source) => corrupt(writeSnapshot(source, [3, 0, 0, null, null]), 2)],
      [/format version 99/, (source) => void writeSnapshot(source, [99, 0, 0, null, null])],
      [/not a list/, (source) => void writeSnapshot(source, [3, 0, 0, [3], null])],
    ];
    for (const [message, write] of cases) {
      const source = newSource();
      write(source);
      await assert.rejects(runImport({ source }), message);
      const { report } = await runImport({ source, skipDamaged: true });
      assert.equal(report.complete, false, String(message));
    }
  });

  it('misses folders of partitions', async () => {
    const source = newSource();
    new JournalWriter()
      .add(128, short('s'))
      .add(64, createTopicBody(numeric(0), 1, short('t')))
      .write(source);
    await assert.rejects(runImport({ source }), new RegExp(`${partitionFolder(source, [0, 0, 0])}, byte 0: .* missing`));
  });
});

function corrupt(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(file, bytes);
}
