// Encryption at rest of a real server: what was sent is in no file of the data folder, and what starts with which keys.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import type { Message } from '../../src/protocol/batch/message.ts';
import { purgeTopic } from '../../src/protocol/commands/purge-topic.ts';
import { storeConsumerOffset } from '../../src/protocol/commands/store-consumer-offset.ts';
import { formatTypedValue } from '../../src/protocol/primitives/typed-value.ts';
import { encodeUserHeaders } from '../../src/protocol/primitives/user-headers.ts';
import { assertMessages, createTestTopic, generations, poll, send, type TopicName } from '../support/messages.ts';
import { RawClient } from '../support/raw-client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';

const folder = temporaryFolder();
after(() => folder.remove());
let folders = 0;
const newFolder = () => path.join(folder.path, String(folders++));
const newKey = () => randomBytes(32).toString('base64');

interface Keys {
  enabled?: boolean;
  key?: string;
  keyFile?: string;
  previous?: readonly string[];
}

function environment({ enabled = true, key, keyFile, previous = [] }: Keys): Record<string, string> {
  return {
    GALGO_SYSTEM_ENCRYPTION_ENABLED: String(enabled),
    GALGO_SYSTEM_ENCRYPTION_KEY: key ?? '',
    GALGO_SYSTEM_ENCRYPTION_KEY_FILE: keyFile ?? '',
    GALGO_SYSTEM_ENCRYPTION_PREVIOUS_KEYS: previous.join(','),
  };
}

/** Runs `work` on a server with these keys and ends it. */
async function withServer(dataPath: string, keys: Keys, work: (client: RawClient, server: ServerProcess) => Promise<void>): Promise<void> {
  const server = await startServerProcess(dataPath, environment(keys));
  try {
    for (const generation of generations) {
      const client = await RawClient.connect(server.address, generation);
      await client.login();
      await work(client, server);
      client.close();
    }
  } finally {
    await server.stop();
  }
}

const startOutput = (dataPath: string, keys: Keys): Promise<string> =>
  startServerProcess(dataPath, environment(keys)).then(
    async (server) => {
      await server.stop();
      return assert.fail('the server started');
    },
    (error: Error) => error.message,
  );

const hidden = 'a text that nobody may find';

function message(index: number, payloadBytes = hidden.length): Message {
  return {
    id: BigInt(index) + 1n,
    payload: Buffer.alloc(payloadBytes, hidden),
    headers: encodeUserHeaders([{ key: { kind: 'string', value: 'k' }, value: { kind: 'string', value: hidden } }]),
    originTimestamp: 1_700_000_000_000_000n + BigInt(index),
  };
}

const messages = (first: number, count: number, payloadBytes?: number): Message[] =>
  Array.from({ length: count }, (_, index) => message(first + index, payloadBytes));

/** Of all files below. */
function filesWith(text: string, below: string): string[] {
  return readdirSync(below, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text));
}

const logFiles = (below: string) => readdirSync(below, { recursive: true }).filter((name) => /\d{20}\.log$/.test(String(name))).length;

describe('what was sent', () => {
  const options = new Map([
    ['galgo.deduplication', formatTypedValue({ kind: 'bool', value: true })],
    ['segment_size', formatTypedValue({ kind: 'uint64', value: 1n << 20n })],
  ]);
  const batches = [messages(0, 10), messages(10, 700, 900), messages(710, 1), messages(711, 3, 2_000_000), messages(714, 40, 100)];
  const all = batches.flat();

  async function sendAll(dataPath: string, keys: Keys): Promise<TopicName[]> {
    const names: TopicName[] = [];
    const server = await startServerProcess(dataPath, environment(keys));
    for (const generation of generations) {
      const client = await RawClient.connect(server.address, generation);
      await client.login();
      const name = await createTestTopic(client, 1, generation === 'vsr' ? options : undefined);
      names.push(name);
      for (const batch of batches) await send(client, name, batch);
      await client.call(storeConsumerOffset, { ...name, consumer: { kind: 1, id: 1 }, partition: 0, offset: 700n });
      client.close();
    }
    // Now, while the server runs, and after it was killed.
    if (keys.enabled !== false) assert.deepEqual(filesWith(hidden, dataPath), []);
    await server.kill();
    return names;
  }

  async function readAll(client: RawClient, names: readonly TopicName[]): Promise<void> {
    for (const name of names) {
      for (let next = 0; next < all.length; ) {
        const { messages: polled } = await poll(client, name, { strategy: { kind: 1, value: BigInt(next) }, count: 97 });
        assertMessages(polled, all.slice(next, next + 97), BigInt(next));
        next += polled.length;
      }
      const last = await poll(client, name, { strategy: { kind: 4, value: 0n }, count: 5 });
      assertMessages(last.messages, all.slice(-5), BigInt(all.length - 5));
      const next = await poll(client, name, { strategy: { kind: 5, value: 0n }, count: 5 });
      assertMessages(next.messages, all.slice(701, 706), 701n);
    }
  }

  it('is in no file, and is read back by clients of both generations after a kill', async () => {
    const dataPath = newFolder();
    const keys = { key: newKey() };
    const names = await sendAll(dataPath, keys);
    await withServer(dataPath, keys, (client) => readAll(client, names));
    assert.deepEqual(filesWith(hidden, dataPath), []);
    assert.deepEqual(filesWith(keys.key, dataPath), []);
    // Ids that were sent before are known from what was decrypted.
    await withServer(dataPath, keys, async (client) => {
      const [, deduplicated] = names as [TopicName, TopicName];
      await send(client, deduplicated, messages(714, 40, 100));
      assert.equal((await poll(client, deduplicated, { strategy: { kind: 1, value: 753n } })).messages.length, 1);
    });
  });

  it('is in the files of a server that does not encrypt', async () => {
    const dataPath = newFolder();
    await sendAll(dataPath, { enabled: false });
    assert.notDeepEqual(filesWith(hidden, dataPath), []);
  });
});

describe('a start', () => {
  const first = newKey();
  const second = newKey();

  async function encryptedFolder(): Promise<{ dataPath: string; name: TopicName; sent: Message[] }> {
    const dataPath = newFolder();
    const sent: Message[] = [];
    let name: TopicName | undefined;
    await withServer(dataPath, { key: first }, async (client) => {
      name ??= await createTestTopic(client);
      await send(client, name, messages(sent.length, 3));
      sent.push(...messages(sent.length, 3));
    });
    return { dataPath, name: name as TopicName, sent };
  }

  it('with another key, or with none, is refused and says which setting is wrong', async () => {
    const { dataPath, name, sent } = await encryptedFolder();
    for (const keys of [{ key: second }, { enabled: false }]) {
      const output = await startOutput(dataPath, keys);
      assert.match(output, /is encrypted|are encrypted with the key [0-9a-f]{16}/);
      assert.match(output, /system\.encryption\.key must be that key, or system\.encryption\.previous_keys must name it/);
      assert.match(output, /streams.0.topics.0.partitions.0.0{20}\.log/);
      assert.ok(!output.includes(first) && !output.includes(second));
      assert.ok(!output.includes(' at '), 'no stack');
    }
    await withServer(dataPath, { key: first }, async (client) => assertMessages((await poll(client, name)).messages, sent, 0n));
  });

  it('with a new key writes with it and reads with the ones before; a key is given up when nothing needs it', async () => {
    const { dataPath, name, sent } = await encryptedFolder();
    assert.equal(logFiles(dataPath), 1);
    await withServer(dataPath, { key: second, previous: [first] }, async (client) => {
      await send(client, name, messages(sent.length, 3));
      sent.push(...messages(sent.length, 3));
      assertMessages((await poll(client, name)).messages, sent, 0n);
    });
    assert.equal(logFiles(dataPath), 2);
    assert.match(await startOutput(dataPath, { key: second }), /Segments with it: 1,/);
    const keyFile = path.join(folder.path, 'keys');
    writeFileSync(keyFile, `${second}\n\n${first}\n`);
    await withServer(dataPath, { keyFile }, async (client) => void (await client.call(purgeTopic, name)));
    const configuration = readFileSync(path.join(dataPath, 'runtime/current_config.toml'), 'utf8');
    assert.ok(!configuration.includes(first) && !configuration.includes(second));
    await withServer(dataPath, { key: second }, async (client) => void (await send(client, name, messages(0, 1))));
    // What the folder has forgotten it does not ask for again.
    assert.match(await startOutput(dataPath, { key: first }), /are encrypted with the key/);
  });

  it('with encryption switched on reads what is plain, and switched off what is encrypted', async () => {
    const dataPath = newFolder();
    let name: TopicName | undefined;
    const sent: Message[] = [];
    for (const enabled of [false, true, false]) {
      await withServer(dataPath, { enabled, key: first }, async (client) => {
        name ??= await createTestTopic(client);
        await send(client, name, messages(sent.length, 3));
        sent.push(...messages(sent.length, 3));
        assertMessages((await poll(client, name)).messages, sent, 0n);
      });
    }
    assert.equal(filesWith(hidden, dataPath).length, 2);
    assert.equal(logFiles(dataPath), 3);
  });
});
