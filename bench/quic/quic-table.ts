// QUIC against what its library reaches alone, and against TCP, in one run: medians with the spread of all repetitions.
//
//   npm run build && node --import tsx bench/quic/quic-table.ts --clients PATH_TO_iggy-clients [--repetitions 5] [--scale 1]
//
// `iggy-clients` is a load tool whose QUIC stack is not ours (see bench/README.md). Throughput: sends of 1000 × 1000 B, several under way at once, beside twice the rate of the
// library with both ends on one thread. Request and reply: sends of 1 × 100 B, one at a time, beside the same over TCP.

import { execFile } from 'node:child_process';
import os from 'node:os';
import { parseArgs, promisify } from 'node:util';
import { createAuthority } from '../../test/support/certificates.ts';
import { startServerProcess, temporaryFolder } from '../../test/support/test-server.ts';
import { bareBindingRate } from './bare-binding.ts';

const { values } = parseArgs({
  options: {
    clients: { type: 'string' },
    repetitions: { type: 'string', default: '5' },
    scale: { type: 'string', default: '1' },
  },
});
if (values.clients === undefined) throw new Error('--clients names the iggy-clients binary');
const { clients } = values;
const repetitions = Number(values.repetitions);
const requestBytes = 1_000_000;
const inFlight = 8;
const sends = Math.max(20, Math.round(400 * Number(values.scale)));
const smallSends = Math.max(100, Math.round(10_000 * Number(values.scale)));

interface Figures {
  readonly mb_per_s: number;
  readonly latency_us: { readonly p50: number };
}

async function run(args: readonly (string | number)[]): Promise<Figures> {
  const { stdout } = await promisify(execFile)(clients, [...args, '--json'].map(String), { timeout: 120_000 });
  const figures = (JSON.parse(stdout) as { roles: Figures[] }).roles.at(-1);
  if (figures === undefined) throw new Error(`no figures: ${stdout}`);
  return figures;
}

function shown(figures: readonly number[], digits: number): string {
  const sorted = [...figures].sort((a, b) => a - b);
  const [low, middle, high] = [0, Math.floor(sorted.length / 2), sorted.length - 1].map((at) => (sorted[at] as number).toFixed(digits));
  return `${middle} (${low} to ${high})`;
}

const folder = temporaryFolder();
const server = await startServerProcess(`${folder.path}/data`);
try {
  const pair = await (await createAuthority()).issue('localhost');
  console.log(`Node ${process.version}, ${os.cpus().length} × ${os.cpus()[0]?.model}, ${os.type()} ${os.release()}, durability interval\n`);
  console.log(
    '| Generation | Sends of 1000 × 1000 B, MB/s | Library alone, MB/s | Ratio to twice that | p50 of a send of 1 × 100 B, µs | Over TCP, µs | Ratio |',
  );
  console.log('|---|---|---|---|---|---|---|');
  for (const generation of ['classic', 'vsr']) {
    const rounds: { throughput: number; bare: number; quicP50: number; tcpP50: number }[] = [];
    const quic = ['quic', '--generation', generation, '--address', server.quicAddress, '--alpn', 'iggy', '--kind', 'send'];
    const tcp = ['load', '--generation', generation, '--address', server.address, '--kind', 'send'];
    const small = ['--batch', 1, '--size', 100, '--batches', smallSends];
    for (let round = 0; round < repetitions; round++) {
      rounds.push({
        throughput: (await run([...quic, '--streams-in-flight', inFlight, '--batch', 1000, '--size', 1000, '--batches', sends])).mb_per_s,
        bare: bareBindingRate(pair, requestBytes, sends, inFlight) / 1e6,
        quicP50: (await run([...quic, ...small])).latency_us.p50,
        tcpP50: (await run([...tcp, ...small])).latency_us.p50,
      });
    }
    const cells = [
      generation,
      shown(
        rounds.map((round) => round.throughput),
        0,
      ),
      shown(
        rounds.map((round) => round.bare),
        0,
      ),
      shown(
        rounds.map((round) => round.throughput / (2 * round.bare)),
        2,
      ),
      shown(
        rounds.map((round) => round.quicP50),
        0,
      ),
      shown(
        rounds.map((round) => round.tcpP50),
        0,
      ),
      shown(
        rounds.map((round) => round.quicP50 / round.tcpP50),
        1,
      ),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
} finally {
  await server.stop();
  folder.remove();
}
