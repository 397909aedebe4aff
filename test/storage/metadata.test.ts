import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { open } from 'lmdb';
import { checkReferences } from '../../src/storage/metadata/check-row.ts';
import { type Change, type MetadataStore, openMetadataStore } from '../../src/storage/metadata/metadata-store.ts';
import { temporaryFolder } from '../support/test-server.ts';

describe('the metadata store', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let store: MetadataStore | undefined;

  beforeEach(() => {
    folder = temporaryFolder();
  });

  afterEach(async () => {
    await store?.close();
    store = undefined;
    folder.remove();
  });

  async function reopen(): Promise<MetadataStore> {
    await store?.close();
    store = await openMetadataStore(folder.path);
    return store;
  }

  const group = (...ids: number[]): Change => ({ put: 'group', ids, row: { name: ids.join('.') } });
  const groupIds = (from: MetadataStore) => from.all('group').map(({ ids }) => ids);

  it('is empty when it is new', async () => {
    const fresh = await reopen();
    for (const kind of ['stream', 'topic', 'partition', 'group', 'user', 'token'] as const) assert.deepEqual(fresh.all(kind), []);
  });

  it('keeps rows across a reopening, with 64-bit numbers exact', async () => {
    const row = { createdAt: '18446744073709551615', incarnation: '9007199254740993', state: 'creating' } as const;
    await (await reopen()).commit([{ put: 'partition', ids: [1, 2, 3], row }]);
    assert.deepEqual((await reopen()).all('partition'), [{ ids: [1, 2, 3], row }]);
  });

  it('lists rows by ascending ids as numbers, not as texts', async () => {
    const opened = await reopen();
    await opened.commit([group(10, 0, 0), group(2, 0, 10), group(2, 0, 9), group(0, 0, 4_294_967_295), group(2, 1, 0)]);
    assert.deepEqual(groupIds(opened), [
      [0, 0, 4_294_967_295],
      [2, 0, 9],
      [2, 0, 10],
      [2, 1, 0],
      [10, 0, 0],
    ]);
  });

  it('replaces a row that is put again', async () => {
    const opened = await reopen();
    await opened.commit([{ put: 'stream', ids: [0], row: { name: 'old', createdAt: '1' } }]);
    await opened.commit([{ put: 'stream', ids: [0], row: { name: 'new', createdAt: '1' } }]);
    assert.deepEqual(opened.all('stream'), [{ ids: [0], row: { name: 'new', createdAt: '1' } }]);
  });

  it('removes the row that is named and no other', async () => {
    const opened = await reopen();
    await opened.commit([group(1, 0, 0), group(1, 0, 1)]);
    await opened.commit([{ remove: 'group', ids: [1, 0, 0] }]);
    assert.deepEqual(groupIds(opened), [[1, 0, 1]]);
  });

  it('removes what is below, but not what merely begins with the same digits', async () => {
    const opened = await reopen();
    await opened.commit([group(1, 1, 0), group(1, 1, 7), group(1, 10, 0), group(1, 0, 9), group(2, 1, 0), group(11, 1, 0)]);
    await opened.commit([{ remove: 'group', ids: [1, 1], below: true }]);
    assert.deepEqual(groupIds(opened), [
      [1, 0, 9],
      [1, 10, 0],
      [2, 1, 0],
      [11, 1, 0],
    ]);
    await opened.commit([{ remove: 'group', ids: [1], below: true }]);
    assert.deepEqual(groupIds(opened), [
      [2, 1, 0],
      [11, 1, 0],
    ]);
  });

  it('removes rows of one kind only', async () => {
    const opened = await reopen();
    const row = { createdAt: '1', incarnation: '2', state: 'ready' } as const;
    await opened.commit([group(1, 1, 0), { put: 'partition', ids: [1, 1, 0], row }]);
    await opened.commit([{ remove: 'group', ids: [1], below: true }]);
    assert.deepEqual(groupIds(opened), []);
    assert.equal(opened.all('partition').length, 1);
  });

  it('takes names with any characters', async () => {
    const name = '"\\\u0000\n5n ß 日本 🐕 __proto__';
    await (await reopen()).commit([{ put: 'group', ids: [0, 0, 0], row: { name } }]);
    assert.equal((await reopen()).all('group')[0]?.row.name, name);
  });

  describe('names a row that it did not write so, and leaves it', () => {
    const topic = {
      name: 't',
      createdAt: '1',
      replicationFactor: 1,
      options: {},
      defaults: {
        segmentBytes: 512,
        messageExpiry: '0',
        maxTopicSize: '0',
        durability: 'none',
        offsetDurability: 'none',
        deduplication: { enabled: false, entriesMax: 1, expiry: '0' },
      },
      nextGroupId: 0,
    };
    const cases: [name: string, key: (string | number)[], row: unknown, said: RegExp][] = [
      ['a missing field', ['stream', 7], { name: 's' }, /stream 7: createdAt: /],
      [
        'a field of another type',
        ['user', 3],
        { name: 'u', createdAt: '1', passwordHash: 'x', active: 1, permissions: null },
        /user 3: active: /,
      ],
      [
        'a number that is none',
        ['partition', 1, 2, 0],
        { createdAt: '1', incarnation: '0x7', state: 'ready' },
        /partition 1\/2\/0: incarnation: must be a decimal/,
      ],
      [
        'a number above 64 bits',
        ['stream', 1],
        { name: 's', createdAt: '18446744073709551616' },
        /stream 1: createdAt: must be below 2\^64/,
      ],
      [
        'a state that there is not',
        ['partition', 0, 0, 0],
        { createdAt: '1', incarnation: '7', state: 'lost' },
        /partition 0\/0\/0: state: /,
      ],
      [
        'a field deep within',
        ['topic', 1, 2],
        { ...topic, defaults: { ...topic.defaults, durability: 'some' } },
        /topic 1\/2: defaults: durability: /,
      ],
      ['an option that is no pair', ['topic', 1, 2], { ...topic, options: { a: ['1'] } }, /topic 1\/2: options: a: /],
      ['no row at all', ['group', 1, 2, 3], null, /group 1\/2\/3: /],
      ['too few ids', ['token', 1], { name: 't', hash: 'h', expiresAt: null }, /token 1: these are not its ids/],
      ['an id above 32 bits', ['stream', 2 ** 32], { name: 's', createdAt: '1' }, /stream 4294967296: these are not its ids/],
    ];
    for (const [name, key, row, said] of cases) {
      it(name, async () => {
        const database = open({ path: path.join(folder.path, 'metadata'), encoding: 'json' });
        await database.put(key, row);
        await database.close();
        const opened = await reopen();
        for (let attempt = 0; attempt < 2; attempt++) assert.throws(() => opened.all(key[0] as 'stream'), said);
      });
    }

    it('bytes that are no JSON', async () => {
      const database = open({ path: path.join(folder.path, 'metadata'), encoding: 'binary' });
      await database.put(['stream', 5], Buffer.from('{"name":'));
      await database.close();
      const opened = await reopen();
      assert.throws(() => opened.all('stream'), /damaged row: stream 5: it cannot be decoded/);
    });

    it('fields that another version added are no fault', async () => {
      const database = open({ path: path.join(folder.path, 'metadata'), encoding: 'json' });
      await database.put(['stream', 5], { name: 's', createdAt: '1', colour: 'red' });
      await database.close();
      assert.equal((await reopen()).all('stream')[0]?.row.name, 's');
    });
  });

  it('rows without those that they belong to are named', async () => {
    const row = { createdAt: '1', incarnation: '2', state: 'ready' } as const;
    const stream: Change = { put: 'stream', ids: [1], row: { name: 's', createdAt: '1' } };
    const opened = await reopen();
    const check = () => checkReferences(opened);
    await opened.commit([{ put: 'partition', ids: [1, 1, 0], row }]);
    assert.throws(check, /partition 1\/1\/0: there is no topic of it/);
    await opened.commit([{ remove: 'partition', ids: [1, 1, 0] }, group(1, 1, 0)]);
    assert.throws(check, /group 1\/1\/0: there is no topic of it/);
    await opened.commit([
      { remove: 'group', ids: [1, 1, 0] },
      { put: 'token', ids: [9, 0], row: { name: 't', hash: 'h', expiresAt: null } },
    ]);
    assert.throws(check, /token 9\/0: there is no user of it/);
    await opened.commit([{ remove: 'token', ids: [9, 0] }, stream]);
    check();
  });

  it('that a newer version wrote is refused, and left as it is', async () => {
    const database = open({ path: path.join(folder.path, 'metadata'), encoding: 'json' });
    await database.put(['schema'], 2);
    await database.close();
    for (let attempt = 0; attempt < 2; attempt++)
      await assert.rejects(openMetadataStore(folder.path), /has version 2; this server reads up to 1/);
  });

  it('keeps every commit that was reported before kill -9, each of them whole', async () => {
    const source = JSON.stringify(new URL('../../src/storage/metadata/metadata-store.ts', import.meta.url).href);
    const program = `
      const { openMetadataStore } = await import(${source});
      const store = await openMetadataStore(process.env.FOLDER);
      for (let number = 0; ; number++) {
        await store.commit([
          { put: 'stream', ids: [number], row: { name: 's' + number, createdAt: '1' } },
          { put: 'group', ids: [number, 0, 0], row: { name: 'g' + number } },
        ]);
        process.stdout.write(number + '\\n');
      }`;
    const writer = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
      env: { ...process.env, FOLDER: folder.path },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(writer, 'exit');
    let output = '';
    for await (const chunk of writer.stdout) {
      output += chunk;
      if (output.split('\n').length > 20) writer.kill('SIGKILL');
    }
    await exited;
    const reported = output.split('\n').length - 1;
    assert(reported >= 20);
    const opened = await reopen();
    const streams = opened.all('stream').map(({ ids }) => ids[0]);
    assert(streams.length >= reported, `${streams.length} of ${reported} commits are there`);
    assert.deepEqual(
      streams,
      streams.map((_, index) => index),
    );
    assert.deepEqual(
      opened.all('group').map(({ ids }) => ids[0]),
      streams,
      'half a commit',
    );
  });
});
