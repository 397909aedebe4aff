// Official clients against Galgo and against a bare Node front, line by line in one run: throughput of both and their ratio, medians with the spread of all repetitions, and the
// processor time that the server spends on a request.
//
//   npm run build && node --import tsx bench/load/load-table.ts --clients PATH_TO_iggy-clients [--repetitions 5] [--scale 1] [--only TEXT] [--line 3]
//
// `--line` is one line of the table, from 1; the head is printed with the first, so that the parts make one table.
//
// `iggy-clients` is the load tool on the official Rust SDKs of both generations; see bench/README.md.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { type LoadLine, loadLines } from './load-lines.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { values } = parseArgs({
  options: {
    clients: { type: 'string' },
    repetitions: { type: 'string', default: '5' },
    scale: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    line: { type: 'string' },
  },
});
if (values.clients === undefined) throw new Error('--clients names the iggy-clients binary');
const clients = values.clients;

function start(args: string[], ready: RegExp): Promise<{ child: ChildProcess; address: string }> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk;
      const address = ready.exec(output)?.[1];
      if (address !== undefined) resolve({ child, address });
    });
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${output}`)));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** Requests of each task. */
function batchesOf(line: LoadLine): number {
  return Math.max(10, Math.round(line.batches * Number(values.scale)));
}

/** One load run; messages per second of the role that is measured. */
async function load(address: string, generation: string, line: LoadLine, kind: LoadLine['kind'] = line.kind): Promise<number> {
  const roles = kind === 'send' ? ['--producers', line.tasks] : ['--producers', line.tasks, '--consumers', line.tasks];
  const args = ['load', '--json', '--generation', generation, '--address', address, '--kind', kind, ...roles];
  const sizes = ['--batch', line.batch, '--size', line.size, '--batches', batchesOf(line)];
  const output = await promisify(execFile)(clients, [...args, ...sizes].map(String), { timeout: 120_000 }).then(
    ({ stdout }) => stdout,
    // Sends that the front swallowed are missing in the end, which the tool reports after its figures.
    (error: { stdout?: string }) => error.stdout ?? '',
  );
  const report = JSON.parse(output) as { roles: { messages_per_s: number }[]; error: string | null };
  const figure = report.roles.at(-1)?.messages_per_s;
  if (figure === undefined) throw new Error(`no figures: ${output}`);
  return figure;
}

/** Processor time of all threads of a process, in µs. */
function cpuMicros(pid: number): number {
  const nanos = readdirSync(`/proc/${pid}/task`).map((task) =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanos.reduce((sum, each) => sum + each, 0) / 1000;
}

/** What the server spends while something is done, in µs. */
async function spent(work: () => Promise<unknown>): Promise<number> {
  const before = cpuMicros(server.child.pid as number);
  await work();
  return cpuMicros(server.child.pid as number) - before;
}

function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'galgo-bench-'));
const server = await start(
  [
    'bin/galgo.js',
    'server',
    '--path',
    path.join(folder, 'data'),
    '--tcp-address',
    '127.0.0.1:0',
    '--quic-address',
    '127.0.0.1:0',
    '--websocket-address',
    '127.0.0.1:0',
    '--http-address',
    '127.0.0.1:0',
    '--with-default-root-credentials',
  ],
  /TCP {3}(\S+)/,
);
const fronts = {
  send: await start(['--import', 'tsx', 'bench/load/front-ceiling.ts', server.address, 'send'], /(\S+:\d+)\n/),
  poll: await start(['--import', 'tsx', 'bench/load/front-ceiling.ts', server.address, 'poll'], /(\S+:\d+)\n/),
};
try {
  if (values.line === undefined || values.line === '1') {
    console.log(
      `Node ${process.version}, ${os.cpus().length} × ${os.cpus()[0]?.model}, ${os.type()} ${os.release()}, durability interval\n`,
    );
    console.log(
      '| Line | Generation | Galgo, messages/s | Front, messages/s | Ratio (lowest to highest) | Aim | Server CPU µs a request |',
    );
    console.log('|---|---|---|---|---|---|---|');
  }
  for (const [place, line] of loadLines.entries()) {
    if (values.line !== undefined && place + 1 !== Number(values.line)) continue;
    for (const [index, generation] of ['classic', 'vsr'].entries()) {
      const name = `${line.kind} ${line.batch} × ${line.size} B, ${line.tasks} ${line.kind === 'send' ? 'producers' : 'consumers'}`;
      if (!`${name} ${generation}`.includes(values.only)) continue;
      const galgo: number[] = [];
      const front: number[] = [];
      const cpu: number[] = [];
      for (let round = 0; round < Number(values.repetitions); round++) {
        // The tool fills what it polls; a run of sends tells what that takes.
        const filling = line.kind === 'send' ? 0 : await spent(() => load(server.address, generation, line, 'send'));
        const all = await spent(async () => galgo.push(await load(server.address, generation, line)));
        cpu.push((all - filling) / (line.tasks * batchesOf(line)));
        front.push(await load(fronts[line.kind].address, generation, line));
      }
      const ratios = galgo.map((figure, round) => figure / (front[round] as number));
      const [low, high] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2));
      const cells = [name, generation, Math.round(median(galgo)), Math.round(median(front))];
      console.log(
        `| ${cells.join(' | ')} | ${median(ratios).toFixed(2)} (${low} to ${high}) | ${line.aims[index]} | ${median(cpu).toFixed(1)} |`,
      );
    }
  }
} finally {
  for (const { child } of [fronts.send, fronts.poll, server]) await stop(child);
  rmSync(folder, { recursive: true, force: true });
}
