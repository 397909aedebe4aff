// One client of latency.ts, as a process of its own. Reads what to do from its first argument, prints the median and the 99th percentile of a call in µs.

import net from 'node:net';
import { build } from 'hdr-histogram-js';
import { connect } from '../../src/client/index.ts';
import { connectBare } from './bare-endpoint.ts';

export interface Task {
  readonly kind: 'bare-quic' | 'bare-tcp' | 'sdk';
  /** An address for the bare clients, a target of the SDK. */
  readonly target: string;
  /** Of bare clients: frames in base64. */
  readonly login: string;
  readonly send: string;
  /** Where the SDK sends to. */
  readonly stream: string;
  readonly topic: string;
  readonly payloadBytes: number;
  readonly calls: number;
}

export interface Latency {
  readonly p50Us: number;
  readonly p99Us: number;
}

const warmUpShare = 1 / 4;
const okBytes = 8;

async function caller(task: Task): Promise<() => Promise<unknown>> {
  if (task.kind === 'sdk') {
    const client = await connect(task.target, { generation: 'classic' });
    const messages = [{ payload: Buffer.alloc(task.payloadBytes) }];
    return () =>
      client.messages.send({ stream: task.stream, topic: task.topic, partitioning: { kind: 'partition', partition: 0 }, messages });
  }
  const port = Number(task.target.split(':').at(-1));
  const exchange = task.kind === 'bare-quic' ? await connectBare(port) : await connectTcp(port);
  const login = await exchange(Buffer.from(task.login, 'base64'));
  if (login.readUInt32LE(0) !== 0) throw new Error(`login: status ${login.readUInt32LE(0)}`);
  const request = Buffer.from(task.send, 'base64');
  return async () => {
    const reply = await exchange(request);
    if (reply.length !== okBytes || reply.readUInt32LE(0) !== 0) throw new Error(`send: status ${reply.readUInt32LE(0)}`);
  };
}

/** One request at a time; replies are short enough to come whole. */
async function connectTcp(port: number): Promise<(request: Uint8Array) => Promise<Buffer>> {
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
  let answered: (reply: Buffer) => void = () => undefined;
  socket.on('data', (reply: Buffer) => answered(reply));
  return (request) =>
    new Promise((resolve) => {
      answered = resolve;
      socket.write(request);
    });
}

if (process.argv[2] !== undefined) {
  const task = JSON.parse(process.argv[2]) as Task;
  const call = await caller(task);
  const latencies = build();
  for (let warmUp = 0; warmUp < task.calls * warmUpShare; warmUp++) await call();
  for (let made = 0; made < task.calls; made++) {
    const beganMs = performance.now();
    await call();
    latencies.recordValue(Math.round((performance.now() - beganMs) * 1000));
  }
  console.log(JSON.stringify({ p50Us: latencies.getValueAtPercentile(50), p99Us: latencies.getValueAtPercentile(99) } satisfies Latency));
  process.exit();
}
