// What encryption at rest costs: official clients send to and poll from a plain and an encrypted server by turns, medians with the spread of all repetitions.
//
//   npm run build && node --import tsx bench/encryption.ts --clients PATH_TO_iggy-clients [--repetitions 5] [--scale 1]
//
// `iggy-clients` is the load tool on the official Rust SDKs of both generations; see bench/README.md.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs, promisify } from 'node:util';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../test/support/test-server.ts';

const { values } = parseArgs({
  options: { clients: { type: 'string' }, repetitions: { type: 'string', default: '5' }, scale: { type: 'string', default: '1' } },
});
if (values.clients === undefined) throw new Error('--clients names the iggy-clients binary');
const clients = values.clients;
const repetitions = Number(values.repetitions);

const lines = [
  { kind: 'send', batch: 1000, size: 1000, batches: 400 },
  { kind: 'send', batch: 10, size: 100, batches: 4000 },
  { kind: 'poll', batch: 1000, size: 1000, batches: 400 },
  { kind: 'poll', batch: 10, size: 100, batches: 4000 },
] as const;
const tasks = 2;
const ticksPerSecond = 100;

interface Figures {
  messagesPerSecond: number;
  /** Of the server, for the messages of the line; a poll's includes sending what is polled. */
  cpuMicros: number;
}

/** User and system time of a process, in µs. */
function cpuMicros(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6;
}

async function load(server: ServerProcess, generation: string, line: (typeof lines)[number]): Promise<Figures> {
  const batches = Math.max(10, Math.round(line.batches * Number(values.scale)));
  const roles = ['--producers', tasks, ...(line.kind === 'poll' ? ['--consumers', tasks] : [])];
  const args = ['load', '--json', '--generation', generation, '--address', server.address, '--kind', line.kind, ...roles];
  const sizes = ['--batch', line.batch, '--size', line.size, '--batches', batches];
  const before = cpuMicros(server.pid);
  const { stdout } = await promisify(execFile)(clients, [...args, ...sizes].map(String), { timeout: 60_000 });
  const report = JSON.parse(stdout) as { roles: { messages_per_s: number }[] };
  const messagesPerSecond = report.roles.at(-1)?.messages_per_s;
  if (messagesPerSecond === undefined) throw new Error(`no figures: ${stdout}`);
  return { messagesPerSecond, cpuMicros: (cpuMicros(server.pid) - before) / (tasks * batches) };
}

function median(figures: readonly number[]): number {
  return [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)] as number;
}

const folder = temporaryFolder();
const plain = await startServerProcess(`${folder.path}/plain`);
const encrypted = await startServerProcess(`${folder.path}/encrypted`, {
  GALGO_SYSTEM_ENCRYPTION_ENABLED: 'true',
  GALGO_SYSTEM_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
});
console.log(`Node ${process.version}, ${tasks} producers or consumers, ${repetitions} repetitions\n`);
console.log(
  '| Line | Generation | Plain, messages/s | Encrypted, messages/s | Ratio (lowest to highest) | CPU a batch, plain and encrypted |',
);
console.log('|---|---|---|---|---|---|');
for (const line of lines) {
  for (const generation of ['classic', 'vsr']) {
    const runs: { plain: Figures; encrypted: Figures }[] = [];
    for (let round = 0; round < repetitions; round++) {
      runs.push({ plain: await load(plain, generation, line), encrypted: await load(encrypted, generation, line) });
    }
    const ratios = runs.map((run) => run.encrypted.messagesPerSecond / run.plain.messagesPerSecond);
    const middle = (which: 'plain' | 'encrypted', figure: keyof Figures) => Math.round(median(runs.map((run) => run[which][figure])));
    const [low, high] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2));
    const speeds = `${middle('plain', 'messagesPerSecond')} | ${middle('encrypted', 'messagesPerSecond')}`;
    const cpu = `${middle('plain', 'cpuMicros')} µs, ${middle('encrypted', 'cpuMicros')} µs`;
    const name = `${line.kind} ${line.batch} × ${line.size} B`;
    console.log(`| ${name} | ${generation} | ${speeds} | ${median(ratios).toFixed(2)} (${low} to ${high}) | ${cpu} |`);
  }
}
for (const server of [plain, encrypted]) await server.stop();
folder.remove();
