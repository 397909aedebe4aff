import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { createConsumerGroup } from '../../src/protocol/commands/create-consumer-group.ts';
import { createUser } from '../../src/protocol/commands/create-user.ts';
import { getClient } from '../../src/protocol/commands/get-client.ts';
import { getClients } from '../../src/protocol/commands/get-clients.ts';
import { getClusterMetadata } from '../../src/protocol/commands/get-cluster-metadata.ts';
import { getMe } from '../../src/protocol/commands/get-me.ts';
import { getSnapshot } from '../../src/protocol/commands/get-snapshot.ts';
import { getStats } from '../../src/protocol/commands/get-stats.ts';
import { ping } from '../../src/protocol/commands/ping.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import { createTestTopic, generations, send, testMessages } from '../support/messages.ts';
import type { RawClient } from '../support/raw-client.ts';
import { refused, serverSuite } from '../support/server-suite.ts';
import { temporaryFolder } from '../support/test-server.ts';

/** Entries of a ZIP archive, by name. Another implementation than the server's reads it. */
function unzip(archive: Uint8Array): Map<string, string> {
  const folder = temporaryFolder();
  const file = path.join(folder.path, 'snapshot.zip');
  writeFileSync(file, archive);
  const program =
    'import json,sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nz.testzip()\nprint(json.dumps({n:z.read(n).decode() for n in z.namelist()}))';
  const entries = JSON.parse(execFileSync('python3', ['-c', program, file], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }));
  folder.remove();
  return new Map(Object.entries(entries));
}

async function snapshot(
  client: RawClient,
  compression: 1 | 2 | 3 | 4 | 5 | 6,
  types: (1 | 2 | 3 | 4 | 5 | 6 | 100)[],
): Promise<Map<string, string>> {
  const archive = await client.call(getSnapshot, { compression, types });
  assert.ok(archive !== undefined, 'an archive has bytes, also when it is empty');
  return unzip(archive);
}

serverSuite('system commands', {}, (suite) => {
  for (const generation of generations) {
    it(`${generation}: ping needs no login`, async () => {
      assert.equal(await (await suite.connect(generation)).call(ping, undefined), undefined);
    });

    it(`${generation}: statistics count what is there`, async () => {
      const client = await suite.login(generation);
      const before = await client.call(getStats, undefined);
      const name = await createTestTopic(client, 3);
      await client.call(createConsumerGroup, { ...name, name: 'group' });
      await send(client, name, testMessages(0, 10));
      const stats = await client.call(getStats, undefined);
      assert.ok(before !== undefined && stats !== undefined);
      assert.equal(stats.streamsCount, before.streamsCount + 1);
      assert.equal(stats.topicsCount, before.topicsCount + 1);
      assert.equal(stats.partitionsCount, before.partitionsCount + 3);
      assert.equal(stats.segmentsCount, before.segmentsCount + 3);
      assert.equal(stats.messagesCount, before.messagesCount + 10n);
      assert.equal(stats.consumerGroupsCount, before.consumerGroupsCount + 1);
      assert.equal(stats.clientsCount, 1);
      assert.equal(stats.processId, suite.server.pid);
      for (const text of [stats.hostname, stats.osName, stats.osVersion, stats.kernelVersion, stats.serverVersion])
        assert.notEqual(text, '');
      assert.ok(stats.freeDiskSpace > 0n && stats.freeDiskSpace <= stats.totalDiskSpace);
    });

    it(`${generation}: clients are listed, logged in or not`, async () => {
      const client = await suite.login(generation);
      const anonymous = await suite.connect(generation);
      await anonymous.call(ping, undefined);
      const me = await client.call(getMe, undefined);
      assert.ok(me !== undefined);
      const listed = (await client.call(getClients, undefined)) ?? [];
      assert.deepEqual(
        listed.map(({ userId }) => userId),
        [0, undefined],
      );
      assert.equal(listed[0]?.clientId, me.clientId);
      assert.deepEqual(await client.call(getClient, { clientId: me.clientId }), me);
      assert.equal(await client.call(getClient, { clientId: 4_000_000_000 }), undefined);
      await refused(client.call(getClient, { clientId: 0 }), 101);
    });

    it(`${generation}: the cluster is one healthy leader at the address that is bound`, async () => {
      const client = await suite.login(generation);
      const cluster = await client.call(getClusterMetadata, undefined);
      assert.equal(cluster?.name, 'single-node');
      assert.deepEqual(
        cluster?.nodes.map(({ role, status, tcpPort }) => [role, status, tcpPort]),
        [[0, 0, Number(suite.server.address.split(':')[1])]],
      );
    });

    it(`${generation}: a snapshot holds what was asked for`, async () => {
      const client = await suite.login(generation);
      for (const compression of [1, 2] as const) {
        assert.deepEqual([...(await snapshot(client, compression, [4]))], [['test.txt', 'test']]);
      }
      assert.equal((await snapshot(client, 1, [])).size, 0);
      assert.deepEqual([...(await snapshot(client, 2, [6, 4, 4])).keys()].sort(), ['server_config.txt', 'test.txt']);
      const all = await snapshot(client, 2, [100]);
      const names = ['filesystem_overview', 'process_list', 'resource_usage', 'server_config', 'server_logs'];
      assert.deepEqual(
        [...all.keys()].sort(),
        names.map((name) => `${name}.txt`),
      );
      assert.match(all.get('process_list.txt') ?? '', new RegExp(`^${suite.server.pid} [A-Z] \\d+ \\d+ \\S+`, 'm'));
      assert.match(all.get('resource_usage.txt') ?? '', /^memoryUsage: \d+$[\s\S]*^limits\.connections_max: 1 of 10000$/m);
      assert.match(all.get('server_logs.txt') ?? '', /"msg":"data is ready"/);
      assert.match(all.get('server_config.txt') ?? '', /\[tcp\][\s\S]*address = "127\.0\.0\.1:\d+"/);
      assert.match(all.get('filesystem_overview.txt') ?? '', /galgo-data-folder/);
      assert.ok(![...all.values()].some((text) => /argon2|passwordHash/.test(text)), 'no secret is in it');
    });

    it(`${generation}: a snapshot that cannot be made is refused`, async () => {
      const client = await suite.login(generation);
      await refused(client.call(getSnapshot, { compression: 2, types: [100, 4] }), 3);
      for (const compression of [3, 4, 5, 6] as const) await refused(client.call(getSnapshot, { compression, types: [4] }), 5);
      for (const body of [
        [7, 1, 4],
        [1, 1, 7],
        [1, 2, 4],
      ]) {
        const code = Buffer.from(body);
        const reply = generation === 'classic' ? await client.classic(11, code) : await client.vsr(2, code, { code: 11 });
        assert.equal(reply.status, 3, `${body}`);
      }
      const anonymous = await suite.connect(generation);
      await refused(anonymous.call(getSnapshot, { compression: 1, types: [4] }), 40);
    });

    it(`${generation}: a snapshot needs the right to read servers`, async () => {
      const root = await suite.login(generation);
      const username = `user-${generation}`;
      await root.call(createUser, { username, password: 'password', status: 1, permissions: undefined, options: noOptions });
      const user = await suite.connect(generation);
      await user.login(username, 'password');
      await refused(user.call(getSnapshot, { compression: 1, types: [4] }), 41);
    });
  }
});
