// Sends through the SDK to a server in another process: rate and latency of a call, over TCP and QUIC. With --clients the official Rust client runs the same lines in between.
//
//   npm run build && node --import tsx bench/client/sends.ts [--seconds 2] [--repetitions 5] [--only TEXT] [--clients PATH_TO_iggy-clients]

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs, promisify } from 'node:util';
import { build } from 'hdr-histogram-js';
import { connect } from '../../src/client/index.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../../test/support/test-server.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    repetitions: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    clients: { type: 'string' },
  },
});
const seconds = Number(values.seconds);

interface Line {
  name: string;
  batch: number;
  size: number;
  inFlight: number;
  /** Sends of the official client, about as many as it does in two seconds. */
  officialSends: number;
}

const lines: readonly Line[] = [
  { name: '1 × 100 B, one by one', batch: 1, size: 100, inFlight: 1, officialSends: 15_000 },
  { name: '1 × 100 B, 256 in flight', batch: 1, size: 100, inFlight: 256, officialSends: 60_000 },
  { name: '100 × 1000 B, one by one', batch: 100, size: 1000, inFlight: 1, officialSends: 6_000 },
  { name: '1000 × 1000 B, one by one', batch: 1000, size: 1000, inFlight: 1, officialSends: 1_000 },
];

interface Figures {
  messagesPerSecond: number;
  p50Us: number;
  p99Us: number;
}

interface OwnFigures extends Figures {
  /** CPU time of a message in the process of the SDK, and in that of the server. */
  clientCpuUs: number;
  serverCpuUs: number;
}

const ticksPerSecond = 100;

/** User and system time of a process, in µs. */
function cpuMicros(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6;
}

async function ours(line: Line, target: string, serverPid: number): Promise<OwnFigures> {
  const client = await connect(target, { generation: 'vsr', maxInFlight: 256 });
  const stream = `bench-${crypto.randomUUID()}`;
  await client.streams.create({ name: stream });
  await client.topics.create({ stream, name: 'topic' });
  const messages = Array.from({ length: line.batch }, (_, index) => ({ payload: Buffer.alloc(line.size, index) }));
  const latencies = build();
  let sends = 0;
  const sendUntil = async (endMs: number) => {
    while (performance.now() < endMs) {
      const began = performance.now();
      await client.messages.send({ stream, topic: 'topic', partitioning: { kind: 'partition', partition: 0 }, messages });
      latencies.recordValue(Math.round((performance.now() - began) * 1000));
      sends++;
    }
  };
  const senders = Array.from({ length: line.inFlight });
  await Promise.all(senders.map(() => sendUntil(performance.now() + 500)));
  latencies.reset();
  sends = 0;
  const ownCpu = process.cpuUsage();
  const serverCpu = cpuMicros(serverPid);
  const beganMs = performance.now();
  await Promise.all(senders.map(() => sendUntil(beganMs + seconds * 1000)));
  const elapsedMs = performance.now() - beganMs;
  const { user, system } = process.cpuUsage(ownCpu);
  const messagesSent = sends * line.batch;
  const clientCpuUs = (user + system) / messagesSent;
  const serverCpuUs = (cpuMicros(serverPid) - serverCpu) / messagesSent;
  await client.streams.delete(stream);
  await client.drain();
  const messagesPerSecond = (messagesSent * 1000) / elapsedMs;
  return {
    messagesPerSecond,
    clientCpuUs,
    serverCpuUs,
    p50Us: latencies.getValueAtPercentile(50),
    p99Us: latencies.getValueAtPercentile(99),
  };
}

/** Most that the official client's QUIC load has under way. */
const officialStreamsMax = 128;

/** What `iggy-clients --json` prints of a role. */
interface Role {
  messages_per_s: number;
  latency_us: { p50: number; p99: number };
}

async function official(clients: string, line: Line, server: ServerProcess, quic: boolean): Promise<Figures> {
  const way = quic
    ? [
        'quic',
        '--address',
        server.quicAddress,
        '--alpn',
        'iggy',
        '--kind',
        'send',
        '--streams-in-flight',
        Math.min(line.inFlight, officialStreamsMax),
      ]
    : ['load', '--address', server.address, '--kind', 'send', '--producers', line.inFlight];
  // Over TCP the official client has one request in flight: for more there are as many clients, each with its own stream and share of the sends.
  const batches = quic ? line.officialSends : Math.ceil(line.officialSends / line.inFlight);
  const sizes = ['--generation', 'vsr', '--json', '--batch', line.batch, '--size', line.size, '--batches', batches];
  const { stdout } = await promisify(execFile)(clients, [...way, ...sizes].map(String), { timeout: 120_000 });
  const report = JSON.parse(stdout) as { roles?: Role[] } & Partial<Role>;
  const role = report.roles?.[0] ?? (report as Role);
  return { messagesPerSecond: role.messages_per_s, p50Us: role.latency_us.p50, p99Us: role.latency_us.p99 };
}

function median(figures: readonly number[]): number {
  return [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN;
}

function cells(figures: readonly Figures[]): string {
  if (figures.length === 0) return ' | | ';
  const [rate, p50, p99] = (['messagesPerSecond', 'p50Us', 'p99Us'] as const).map((name) =>
    Math.round(median(figures.map((each) => each[name]))),
  );
  return `${rate} | ${p50} | ${p99}`;
}

const folder = temporaryFolder();
const server = await startServerProcess(folder.path);
const targets = {
  TCP: `iggy+tcp://iggy:iggy@${server.address}`,
  QUIC: `iggy+quic://iggy:iggy@${server.quicAddress}?tls_ca_file=${folder.path}/certificates/self-signed.pem`,
};
try {
  console.log(`Node ${process.version}, ${os.cpus().length} × ${os.cpus()[0]?.model}, ${os.type()} ${os.release()}, durability interval\n`);
  console.log(
    '| Line | Transport | SDK, messages/s | p50, µs | p99, µs | CPU µs a message, SDK + server | Rust client, messages/s | p50, µs | p99, µs |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|');
  for (const line of lines) {
    for (const [transport, target] of Object.entries(targets)) {
      if (!`${line.name} ${transport}`.includes(values.only)) continue;
      const own: OwnFigures[] = [];
      const rust: Figures[] = [];
      for (let round = 0; round < Number(values.repetitions); round++) {
        own.push(await ours(line, target, server.pid));
        const figures = values.clients && (await official(values.clients, line, server, transport === 'QUIC'));
        if (figures) rust.push(figures);
      }
      const cpu = (['clientCpuUs', 'serverCpuUs'] as const).map((name) => median(own.map((each) => each[name])).toFixed(1)).join(' + ');
      console.log(`| ${line.name} | ${transport} | ${cells(own)} | ${cpu} | ${cells(rust)} |`);
    }
  }
} finally {
  await server.stop();
  folder.remove();
}
