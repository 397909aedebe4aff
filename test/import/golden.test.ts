// The published vectors hold messages as servers send them, which is how they lie in log files.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, it } from 'node:test';
import { hash } from '@node-rs/argon2';
import { pollMessages } from '../../src/protocol/commands/poll-messages.ts';
import { PollingKind } from '../../src/protocol/primitives/polling-strategy.ts';
import { RawClient } from '../support/raw-client.ts';
import { startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { StateLogWriter, writeLog } from './support/iggy-folder.ts';
import { numeric, short } from './support/little-endian.ts';
import { runImport } from './support/run-import.ts';
import { createTopicBody, JournalWriter } from './support/vsr-metadata.ts';

const folder = temporaryFolder();
after(() => folder.remove());
const vectors = (name: string) => JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8'));

/** The messages of a poll through a server on what was imported. */
async function readBack(destination: string, generation: 'classic' | 'vsr', partition: number, password: string): Promise<Buffer> {
  const server = await startServerProcess(destination);
  const client = await RawClient.connect(server.address, generation);
  await client.login('iggy', password);
  const strategy = { kind: PollingKind.first, value: 0n };
  const name = { stream: 's', topic: 't' };
  const reply = await client.call(pollMessages, {
    ...name,
    consumer: { kind: 1, id: 1 },
    partition,
    strategy,
    count: 10,
    autoCommit: false,
  });
  client.close();
  assert.equal(await server.stop(), 0);
  return Buffer.from(reply?.batch ?? []);
}

it('messages of Iggy 0.8 come back byte for byte', async () => {
  const vector = vectors('vectors.json').find(({ name }: { name: string }) => name === 'poll_messages_two');
  // Status and length, then partition, current offset and count.
  const frames = Buffer.from(vector.hex, 'hex').subarray(8 + 16);
  const source = path.join(folder.path, 'classic');
  new StateLogWriter()
    .user(0, 'iggy', await hash('password'))
    .stream(0, 's')
    .topic(0, 0, 't', 1)
    .write(source);
  writeLog(source, [0, 0, 0], 0n, [frames]);
  const { report } = await runImport({ source, destination: `${source}-copy` });
  assert.equal(report.counts.messages, 2);
  assert.deepEqual(await readBack(`${source}-copy`, 'classic', 0, 'password'), frames);
});

it('a batch record of Iggy 0.9 comes back byte for byte', async () => {
  const vector = vectors('vsr-vectors.json').vectors.find(({ id }: { id: string }) => id === 'V17');
  const record = Buffer.from(vector.hex, 'hex').subarray(256 + 16);
  const source = path.join(folder.path, 'vsr');
  new JournalWriter()
    .add(128, short('s'))
    .add(64, createTopicBody(numeric(0), 4, short('t')))
    .write(source);
  for (const partition of [0, 1, 2]) writeLog(source, [0, 0, partition], 0n, []);
  writeLog(source, [0, 0, 3], 100n, [record]);
  const { report } = await runImport({ source, destination: `${source}-copy` });
  assert.equal(report.counts.messages, 2);
  assert.deepEqual(await readBack(`${source}-copy`, 'vsr', 3, 'iggy'), record);
});
