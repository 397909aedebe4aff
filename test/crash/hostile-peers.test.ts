// Connections that send garbage, half frames and impossible lengths, and vanish. The server lives, its memory returns, and another client notices nothing.
// TEST_PEERS sets how many (1000 by default).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { it } from 'node:test';
import { assertMessages, createTestTopic, poll, send, testMessages } from '../support/messages.ts';
import { RawClient } from '../support/raw-client.ts';
import { startServerProcess, temporaryFolder } from '../support/test-server.ts';

const peers = Number(process.env.TEST_PEERS ?? 1000);
const peersAtOnce = 100;
const grownBytesMax = 48 * 1024 * 1024;

function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}

function vsrHead(size: number, operation: number): Buffer {
  const head = Buffer.alloc(256);
  head.writeUInt32LE(size, 48);
  head[60] = 5;
  head[128] = 1;
  head[168] = 1;
  head[176] = operation;
  head[184] = 1;
  return head;
}

const attacks: (() => Buffer)[] = [
  () => Buffer.from(crypto.getRandomValues(new Uint8Array(4096))),
  () => u32(0xffff_ffff, 101),
  () => u32(0xffff_ffff, 302),
  () => Buffer.concat([u32(60_000_000, 101), Buffer.alloc(100_000, 1)]),
  () => u32(3, 0, 2, 0, 1, 0, 0),
  () => u32(40).subarray(0, 3),
  () => Buffer.concat([u32(4 + 40, 100), Buffer.alloc(20)]),
  () => Buffer.concat([vsrHead(64 * 1024 * 1024, 160), Buffer.alloc(50_000)]),
  () => vsrHead(0xffff_ffff, 160),
  () => vsrHead(100, 1),
  () => Buffer.concat([vsrHead(1000, 1), Buffer.alloc(744, 0xff)]),
  () => Buffer.alloc(255),
  () => Buffer.concat(Array.from({ length: 300 }, () => u32(4, 1))),
];

function attack(address: string, index: number): Promise<void> {
  return new Promise((resolve) => {
    const [host, port] = address.split(':') as [string, string];
    const socket = net.connect(Number(port), host, () => {
      socket.write((attacks[index % attacks.length] as () => Buffer)(), () => {
        setTimeout(() => (index % 2 === 0 ? socket.resetAndDestroy() : socket.destroy()), 20);
      });
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.resume();
  });
}

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

it(`${peers} hostile connections neither end the process, nor keep memory, nor disturb others`, { timeout: 120_000 }, async (test) => {
  const folder = temporaryFolder();
  const server = await startServerProcess(`${folder.path}/data`);
  const client = await RawClient.connect(server.address, 'vsr');
  await client.login();
  const name = await createTestTopic(client);
  await send(client, name, testMessages(0, 100));
  const before = residentBytes(server.pid);

  let sent = 100;
  let running = true;
  const undisturbed = (async () => {
    while (running) {
      await send(client, name, testMessages(sent, 10));
      const polled = await poll(client, name, { strategy: { kind: 1, value: BigInt(sent) } });
      assertMessages(polled.messages, testMessages(sent, 10), BigInt(sent));
      sent += 10;
    }
  })();
  for (let first = 0; first < peers; first += peersAtOnce) {
    await Promise.all(Array.from({ length: Math.min(peersAtOnce, peers - first) }, (_, index) => attack(server.address, first + index)));
  }
  running = false;
  await undisturbed;

  const after = residentBytes(server.pid);
  test.diagnostic(
    `resident before ${(before / 2 ** 20).toFixed(0)} MiB, after ${(after / 2 ** 20).toFixed(0)} MiB, ${sent} messages meanwhile`,
  );
  assert.ok(after - before < grownBytesMax, `grew by ${after - before} bytes`);
  client.close();
  assert.equal(await server.stop(), 0, server.output());
  folder.remove();
});

it('a peer that stops in the middle of a large frame is closed, and its memory is free again', { timeout: 60_000 }, async () => {
  const folder = temporaryFolder();
  const server = await startServerProcess(`${folder.path}/data`, { GALGO_LIMITS_STALL_TIMEOUT: '2 s' });
  const stuck = await RawClient.connect(server.address, 'classic');
  await stuck.login();
  stuck.socket.write(Buffer.concat([u32(50_000_000, 101), Buffer.alloc(9_000_000)]));
  await new Promise((resolve) => stuck.socket.once('close', resolve));
  const client = await RawClient.connect(server.address, 'classic');
  await client.login();
  const name = await createTestTopic(client);
  await send(client, name, testMessages(0, 20, 1_000_000));
  assert.equal((await poll(client, name, { count: 1 })).currentOffset, 19n);
  client.close();
  assert.equal(await server.stop(), 0, server.output());
  folder.remove();
});
