import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { it } from 'node:test';
import { deleteTopic } from '../../src/protocol/commands/delete-topic.ts';
import { getTopic } from '../../src/protocol/commands/get-topic.ts';
import { assertMessages, createTestTopic, poll, send, testMessages } from '../support/messages.ts';
import { RawClient, StatusError } from '../support/raw-client.ts';
import { startServerProcess, temporaryFolder } from '../support/test-server.ts';

it('logs without metadata are not touched: the start is refused and says why', async () => {
  const folder = temporaryFolder();
  const dataPath = `${folder.path}/data`;
  const server = await startServerProcess(dataPath);
  const client = await RawClient.connect(server.address, 'vsr');
  await client.login();
  const name = await createTestTopic(client);
  await send(client, name, testMessages(0, 10));
  await server.stop();
  renameSync(`${dataPath}/metadata`, `${folder.path}/metadata`);
  await assert.rejects(startServerProcess(dataPath), /holds messages but no metadata/);
  rmSync(`${dataPath}/metadata`, { recursive: true, force: true });
  renameSync(`${folder.path}/metadata`, `${dataPath}/metadata`);
  const again = await startServerProcess(dataPath);
  const reader = await RawClient.connect(again.address, 'vsr');
  await reader.login();
  assertMessages((await poll(reader, name)).messages, testMessages(0, 10), 0n);
  reader.close();
  await again.stop();
  folder.remove();
});

it('a folder that the metadata does not know is set aside whole, and one that a command removed is gone', async () => {
  const folder = temporaryFolder();
  const dataPath = `${folder.path}/data`;
  const server = await startServerProcess(dataPath);
  const client = await RawClient.connect(server.address, 'vsr');
  await client.login();
  const kept = await createTestTopic(client);
  const removed = await createTestTopic(client);
  await send(client, kept, testMessages(0, 10));
  await client.call(deleteTopic, removed);
  await server.stop();
  assert.ok(!existsSync(`${dataPath}/streams/1/topics/0`));
  cpSync(`${dataPath}/streams/0`, `${dataPath}/streams/77`, { recursive: true });
  const again = await startServerProcess(dataPath);
  const aside = readdirSync(`${dataPath}/unknown`);
  assert.equal(aside.length, 1);
  assert.ok(existsSync(`${dataPath}/unknown/${aside[0]}/topics/0/partitions/0/00000000000000000000.log`));
  assert.match(again.output(), /set aside/);
  await again.stop();
  folder.remove();
});

it('a partition that cannot be read is fenced alone: the server starts and serves the others', async () => {
  const folder = temporaryFolder();
  const dataPath = `${folder.path}/data`;
  const server = await startServerProcess(dataPath);
  const client = await RawClient.connect(server.address, 'classic');
  await client.login();
  const name = await createTestTopic(client, 3);
  for (const partition of [0, 1, 2]) await send(client, name, testMessages(partition, 5), { kind: 'partition', partition });
  await server.stop();
  const partitions = `${dataPath}/streams/0/topics/0/partitions`;
  rmSync(`${partitions}/0`, { recursive: true });
  writeFileSync(`${partitions}/0`, 'not a folder');
  rmSync(`${partitions}/1`, { recursive: true });

  const again = await startServerProcess(dataPath);
  const reader = await RawClient.connect(again.address, 'classic');
  await reader.login();
  for (const partition of [0, 1]) {
    await assert.rejects(send(reader, name, testMessages(9, 1), { kind: 'partition', partition }), StatusError);
  }
  assertMessages((await poll(reader, name, { partition: 2 })).messages, testMessages(2, 5), 0n);
  const shown = await reader.call(getTopic, name);
  assert.deepEqual(
    shown?.partitions.map(({ messagesCount }) => messagesCount),
    [0n, 0n, 5n],
  );
  await send(reader, name, testMessages(7, 1), { kind: 'partition', partition: 2 });
  reader.close();
  assert.equal(await again.stop(), 0, again.output());
  folder.remove();
});
