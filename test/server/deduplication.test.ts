import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOptions } from '../../src/protocol/commands/describe-options.ts';
import { getSnapshot } from '../../src/protocol/commands/get-snapshot.ts';
import { getTopic } from '../../src/protocol/commands/get-topic.ts';
import { purgeTopic } from '../../src/protocol/commands/purge-topic.ts';
import { updateTopic } from '../../src/protocol/commands/update-topic.ts';
import { SnapshotType } from '../../src/protocol/primitives/enumerations.ts';
import type { Options } from '../../src/protocol/primitives/options.ts';
import { formatTypedValue, parseTypedValue, type TypedValue } from '../../src/protocol/primitives/typed-value.ts';
import { assertMessages, createTestTopic, generations, poll, send, testMessage, testMessages } from '../support/messages.ts';
import { refused, serverSuite } from '../support/server-suite.ts';

const optionsOf = (options: Record<string, TypedValue>): Options =>
  new Map(Object.entries(options).map(([key, value]) => [key, formatTypedValue(value)]));

const on = { 'galgo.deduplication': { kind: 'bool', value: true } } as const;

serverSuite('deduplication by topic', {}, (suite) => {
  for (const generation of generations) {
    it(`${generation}: is off unless a topic asks for it`, async () => {
      const client = await suite.login(generation);
      const name = await createTestTopic(client);
      await send(client, name, testMessages(0, 3));
      await send(client, name, testMessages(0, 3));
      assert.equal((await poll(client, name)).messages.length, 6);
    });

    for (const reader of generations) {
      it(`${generation} to ${reader}: stores each id once, without gaps, before and after a stop and a kill`, async () => {
        const admin = await suite.login('vsr');
        const name = await createTestTopic(admin, 1, optionsOf({ ...on, segment_size: { kind: 'uint64', value: 1024n * 1024n } }));
        const big = (first: number) => testMessages(first, 10, 50_000);
        for (let round = 0; round < 3; round++) {
          const writer = await suite.login(generation);
          for (let first = 0; first < 100; first += 7) await send(writer, name, big(first));
          const client = await suite.login(reader);
          const messages = [];
          for (;;) {
            const polled = await poll(client, name, { strategy: { kind: 1, value: BigInt(messages.length) }, count: 50 });
            if (polled.messages.length === 0) break;
            messages.push(...polled.messages);
          }
          assertMessages(messages, testMessages(0, 108, 50_000), 0n);
          await suite.restart(round === 0 ? 'stop' : 'kill');
        }
      });
    }

    it(`${generation}: forgets by count and by purge`, async () => {
      const admin = await suite.login('vsr');
      const client = await suite.login(generation);
      const name = await createTestTopic(admin, 1, optionsOf({ ...on, 'galgo.deduplication_max_entries': { kind: 'uint32', value: 5 } }));
      await send(client, name, testMessages(0, 5));
      await send(client, name, testMessages(0, 6));
      await send(client, name, testMessages(1, 5));
      assertMessages((await poll(client, name)).messages, testMessages(0, 6), 0n);
      await send(client, name, [testMessage(0)]);
      assert.equal((await poll(client, name)).messages.length, 7);
      await client.call(purgeTopic, name);
      await send(client, name, testMessages(0, 6));
      assertMessages((await poll(client, name)).messages, testMessages(0, 6), 0n);
    });
  }

  it('messages without an id are never dropped', async () => {
    const admin = await suite.login('vsr');
    const name = await createTestTopic(admin, 1, optionsOf(on));
    for (const generation of generations) {
      const client = await suite.login(generation);
      for (let round = 0; round < 2; round++)
        await send(client, name, [
          { ...testMessage(0), id: 0n },
          { ...testMessage(1), id: 0n },
        ]);
    }
    assert.equal((await poll(admin, name)).messages.length, 8);
  });

  it('a send of known ids alone is confirmed with the offset of the first', async () => {
    const client = await suite.login('vsr');
    const name = await createTestTopic(client, 1, optionsOf(on));
    await send(client, name, testMessages(0, 10));
    assert.equal((await send(client, name, testMessages(4, 3)))?.baseOffset, 4n);
    assert.equal((await send(client, name, testMessages(8, 5)))?.baseOffset, 10n, 'of those that were new');
    assertMessages((await poll(client, name)).messages, testMessages(0, 13), 0n);
  });

  it('expires by the topic’s option', async () => {
    const client = await suite.login('vsr');
    const expiry = { 'galgo.deduplication_expiry': { kind: 'string', value: '200ms' } } as const;
    const name = await createTestTopic(client, 1, optionsOf({ ...on, ...expiry }));
    await send(client, name, testMessages(0, 1));
    await send(client, name, testMessages(0, 1));
    await new Promise((resolve) => setTimeout(resolve, 250));
    await send(client, name, testMessages(0, 1));
    assert.equal((await poll(client, name)).messages.length, 2);
  });

  it('its options are described, kept, bounded, and cannot be changed', async () => {
    const client = await suite.login('vsr');
    const described = new Map((await client.call(describeOptions, { scope: 1 }))?.map((option) => [option.key, option]));
    const initial = (key: string) => {
      const option = described.get(key);
      assert.ok(option !== undefined, key);
      return parseTypedValue({ kind: option.kind, bytes: option.defaultBytes }).value;
    };
    assert.equal(initial('galgo.deduplication'), false);
    assert.equal(initial('galgo.deduplication_max_entries'), 10_000);
    assert.equal(initial('galgo.deduplication_expiry'), 60_000_000n);
    const name = await createTestTopic(client, 1, optionsOf(on));
    const topic = await client.call(getTopic, name);
    assert.ok(topic?.options.has('galgo.deduplication'));
    const tooMany = optionsOf({ ...on, 'galgo.deduplication_max_entries': { kind: 'uint32', value: 10_000_001 } });
    await refused(createTestTopic(client, 1, tooMany), 4042);
    const update = {
      ...name,
      name: name.topic,
      compression: undefined,
      messageExpiry: undefined,
      maxTopicSize: undefined,
      replicationFactor: undefined,
    };
    await refused(client.call(updateTopic, { ...update, options: optionsOf(on) }), 4041);
  });

  it('memory of ids and of sends is among the limits that a snapshot shows', async () => {
    const client = await suite.login('vsr');
    // Not compressed, the text can be read as it is.
    const figure = async (name: string): Promise<[used: number, max: number]> => {
      const archive = Buffer.from((await client.call(getSnapshot, { compression: 1, types: [SnapshotType.resourceUsage] })) ?? []).toString(
        'latin1',
      );
      const [, used, max] = new RegExp(`^limits\\.${name}: (\\d+) of (\\d+)$`, 'm').exec(archive) ?? [];
      return [Number(used), Number(max)];
    };
    const name = await createTestTopic(client, 1, optionsOf(on));
    const [[idsBefore, idsMax], [sendsBefore, sendsMax]] = [await figure('deduplication_size_max'), await figure('remembered_sends_max')];
    await send(client, name, testMessages(0, 65));
    assert.deepEqual(await figure('deduplication_size_max'), [idsBefore + 128 * 40, idsMax]);
    assert.deepEqual(await figure('remembered_sends_max'), [sendsBefore + 64, sendsMax]);
    assert.deepEqual([idsMax, sendsMax], [64 * 1024 * 1024, 1_000_000]);
    await client.call(purgeTopic, name);
    assert.deepEqual(await figure('deduplication_size_max'), [idsBefore, idsMax]);
  });
});

serverSuite(
  'deduplication by the server’s setting',
  {
    SYSTEM_MESSAGE_DEDUPLICATION_ENABLED: 'true',
    SYSTEM_MESSAGE_DEDUPLICATION_MAX_ENTRIES: '3',
    SYSTEM_MESSAGE_DEDUPLICATION_EXPIRY: '1 h',
  },
  (suite) => {
    for (const generation of generations) {
      it(`${generation}: is that of topics that name nothing`, async () => {
        const client = await suite.login(generation);
        const name = await createTestTopic(client);
        await send(client, name, testMessages(0, 4));
        await send(client, name, testMessages(1, 3));
        await suite.restart('kill');
        const again = await suite.login(generation);
        await send(again, name, testMessages(1, 3));
        assert.equal((await poll(again, name)).messages.length, 4);
        await send(again, name, testMessages(0, 1));
        assert.equal((await poll(again, name)).messages.length, 5);
      });
    }

    it('a topic may do without', async () => {
      const client = await suite.login('vsr');
      const name = await createTestTopic(client, 1, optionsOf({ 'galgo.deduplication': { kind: 'bool', value: false } }));
      for (let round = 0; round < 2; round++) await send(client, name, testMessages(0, 2));
      assert.equal((await poll(client, name)).messages.length, 4);
    });
  },
);
