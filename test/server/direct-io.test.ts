import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { formatTypedValue } from '../../src/protocol/primitives/typed-value.ts';
import { assertMessages, createTestTopic, generations, poll, send, type TopicName, testMessages } from '../support/messages.ts';
import { RawClient } from '../support/raw-client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';

const blockBytes = 4096;
const option = (value: boolean) => new Map([['galgo.direct_io', formatTypedValue({ kind: 'bool', value })]]);

/** Appended in batches of 250, and one of more than a staging buffer. */
const messages = [...testMessages(0, 1000), ...testMessages(1000, 6, 1_000_000), ...testMessages(1006, 1)];

async function sendAll(client: RawClient, name: TopicName): Promise<void> {
  for (let at = 0; at < 1000; at += 250) await send(client, name, messages.slice(at, at + 250));
  await send(client, name, messages.slice(1000, 1006));
  await send(client, name, messages.slice(1006));
}

async function assertDelivered(server: ServerProcess, names: readonly TopicName[]): Promise<void> {
  for (const generation of generations) {
    const reader = await RawClient.connect(server.address, generation);
    await reader.login();
    for (const name of names) {
      for (const [at, count] of [
        [0, 400],
        [990, 12],
        [1000, 6],
        [1006, 5],
      ] as const) {
        const polled = await poll(reader, name, { strategy: { kind: 1, value: BigInt(at) }, count });
        assertMessages(polled.messages, messages.slice(at, at + count), BigInt(at));
      }
    }
    reader.close();
  }
}

/** Of each topic, in the order in which they were made. */
function logSizes(dataPath: string): number[] {
  const logs = readdirSync(dataPath, { recursive: true, encoding: 'utf8' }).filter((name) => /\d{20}\.log$/.test(name));
  return logs.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).map((name) => statSync(path.join(dataPath, name)).size);
}

it('messages written past the page cache are there after a kill and a stop, in either mode', async () => {
  const folder = temporaryFolder();
  const dataPath = `${folder.path}/data`;
  const environment = { GALGO_SYSTEM_SEGMENT_DIRECT_IO: 'true', GALGO_ENGINE_SPACE_AHEAD: 'none' };
  const first = await startServerProcess(dataPath, environment);
  const names: TopicName[] = [];
  for (const [generation, options] of [
    ['vsr', undefined],
    ['vsr', option(false)],
    ['classic', undefined],
  ] as const) {
    const client = await RawClient.connect(first.address, generation);
    await client.login();
    const name = await createTestTopic(client, 1, options);
    names.push(name);
    await sendAll(client, name);
    client.close();
  }
  await assertDelivered(first, names);
  await first.kill();
  const [direct, buffered, directToo] = logSizes(dataPath) as [number, number, number];
  assert.notEqual(buffered % blockBytes, 0, 'a topic that does not want it is written through the page cache');
  if (!/direct I\/O is refused/.test(first.output())) {
    assert.equal(direct, Math.ceil(buffered / blockBytes) * blockBytes);
    assert.equal(directToo % blockBytes, 0);
  }

  const second = await startServerProcess(dataPath, environment);
  await assertDelivered(second, names);
  assert.equal(await second.stop(), 0, second.output());
  assert.equal(logSizes(dataPath)[0], buffered, 'a log that was closed ends with its last message');

  const third = await startServerProcess(dataPath);
  await assertDelivered(third, names);
  const client = await RawClient.connect(third.address, 'vsr');
  await client.login();
  await send(client, names[0] as TopicName, testMessages(1007, 1));
  const polled = await poll(client, names[0] as TopicName, { strategy: { kind: 1, value: 1006n }, count: 5 });
  assertMessages(polled.messages, [...messages.slice(1006), ...testMessages(1007, 1)], 1006n);
  client.close();
  await third.kill();
  assert.ok((logSizes(dataPath)[0] as number) % blockBytes !== 0, 'a topic that named nothing follows the server');
  folder.remove();
});
