// Resident memory of a server with default settings that carries every line of the load table, both generations: what it was at most, and after each line.
//
//   npm run build && node --import tsx bench/load/memory.ts --clients PATH_TO_iggy-clients [--repetitions 5] [--scale 0.1] [--idle 10]
//
// Each repetition is a server of its own. Its last row is taken `--idle` seconds after the load. Linux only (/proc).

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startServerProcess } from '../../test/support/test-server.ts';
import { loadLines } from './load-lines.ts';
import { runOfficialLoad } from './official-client.ts';
import { median, spread } from './spread.ts';

const { values } = parseArgs({
  options: {
    clients: { type: 'string' },
    repetitions: { type: 'string', default: '5' },
    scale: { type: 'string', default: '0.1' },
    idle: { type: 'string', default: '10' },
  },
});
if (values.clients === undefined) throw new Error('--clients names the iggy-clients binary');
const program = values.clients;

/** MB (10⁶ bytes), as the kernel counts them. */
interface Resident {
  peak: number;
  now: number;
  anonymous: number;
  file: number;
}

function resident(pid: number): Resident {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (field: string): number => (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return { peak: megabytes('VmHWM'), now: megabytes('VmRSS'), anonymous: megabytes('RssAnon'), file: megabytes('RssFile') };
}

const rows = new Map<string, Resident[]>();
const note = (name: string, figures: Resident): void => {
  rows.set(name, [...(rows.get(name) ?? []), figures]);
};

for (let round = 0; round < Number(values.repetitions); round++) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'galgo-bench-'));
  const server = await startServerProcess(path.join(folder, 'data'));
  try {
    note('started', resident(server.pid));
    for (const { kind, batch, size, tasks, batches } of loadLines) {
      for (const generation of ['classic', 'vsr'] as const) {
        const load = { generation, kind, tasks, batch, size, batches: Math.max(10, Math.round(batches * Number(values.scale))) };
        await runOfficialLoad(program, server.address, load);
        note(`${kind} ${batch} × ${size} B, ${tasks}, ${generation}`, resident(server.pid));
      }
    }
    await sleep(Number(values.idle) * 1000);
    note(`${values.idle} s later`, resident(server.pid));
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

console.log(`Node ${process.version}, ${os.cpus().length} × ${os.cpus()[0]?.model}, ${os.type()} ${os.release()}, default settings\n`);
console.log('| After | Peak so far, MB | Resident, MB | of it anonymous | of it files’ pages (programs, libraries, LMDB) |');
console.log('|---|---|---|---|---|');
for (const [name, figures] of rows) {
  const [now, anonymous, file] = (['now', 'anonymous', 'file'] as const).map((field) =>
    median(figures.map((each) => each[field])).toFixed(0),
  );
  console.log(`| ${name} | ${spread(figures.map(({ peak }) => peak))} | ${now} | ${anonymous} | ${file} |`);
}
