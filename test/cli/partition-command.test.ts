// Verifying and reopening partitions as an operator does, on a running server and on the folder of one that is stopped.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { checkOnServer } from '../../src/cli/partition-command.ts';
import type { Client } from '../../src/client/client.ts';
import { connect } from '../../src/client/connect.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { runGalgoCommand } from './fixtures/run-command.ts';

const messages = 30;

describe('galgo partition', () => {
  const folder = temporaryFolder();
  const dataPath = path.join(folder.path, 'data');
  const logFile = (partition: number) => path.join(dataPath, `streams/0/topics/0/partitions/${partition}/${'0'.repeat(20)}.log`);
  let server: ServerProcess;
  let client: Client;

  async function startServer(): Promise<void> {
    server = await startServerProcess(dataPath);
    client = await connect(`iggy://iggy:iggy@${server.address}`, { reconnect: false });
  }

  async function stopServer(): Promise<void> {
    await client.close();
    assert.equal(await server.stop(), 0, server.output());
  }

  const send = (partition: number, text: string) =>
    client.messages.send({
      stream: 'shop',
      topic: 'orders',
      partitioning: { kind: 'partition', partition },
      messages: [{ payload: text }],
    });

  async function galgo(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
    const run = runGalgoCommand(['partition', ...args], { cwd: folder.path });
    return { code: await run.exited, stdout: run.stdout(), stderr: run.stderr() };
  }
  const onServer = () => ['--server', `iggy://iggy:iggy@${server.address}`];

  before(async () => {
    await startServer();
    await client.streams.create({ name: 'shop' });
    await client.topics.create({ stream: 'shop', name: 'orders', partitionsCount: 3 });
    for (let i = 0; i < messages; i++) for (const partition of [0, 1, 2]) await send(partition, `order ${i} ${'x'.repeat(100)}`);
  });
  after(async () => {
    await server.kill();
    folder.remove();
  });

  it('says that a sound partition is sound, by names and by numbers', async () => {
    // What is not yet checkpointed is not verified.
    await stopServer();
    await startServer();
    const { code, stdout } = await galgo('verify', 'shop', 'orders', '0', ...onServer());
    assert.match(stdout, /^\d{4,} bytes were verified: no damage\.\nThe partition is ready\.\n$/);
    assert.equal(code, 0);
    const json = await galgo('verify', '0', '0', '1', '--json', ...onServer());
    assert.equal(JSON.parse(json.stdout).damagesCount, 0);
    assert.equal(json.code, 0);
  });

  it('has nothing to reopen of a partition that serves', async () => {
    const { code, stdout } = await galgo('reopen', 'shop', 'orders', '0', ...onServer());
    assert.match(stdout, /The partition is ready\./);
    assert.equal(code, 0);
    await send(0, 'still taken');
  });

  it('names what is not there', async () => {
    const { code, stderr } = await galgo('verify', 'shop', 'orders', '7', ...onServer());
    assert.match(stderr, /partition/);
    assert.equal(code, 1);
  });

  it('works on a folder only when no server does', async () => {
    const { code, stderr } = await galgo('verify', 'shop', 'orders', '0', '--path', dataPath);
    assert.match(stderr, /in use by process \d+/);
    assert.equal(code, 1);
  });

  it('wants the permission to manage the topic', async () => {
    await client.users.create({ username: 'reader', password: 'reader-password' });
    const reader = await connect(`iggy://reader:reader-password@${server.address}`, { reconnect: false });
    const request = { stream: 'shop', topic: 'orders', partition: 0, action: 'tell' } as const;
    await assert.rejects(checkOnServer(reader, request), { code: 'unauthorized' });
    assert.equal((await checkOnServer(client, request)).state, 'ready');
    await reader.close();
  });

  describe('a damaged partition', () => {
    const sound: Buffer[] = [];
    before(async () => {
      await stopServer();
      for (const partition of [1, 2]) {
        const bytes = readFileSync(logFile(partition));
        sound[partition] = Buffer.from(bytes);
        const middle = Math.floor(bytes.length / 2);
        bytes[middle] = (bytes[middle] as number) ^ 1;
        writeFileSync(logFile(partition), bytes);
      }
      await startServer();
    });

    it('is fenced alone, for a reason that is logged and shown', async () => {
      await assert.rejects(send(1, 'refused'));
      await send(0, 'taken');
      assert.match(server.output(), /"partition":1,.*"reason":"damaged".*partition is fenced/);
      const told = await checkOnServer(client, { stream: 'shop', topic: 'orders', partition: 1, action: 'tell' });
      assert.deepEqual([told.state, told.fenceReason, told.phase], ['fenced', 'damaged', 'none']);
    });

    it('is not reopened while it is damaged', async () => {
      const { code, stdout } = await galgo('reopen', 'shop', 'orders', '1', ...onServer());
      assert.match(stdout, /damage in 1 place\.\n {2}0{20}\.log, \d+ bytes from \d+ on: offsets 1\d to 1\d\n/);
      assert.match(stdout, /The partition is fenced \(damaged\): it takes no messages\.\n.*--give-up-damage/);
      assert.equal(code, 1);
      assert.match(server.output(), /stored messages are damaged/);
      await assert.rejects(send(1, 'refused'));
    });

    it('is reopened whole when a sound file is put in place', async () => {
      writeFileSync(logFile(1), sound[1] as Buffer);
      const { code, stdout } = await galgo('reopen', 'shop', 'orders', '1', ...onServer());
      assert.match(stdout, /no damage\.\nThe partition was reopened\.\n$/);
      assert.equal(code, 0);
      await send(1, 'taken again');
      const { messages: read } = await client.messages.poll({ stream: 'shop', topic: 'orders', partition: 1, from: 'first', count: 100 });
      assert.equal(read.length, messages + 1);
    });

    it('is reopened without what is damaged if that is given up, offline too', async () => {
      await stopServer();
      const refused = await galgo('reopen', 'shop', 'orders', '2', '--path', dataPath);
      assert.match(refused.stdout, /damage in 1 place/);
      assert.equal(refused.code, 1);
      const { code, stdout } = await galgo('reopen', 'shop', 'orders', '2', '--give-up-damage', '--path', dataPath);
      assert.match(stdout, /1 message given up\.\nThe partition was reopened\.\n$/);
      assert.equal(code, 0);
      await startServer();
      await send(2, 'taken again');
      const { messages: read } = await client.messages.poll({ stream: 'shop', topic: 'orders', partition: 2, from: 'first', count: 100 });
      assert.equal(read.length, messages);
      assert.equal(Number(read.at(-1)?.offset), messages);
    });
  });
});
