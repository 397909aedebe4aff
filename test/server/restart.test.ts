import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { createConsumerGroup } from '../../src/protocol/commands/create-consumer-group.ts';
import { getConsumerGroup } from '../../src/protocol/commands/get-consumer-group.ts';
import { getConsumerOffset } from '../../src/protocol/commands/get-consumer-offset.ts';
import { getStream } from '../../src/protocol/commands/get-stream.ts';
import { getTopic } from '../../src/protocol/commands/get-topic.ts';
import { storeConsumerOffset } from '../../src/protocol/commands/store-consumer-offset.ts';
import { assertMessages, createTestTopic, generations, poll, send, testMessages } from '../support/messages.ts';
import { RawClient } from '../support/raw-client.ts';
import { startServerProcess, temporaryFolder } from '../support/test-server.ts';

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => path.join(folder, name));
}

it('a restart brings everything back, also without any index file', async () => {
  const folder = temporaryFolder();
  const dataPath = `${folder.path}/data`;
  const consumer = { kind: 1, id: 'reader' } as const;
  const messages = testMessages(0, 3_000);

  const first = await startServerProcess(dataPath);
  const client = await RawClient.connect(first.address, 'vsr');
  await client.login();
  const name = await createTestTopic(client, 2);
  for (let at = 0; at < messages.length; at += 250) await send(client, name, messages.slice(at, at + 250));
  await client.call(createConsumerGroup, { ...name, name: 'group' });
  await client.call(storeConsumerOffset, { ...name, consumer, partition: 0, offset: 1234n });
  const before = { stream: await client.call(getStream, { stream: name.stream }), topic: await client.call(getTopic, name) };
  assert.equal(await first.stop(), 0, first.output());

  assert.ok(filesBelow(dataPath, '.index').length > 0, 'there are index files');
  for (const file of filesBelow(dataPath, 'index')) rmSync(file);

  const second = await startServerProcess(dataPath);
  for (const generation of generations) {
    const reader = await RawClient.connect(second.address, generation);
    await reader.login();
    for (let at = 0; at < messages.length; at += 500) {
      const polled = await poll(reader, name, { strategy: { kind: 1, value: BigInt(at) }, count: 500 });
      assertMessages(polled.messages, messages.slice(at, at + 500), BigInt(at));
    }
    assert.equal((await reader.call(getConsumerOffset, { ...name, consumer, partition: 0 }))?.storedOffset, 1234n);
    assert.equal((await reader.call(getConsumerGroup, { ...name, group: 'group' }))?.id, 0);
    if (generation === 'vsr') {
      assert.deepEqual(await reader.call(getStream, { stream: name.stream }), before.stream);
      assert.deepEqual(await reader.call(getTopic, name), before.topic);
      await send(reader, name, testMessages(3_000, 1));
      assert.equal((await poll(reader, name, { strategy: { kind: 4, value: 0n }, count: 1 })).messages[0]?.offset, 3_000n);
    }
    reader.close();
  }
  assert.equal(await second.stop(), 0, second.output());
  folder.remove();
});

it('a second server on the same data folder is refused and the first goes on', async () => {
  const folder = temporaryFolder();
  const dataPath = `${folder.path}/data`;
  const first = await startServerProcess(dataPath);
  await assert.rejects(startServerProcess(dataPath), new RegExp(`in use[^]*${first.pid}`));
  const client = await RawClient.connect(first.address, 'classic');
  assert.equal(await client.login(), 0);
  client.close();
  assert.equal(await first.stop(), 0);
  folder.remove();
});
