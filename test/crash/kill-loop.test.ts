// kill -9 during sends of both generations, again and again, on one data folder: after each restart every acknowledged message is there once, in order, with contiguous
// offsets. TEST_KILLS sets how often (12 in the short form).

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Message } from '../../src/protocol/batch/message.ts';
import type { Generation } from '../../src/protocol/command.ts';
import { formatTypedValue } from '../../src/protocol/primitives/typed-value.ts';
import { createTestTopic, poll, send, type TopicName, testMessage } from '../support/messages.ts';
import { RawClient } from '../support/raw-client.ts';
import { startServerProcess, temporaryFolder } from '../support/test-server.ts';

const kills = Number(process.env.TEST_KILLS ?? 12);

interface Writer {
  generation: Generation;
  name: TopicName;
  /** Ids of messages whose send was answered, in order. */
  acknowledged: bigint[];
  next: number;
}

it(`survives ${kills} kills without losing, repeating or reordering what it acknowledged`, { timeout: kills * 20_000 }, async (test) => {
  const folder = temporaryFolder();
  const dataPath = `${folder.path}/data`;
  const writers: Writer[] = [];

  for (let round = 0; round < kills; round++) {
    const server = await startServerProcess(dataPath);
    const admin = await RawClient.connect(server.address, 'vsr');
    await admin.login();
    if (round === 0) {
      for (const durability of ['none', 'interval', 'group']) {
        for (const generation of ['classic', 'vsr'] as const) {
          const options = new Map([['galgo.durability', formatTypedValue({ kind: 'string', value: durability })]]);
          writers.push({ generation, name: await createTestTopic(admin, 1, options), acknowledged: [], next: 0 });
        }
      }
    }
    for (const writer of writers) await verify(admin, writer);
    const sending = writers.map((writer) => sendUntilClosed(server.address, writer));
    await new Promise((resolve) => setTimeout(resolve, 150 + Math.random() * 250));
    await server.kill();
    await Promise.all(sending);
  }

  const server = await startServerProcess(dataPath);
  const admin = await RawClient.connect(server.address, 'classic');
  await admin.login();
  for (const writer of writers) await verify(admin, writer);
  test.diagnostic(`${writers.reduce((sum, writer) => sum + writer.acknowledged.length, 0)} messages were acknowledged`);
  assert.equal(await server.stop(), 0);
  folder.remove();
});

async function sendUntilClosed(address: string, writer: Writer): Promise<void> {
  try {
    const client = await RawClient.connect(address, writer.generation);
    await client.login();
    for (;;) {
      const batch: Message[] = Array.from({ length: 1 + (writer.next % 20) }, (_, index) => testMessage(writer.next + index));
      writer.next += batch.length;
      await send(client, writer.name, batch);
      writer.acknowledged.push(...batch.map((message) => message.id));
    }
  } catch (error) {
    assert.match(String(error), /closed|ECONN|EPIPE/);
  }
}

/** What is stored is the acknowledged messages in order; a batch that was not answered may be there too, whole and in its place. */
async function verify(client: RawClient, writer: Writer): Promise<void> {
  const stored: bigint[] = [];
  for (;;) {
    const { messages } = await poll(client, writer.name, { strategy: { kind: 1, value: BigInt(stored.length) } });
    if (messages.length === 0) break;
    for (const message of messages) {
      assert.equal(message.offset, BigInt(stored.length), 'offsets are contiguous');
      const wanted = testMessage(Number(message.id) - 1);
      assert.ok(Buffer.from(message.payload).equals(wanted.payload), `payload at offset ${message.offset}`);
      stored.push(message.id);
    }
  }
  assert.ok(
    stored.every((id, index) => index === 0 || id > (stored[index - 1] as bigint)),
    'each message is there once, in order',
  );
  const present = new Set(stored);
  const lost = writer.acknowledged.filter((id) => !present.has(id));
  assert.deepEqual(lost, [], `${writer.generation}: acknowledged messages are missing`);
}
