// Connections of both generations that come, work and go over all transports, for a while: memory stays flat, and every descriptor comes back.
//
// TEST_SOAK_SECONDS sets how long (10 by default; 1800 in the long form), TEST_SOAK_CONNECTIONS how many at a time on each server. Two servers, since a port has TLS or has not.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { getClients } from '../../src/protocol/commands/get-clients.ts';
import { joinConsumerGroup } from '../../src/protocol/commands/join-consumer-group.ts';
import { purgeTopic } from '../../src/protocol/commands/purge-topic.ts';
import { createTestGroup, type GroupName, pollAsMember } from '../support/groups.ts';
import { generations, poll, send, testMessages } from '../support/messages.ts';
import type { RawClient } from '../support/raw-client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { type TestTransport, transports } from '../support/transports.ts';

const seconds = Number(process.env.TEST_SOAK_SECONDS ?? 10);
const connections = Number(process.env.TEST_SOAK_CONNECTIONS ?? 100);
const partitions = 4;
// What the heap, the pools and the allocator may still take once the first third is over.
const grownBytesMax = 64 * 1024 * 1024;
const sampleMs = 500;

const servers = [
  { name: 'plain', environment: {}, transports: ['QUIC', 'TCP', 'WebSocket'] },
  {
    name: 'TLS',
    environment: { GALGO_TCP_TLS_ENABLED: 'true', GALGO_WEBSOCKET_TLS_ENABLED: 'true' },
    transports: ['QUIC', 'TLS', 'secure WebSocket'],
  },
] as const;

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)] as T;

describe('under connections that come and go', { concurrency: true }, () => {
  for (const { name, environment, transports: names } of servers) {
    describe(`a server with ${name} ports`, { timeout: (seconds + 120) * 1000 }, () => {
      const folder = temporaryFolder();
      const offered = transports.filter((transport) => (names as readonly string[]).includes(transport.name));
      let server: ServerProcess;
      let root: RawClient;
      let group: GroupName;
      let served = 0;

      const trusted = () => ({ ca: readFileSync(`${folder.path}/data/certificates/self-signed.pem`), servername: 'localhost' });
      const connect = (transport: TestTransport) => transport.connect(server, pick(generations), trusted);

      /** The life of one connection: a login, some sends and polls, sometimes as a member of a group, and an end of one kind or another. */
      const live = async () => {
        const client = await connect(pick(offered));
        await client.login();
        const isMember = Math.random() < 0.3;
        if (isMember) await client.call(joinConsumerGroup, group);
        for (let round = Math.floor(Math.random() * 12); round > 0; round--) {
          const partition = Math.floor(Math.random() * partitions);
          await send(client, group, testMessages(0, 1 + Math.floor(Math.random() * 50)), { kind: 'partition', partition });
          if (isMember) await pollAsMember(client, group, { autoCommit: true });
          else await poll(client, group, { partition, count: 20 });
          served += 2;
          await sleep(Math.random() * 100);
        }
        if (Math.random() < 0.5) client.close();
        else client.socket.destroy();
      };

      before(async () => {
        server = await startServerProcess(`${folder.path}/data`, environment);
        // Purges keep the folder small, and the one connection that stays sees that nobody else is cut off.
        root = await connect(offered[1] as TestTransport);
        await root.login();
        group = await createTestGroup(root, partitions);
      });

      after(async () => {
        root.close();
        assert.equal(await server.stop(), 0, server.output());
        folder.remove();
      });

      it(`${connections} at a time for ${seconds} s leave nothing behind`, async (test) => {
        const descriptorsBefore = descriptors(server.pid);
        const endMs = Date.now() + seconds * 1000;
        const failures: unknown[] = [];
        const slots = Array.from({ length: connections }, async () => {
          await sleep(Math.random() * 500);
          while (Date.now() < endMs && failures.length === 0) await live().catch((error: unknown) => failures.push(error));
        });
        const samples: number[] = [];
        for (let turn = 0; Date.now() < endMs; turn++) {
          await sleep(sampleMs);
          samples.push(residentBytes(server.pid));
          if (turn % 10 === 9) await root.call(purgeTopic, group);
        }
        await Promise.all(slots);
        assert.deepEqual(failures, []);

        const third = Math.floor(samples.length / 3);
        const settled = Math.max(...samples.slice(0, third));
        const late = Math.max(...samples.slice(-third));
        test.diagnostic(`${served} requests; resident at most ${settled >> 20} MiB in the first third, ${late >> 20} MiB in the last`);
        assert.ok(late - settled < grownBytesMax, `grew from ${settled} to ${late} bytes`);
        for (let tries = 0; descriptors(server.pid) > descriptorsBefore + partitions || (await clientsCount(root)) > 1; tries++) {
          assert.ok(
            tries < 400,
            `${descriptors(server.pid)} descriptors instead of ${descriptorsBefore}, ${await clientsCount(root)} clients`,
          );
          await sleep(100);
        }
        assert.doesNotMatch(server.output(), /"level":"(error|fatal)"/);
      });
    });
  }
});

async function clientsCount(client: RawClient): Promise<number> {
  return (await client.call(getClients, undefined))?.length ?? 0;
}
