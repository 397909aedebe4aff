// Latency of single messages of 100 bytes, from one official client, while others send 50 MB/s in batches of 100 × 1000 bytes from a process of their own.
//
//   npm run build && node --import tsx bench/load/latency-under-load.ts --clients PATH_TO_iggy-clients [--repetitions 5] [--sends 30000] [--rate 50MB] [--producers 1] [--generation vsr]
//
// Each repetition measures without the other load, then with it. What the background reached is printed beside it, since a machine that cannot bear the rate shows other figures.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Generation } from '../../src/protocol/command.ts';
import { startServerProcess } from '../../test/support/test-server.ts';
import { type OfficialFigures, runOfficialLoad } from './official-client.ts';
import { spread } from './spread.ts';

const { values } = parseArgs({
  options: {
    clients: { type: 'string' },
    repetitions: { type: 'string', default: '5' },
    sends: { type: 'string', default: '30000' },
    rate: { type: 'string', default: '50MB' },
    producers: { type: 'string', default: '1' },
    generation: { type: 'string', default: '' },
  },
});
if (values.clients === undefined) throw new Error('--clients names the iggy-clients binary');
const program = values.clients;
const galgo = fileURLToPath(new URL('../../bin/galgo.js', import.meta.url));
/** Longer than a measurement takes: the background is stopped when that has ended. */
const backgroundSeconds = 100;
const settleMs = 1500;

interface Background {
  /** Ends the load; MB/s that it reached. */
  stop(): Promise<number>;
}

async function startBackground(address: string): Promise<Background> {
  const load = ['bench', 'pp', '-p', values.producers, '--workers', '1', '-P', '100', '-m', '1000', '-r', values.rate];
  const where = ['--target', `iggy+tcp://iggy:iggy@${address}`, '-D', `${backgroundSeconds}s`, '--json', '-'];
  const child = spawn(process.execPath, [galgo, ...load, ...where], { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(child, 'exit');
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await sleep(settleMs);
  return {
    async stop() {
      child.kill('SIGINT');
      await exited;
      const { roles } = JSON.parse(output) as { roles: { megabytesPerSecond: number }[] };
      return roles[0]?.megabytesPerSecond ?? 0;
    },
  };
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'galgo-bench-'));
const server = await startServerProcess(path.join(folder, 'data'));
try {
  console.log(`Node ${process.version}, ${os.cpus().length} × ${os.cpus()[0]?.model}, ${os.type()} ${os.release()}, durability interval\n`);
  console.log('| Clients | Background, MB/s | p50, µs | p99, µs | p99.9, µs | p99.9 : p50 |');
  console.log('|---|---|---|---|---|---|');
  for (const generation of (['classic', 'vsr'] satisfies Generation[]).filter((each) => each.includes(values.generation))) {
    const measure = () =>
      runOfficialLoad(program, server.address, { generation, kind: 'send', tasks: 1, batch: 1, size: 100, batches: Number(values.sends) });
    const quiet: OfficialFigures[] = [];
    const loaded: OfficialFigures[] = [];
    const rates: number[] = [];
    for (let round = 0; round < Number(values.repetitions); round++) {
      quiet.push(await measure());
      const background = await startBackground(server.address);
      loaded.push(await measure());
      rates.push(await background.stop());
    }
    for (const [rate, figures] of [
      ['none', quiet],
      [spread(rates), loaded],
    ] as const) {
      const cells = [figures.map((each) => each.p50Us), figures.map((each) => each.p99Us), figures.map((each) => each.p999Us)].map((each) =>
        spread(each),
      );
      const ratio = figures.map((each) => each.p999Us / each.p50Us);
      console.log(`| ${generation} | ${rate} | ${cells.join(' | ')} | ${spread(ratio, 1)} |`);
    }
  }
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
