// What it costs to measure requests: processor time of the event loop for each request, of servers with metrics on, with metrics off, and with metrics and traces on.
//
//   npm run build && node --import tsx bench/observe.ts [rounds]
//
// The servers run side by side and take turns, so that they meet the same machine. Traces go to a collector that takes them and does nothing. Linux only (schedstat).

import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import { ping } from '../src/protocol/commands/ping.ts';
import { createTestTopic, send, type TopicName, testMessages } from '../test/support/messages.ts';
import { RawClient } from '../test/support/raw-client.ts';
import { startServerProcess, temporaryFolder } from '../test/support/test-server.ts';

const rounds = Number(process.argv[2] ?? 15);
const requestsOfRound = 4_000;
const connections = 4;

const collector = http.createServer((request, response) => request.resume().on('end', () => response.end('{}')));
await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
const collectorUrl = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;

const variants = {
  off: { GALGO_HTTP_METRICS_ENABLED: 'false' },
  metrics: {},
  'metrics and traces': {
    GALGO_TELEMETRY_ENABLED: 'true',
    GALGO_TELEMETRY_TRACES_ENDPOINT: `${collectorUrl}/v1/traces`,
    GALGO_TELEMETRY_LOGS_ENDPOINT: `${collectorUrl}/v1/logs`,
  },
} as const;

interface Candidate {
  readonly name: string;
  readonly pid: number;
  readonly clients: RawClient[];
  readonly topic: TopicName;
  stop(): Promise<unknown>;
}

async function startCandidate(name: string, environment: Record<string, string>): Promise<Candidate> {
  const folder = temporaryFolder();
  const server = await startServerProcess(`${folder.path}/data`, environment);
  const clients: RawClient[] = [];
  for (let i = 0; i < connections; i++) {
    const client = await RawClient.connect(server.address, 'classic');
    await client.login();
    clients.push(client);
  }
  const topic = await createTestTopic(clients[0] as RawClient);
  const stop = async () => {
    for (const client of clients) client.close();
    await server.stop();
    folder.remove();
  };
  return { name, pid: server.pid, clients, topic, stop };
}

/** Nanoseconds that the main thread has run. */
function loopNanoseconds(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]);
}

async function measure(candidate: Candidate, request: (client: RawClient) => Promise<unknown>): Promise<number> {
  const before = loopNanoseconds(candidate.pid);
  await Promise.all(
    candidate.clients.map(async (client) => {
      for (let i = 0; i < requestsOfRound / connections; i++) await request(client);
    }),
  );
  return (loopNanoseconds(candidate.pid) - before) / requestsOfRound / 1000;
}

const candidates: Candidate[] = [];
for (const [name, environment] of Object.entries(variants)) candidates.push(await startCandidate(name, environment));
const messages = testMessages(0, 1, 100);
const lines: string[] = [];
for (const [what, requestOf] of Object.entries({
  ping: () => (client: RawClient) => client.call(ping, undefined),
  'send 1 × 100 B': (topic: TopicName) => (client: RawClient) => send(client, topic, messages),
})) {
  const figures = new Map<string, number[]>(candidates.map(({ name }) => [name, []]));
  for (let round = -2; round < rounds; round++) {
    for (const candidate of candidates) {
      const micros = await measure(candidate, requestOf(candidate.topic));
      if (round >= 0) figures.get(candidate.name)?.push(micros);
    }
  }
  const off = figures.get('off') ?? [];
  for (const [name, micros] of figures) {
    const ratios = micros.map((value, round) => value / (off[round] as number));
    lines.push(
      `${what.padEnd(16)} ${name.padEnd(20)} ${median(micros).toFixed(2)} µs a request, ${median(ratios).toFixed(3)} of that without`,
    );
  }
}
for (const candidate of candidates) await candidate.stop();
collector.closeAllConnections();
collector.close();
process.stdout.write(
  `${os.availableParallelism()} × ${os.cpus()[0]?.model}, Node ${process.version}, ${rounds} rounds of ${requestsOfRound} requests\n`,
);
process.stdout.write(`${lines.join('\n')}\n`);

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
