// Request and reply over QUIC and over TCP with the same kinds of client, beside the floor: a bare server and client on the same library and UDP socket. Sends of 1 × 100 B, one at a
// time, classic generation. Client and server are pinned, to a core each and to one core for both: without that the kernel chooses anew in each run, and waking another core
// costs more than all else.
//
//   npm run build && node --import tsx bench/quic/latency.ts [--clients PATH_TO_iggy-clients] [--repetitions 5] [--calls 10000]
//
// Linux with `taskset`.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import { parseArgs, promisify } from 'node:util';
import { encodeClassicMessages } from '../../src/protocol/batch/classic-messages.ts';
import { sendMessages } from '../../src/protocol/commands/send-messages.ts';
import { Writer } from '../../src/protocol/writer.ts';
import { createTestTopic } from '../../test/support/messages.ts';
import { RawClient } from '../../test/support/raw-client.ts';
import { startServerProcess, temporaryFolder } from '../../test/support/test-server.ts';
import type { Latency, Task } from './latency-client.ts';

const { values } = parseArgs({
  options: {
    clients: { type: 'string' },
    repetitions: { type: 'string', default: '5' },
    calls: { type: 'string', default: '10000' },
  },
});
const calls = Number(values.calls);
const repetitions = Number(values.repetitions);
const payloadBytes = 100;
const run = promisify(execFile);

const placements = [
  { name: 'a core each', server: 0, client: 1 },
  { name: 'one core', server: 0, client: 0 },
];

function classicFrame(code: number, body: Uint8Array): string {
  return Buffer.from(
    new Writer()
      .u32(4 + body.length)
      .u32(code)
      .put(body).written,
  ).toString('base64');
}

function shown(figures: readonly number[]): string {
  const [low, middle, high] = [0, Math.floor(figures.length / 2), figures.length - 1].map((at) =>
    [...figures].sort((a, b) => a - b)[at]?.toFixed(0),
  );
  return `${middle} (${low} to ${high})`;
}

const folder = temporaryFolder();
const server = await startServerProcess(`${folder.path}/data`);
const bareServer = spawn(process.execPath, ['--import', 'tsx', 'bench/quic/bare-server.ts'], { stdio: ['ignore', 'pipe', 'inherit'] });
try {
  const bareAddress = String((await once(bareServer.stdout, 'data'))[0]).trim();
  const setUp = await RawClient.connect(server.address, 'classic');
  await setUp.login();
  const { stream, topic } = await createTestTopic(setUp);
  const send = new Writer();
  sendMessages.encodeRequest(
    send,
    {
      stream,
      topic,
      partitioning: { kind: 'partition', partition: 0 },
      count: 1,
      batch: encodeClassicMessages([{ id: 0n, payload: Buffer.alloc(payloadBytes), headers: undefined, originTimestamp: 0n }]),
    },
    'classic',
  );
  const common = {
    login: classicFrame(38, new Writer().shortText('iggy').shortText('iggy').u32(0).u32(0).written),
    send: classicFrame(101, send.written),
    stream,
    topic,
    payloadBytes,
    calls,
  };
  const own = (kind: Task['kind'], target: string) => async (core: number) => {
    const task: Task = { ...common, kind, target };
    const { stdout } = await run('taskset', [
      '-c',
      `${core}`,
      process.execPath,
      '--import',
      'tsx',
      'bench/quic/latency-client.ts',
      JSON.stringify(task),
    ]);
    return JSON.parse(stdout) as Latency;
  };
  const rust = (clients: string, args: readonly string[]) => async (core: number) => {
    const load = [
      '--generation',
      'classic',
      '--kind',
      'send',
      '--batch',
      '1',
      '--size',
      `${payloadBytes}`,
      '--batches',
      `${calls}`,
      '--json',
    ];
    const { stdout } = await run('taskset', ['-c', `${core}`, clients, ...args, ...load]);
    const { p50, p99 } = (JSON.parse(stdout) as { roles: { latency_us: { p50: number; p99: number } }[] }).roles.at(-1)?.latency_us ?? {
      p50: 0,
      p99: 0,
    };
    return { p50Us: p50, p99Us: p99 };
  };
  const sdkTarget = {
    quic: `iggy+quic://iggy:iggy@${server.quicAddress}?tls_ca_file=${folder.path}/data/certificates/self-signed.pem`,
    tcp: `iggy+tcp://iggy:iggy@${server.address}`,
  };
  const rows: { client: string; quic: (core: number) => Promise<Latency>; tcp?: (core: number) => Promise<Latency> }[] = [
    { client: 'bare, with the bare server', quic: own('bare-quic', bareAddress) },
    { client: 'bare', quic: own('bare-quic', server.quicAddress), tcp: own('bare-tcp', server.address) },
    { client: 'SDK', quic: own('sdk', sdkTarget.quic), tcp: own('sdk', sdkTarget.tcp) },
  ];
  if (values.clients !== undefined) {
    rows.push({
      client: 'Rust',
      quic: rust(values.clients, ['quic', '--alpn', 'iggy', '--address', server.quicAddress]),
      tcp: rust(values.clients, ['load', '--address', server.address]),
    });
  }
  console.log(`Node ${process.version}, ${os.cpus().length} × ${os.cpus()[0]?.model}, ${os.type()} ${os.release()}, durability interval\n`);
  console.log('| Client and server on | Client | QUIC p50, µs | TCP p50, µs | Ratio | QUIC p99, µs | TCP p99, µs |');
  console.log('|---|---|---|---|---|---|---|');
  for (const placement of placements) {
    for (const pid of [server.pid, bareServer.pid]) await run('taskset', ['-a', '-p', '-c', `${placement.server}`, `${pid}`]);
    for (const { client, quic, tcp } of rows) {
      const overQuic: Latency[] = [];
      const overTcp: Latency[] = [];
      for (let round = 0; round < repetitions; round++) {
        overQuic.push(await quic(placement.client));
        if (tcp !== undefined) overTcp.push(await tcp(placement.client));
      }
      const ratio = tcp && shownRatio(overQuic, overTcp);
      const [quicP50, tcpP50, quicP99, tcpP99] = [
        overQuic.map(({ p50Us }) => p50Us),
        overTcp.map(({ p50Us }) => p50Us),
        overQuic.map(({ p99Us }) => p99Us),
        overTcp.map(({ p99Us }) => p99Us),
      ].map((figures) => (figures.length > 0 ? shown(figures) : ''));
      console.log(`| ${placement.name} | ${client} | ${quicP50} | ${tcpP50} | ${ratio ?? ''} | ${quicP99} | ${tcpP99} |`);
    }
  }
  setUp.close();
} finally {
  bareServer.kill();
  await server.stop();
  folder.remove();
}

function shownRatio(quic: readonly Latency[], tcp: readonly Latency[]): string {
  const ratios = quic.map(({ p50Us }, round) => p50Us / (tcp[round]?.p50Us ?? Number.NaN)).sort((a, b) => a - b);
  return (ratios[Math.floor(ratios.length / 2)] ?? Number.NaN).toFixed(1);
}
