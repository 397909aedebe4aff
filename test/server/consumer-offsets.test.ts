import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { deleteConsumerOffset } from '../../src/protocol/commands/delete-consumer-offset.ts';
import { getConsumerOffset } from '../../src/protocol/commands/get-consumer-offset.ts';
import { getTopic } from '../../src/protocol/commands/get-topic.ts';
import { storeConsumerOffset } from '../../src/protocol/commands/store-consumer-offset.ts';
import { PollingKind } from '../../src/protocol/primitives/polling-strategy.ts';
import { commit, createTestGroup, fill, groupConsumer, join } from '../support/groups.ts';
import { createTestTopic, generations, poll, send, testMessages } from '../support/messages.ts';
import { refused, serverSuite } from '../support/server-suite.ts';

const consumer = { kind: 1, id: 'reader' } as const;

serverSuite('consumer offsets', {}, (suite) => {
  for (const generation of generations) {
    it(`${generation}: none, store, get, delete, delete again`, async () => {
      const client = await suite.login(generation);
      const name = { ...(await createTestTopic(client, 2)), consumer, partition: 1 };
      await send(client, name, testMessages(0, 10), { kind: 'partition', partition: 1 });
      assert.equal(await client.call(getConsumerOffset, name), undefined);
      await client.call(storeConsumerOffset, { ...name, offset: 7n });
      assert.deepEqual(await client.call(getConsumerOffset, name), { partition: 1, currentOffset: 9n, storedOffset: 7n });
      assert.equal(await client.call(getConsumerOffset, { ...name, partition: 0 }), undefined);
      await client.call(storeConsumerOffset, { ...name, offset: 2n });
      assert.equal((await client.call(getConsumerOffset, name))?.storedOffset, 2n, 'lowering is allowed');
      await client.call(deleteConsumerOffset, name);
      assert.equal(await client.call(getConsumerOffset, name), undefined);
      await refused(client.call(deleteConsumerOffset, name), 3021);
    });

    it(`${generation}: an offset that no message has is refused`, async () => {
      const client = await suite.login(generation);
      const name = { ...(await createTestTopic(client)), consumer, partition: 0 };
      await refused(client.call(storeConsumerOffset, { ...name, offset: 0n }), 4100);
      await send(client, name, testMessages(0, 10));
      await refused(client.call(storeConsumerOffset, { ...name, offset: 10n }), 4100);
      await client.call(storeConsumerOffset, { ...name, offset: 9n });
      await refused(client.call(storeConsumerOffset, { ...name, partition: 1, offset: 0n }), generation === 'vsr' ? 20 : 3007);
    });

    it(`${generation}: what does not exist takes no offsets`, async () => {
      const client = await suite.login(generation);
      const name = { ...(await createTestTopic(client)), consumer, partition: 0 };
      const group = { ...name, consumer: groupConsumer };
      const numbered = { ...name, consumer: { kind: 2, id: 7 } as const };
      const classic = generation === 'classic';
      const store = (at: typeof name | typeof group | typeof numbered) => client.call(storeConsumerOffset, { ...at, offset: 0n });
      const remove = (at: typeof name | typeof group | typeof numbered) => client.call(deleteConsumerOffset, at);
      for (const write of [store, remove]) {
        await refused(write({ ...name, stream: 'missing' }), classic ? 1009 : 20);
        await refused(write({ ...name, topic: 'missing' }), classic ? 2010 : 20);
        await refused(write({ ...name, partition: 1 }), classic ? 3007 : 20);
      }
      await refused(store(group), classic ? 5000 : 20);
      await refused(store(numbered), classic ? 5000 : 20);
      await refused(remove(group), classic ? 5000 : 5003);
      await refused(remove(numbered), 5000);
    });

    it(`${generation}: whoever may read a topic reads a group’s offset; a partition without one has none`, async () => {
      const member = await suite.login(generation);
      const stranger = await suite.login(generation);
      const name = await createTestGroup(member, 2);
      await fill(member, name, 2, 5);
      await join(member, name);
      await commit(member, name, 0, 3n);
      const read = (partition: number) => stranger.call(getConsumerOffset, { ...name, consumer: groupConsumer, partition });
      assert.equal((await read(0))?.storedOffset, 3n);
      assert.equal(await read(1), undefined);
      assert.equal(await stranger.call(getConsumerOffset, { ...name, consumer: { kind: 2, id: 'unknown' }, partition: 0 }), undefined);
    });
  }

  it('an offset ahead of what a crash left is lowered: next gets what is written from there on', async () => {
    let client = await suite.login('classic');
    const name = await createTestTopic(client);
    for (let index = 0; index < 20; index++) await send(client, name, testMessages(index, 1));
    await client.call(storeConsumerOffset, { ...name, consumer, partition: 0, offset: 19n });
    const streamTopic = await client.call(getTopic, name);
    assert.equal(streamTopic?.messagesCount, 20n);
    await suite.server.kill();
    // The tail is lost, as in a power failure.
    const log = logFile(suite.dataPath);
    const bytes = readFileSync(log);
    writeFileSync(log, bytes.subarray(0, Math.floor(bytes.length / 2)));
    await suite.restart('kill');
    client = await suite.login('classic');
    const end = (await poll(client, name)).messages.length;
    assert.ok(end > 0 && end < 20, `${end} messages are left`);
    const stored = await client.call(getConsumerOffset, { ...name, consumer, partition: 0 });
    assert.equal(stored?.storedOffset, BigInt(end - 1));
    await send(client, name, testMessages(100, 1));
    const next = await poll(client, name, { consumer, strategy: { kind: PollingKind.next, value: 0n } });
    assert.deepEqual(
      next.messages.map(({ offset }) => Number(offset)),
      [end],
    );
  });
});

/** Of the partition that was created last. */
function logFile(dataPath: string): string {
  const logs = readdirSync(dataPath, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.log'));
  const byStream = (name: string) => Number(/(\d+)\D+\d+\D+\d+\D+\d+\.log$/.exec(name)?.[1]);
  return path.join(dataPath, logs.sort((a, b) => byStream(a) - byStream(b)).at(-1) as string);
}
