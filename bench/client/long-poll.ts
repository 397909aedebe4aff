// What waiting for messages costs, and how fast they arrive: a consumer whose polls wait in the server beside consumers that poll at intervals.
//
//   npm run build && node --import tsx bench/client/long-poll.ts [--seconds 60] [--messages 1000] [--rounds 5] [--only TEXT]
//
// Server and clients are two processes on this machine, over TCP. Idle: CPU time of both while one consumer reads a topic in which nothing happens. Latency: from the call of `send`
// to the consumer's loop, single messages of 100 bytes, each after a pause of 1 to 10 ms, so that they do not fall in step with the polls; the consumers take turns within each round,
// and each figure is the median of the rounds, with the lowest and the highest. `--seconds 0` leaves the idle part out, `--rounds 0` the latency; `--only` takes the lines with that text.

import { readFileSync } from 'node:fs';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Client, type ConsumerOptions, connect } from '../../src/client/index.ts';
import { startServerProcess, temporaryFolder } from '../../test/support/test-server.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    messages: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
  },
});
const seconds = Number(values.seconds);
const messages = Number(values.messages);
const rounds = Number(values.rounds);

const everyConsumer: Readonly<Record<string, Partial<ConsumerOptions> | undefined>> = {
  'nobody connected': undefined,
  'polls wait in the server': {},
  'polls every 1 ms': { maxWaitMs: 0, minPollDelayMs: 1, maxPollDelayMs: 1 },
  'polls every 5 to 100 ms': { maxWaitMs: 0 },
};
const lines = Object.entries(everyConsumer).filter(([name]) => name.includes(values.only));

const folder = temporaryFolder();
const server = await startServerProcess(`${folder.path}/data`);
const address = `iggy://iggy:iggy@${server.address}`;
console.log(
  `Node ${process.version}, ${os.availableParallelism()} processors, Linux ${os.release()}; server and clients on the same machine\n`,
);

/** Milliseconds of processor time that the process has used, in user and kernel mode, to the clock tick of 10 ms. */
function serverCpuMs(): number {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function clientCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function newTopic(client: Client): Promise<{ stream: string; topic: string }> {
  const stream = `stream-${crypto.randomUUID()}`;
  await client.streams.create({ name: stream });
  await client.topics.create({ stream, name: 'topic' });
  return { stream, topic: 'topic' };
}

async function idle(options: Partial<ConsumerOptions> | undefined): Promise<string> {
  const client = options && (await connect(address));
  const consumer = client?.consumer({ ...(await newTopic(client)), name: 'reader', ...options });
  const running = consumer?.run(() => undefined);
  await sleep(2000);
  const [clientBefore, serverBefore] = [clientCpuMs(), serverCpuMs()];
  await sleep(seconds * 1000);
  const [clientMs, serverMs] = [clientCpuMs() - clientBefore, serverCpuMs() - serverBefore];
  await consumer?.close();
  await running;
  await client?.drain();
  return `${Math.round(clientMs)} | ${serverMs}`;
}

/** p50 and p99 in microseconds. */
async function latency(options: Partial<ConsumerOptions>): Promise<[number, number]> {
  const [writer, reader] = [await connect(address), await connect(address)];
  const topic = await newTopic(writer);
  const consumer = reader.consumer({ ...topic, name: 'reader', ...options });
  const took: number[] = [];
  let sentAtMs = 0;
  let arrived: () => void = () => undefined;
  const running = consumer.run(() => {
    took.push(performance.now() - sentAtMs);
    arrived();
  });
  const payload = Buffer.alloc(100, 'x');
  await sleep(500);
  for (let count = 0; count < messages; count++) {
    await sleep(1 + Math.random() * 9);
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    sentAtMs = performance.now();
    await writer.messages.send({ ...topic, messages: [{ payload }], partitioning: { kind: 'partition', partition: 0 } });
    await arrival;
  }
  await consumer.close();
  await running;
  await Promise.all([writer.drain(), reader.drain()]);
  took.sort((a, b) => a - b);
  const percentile = (share: number) => (took[Math.min(took.length - 1, Math.floor(took.length * share))] as number) * 1000;
  return [percentile(0.5), percentile(0.99)];
}

function median(figures: readonly number[]): string {
  const sorted = figures.toSorted((a, b) => a - b);
  const at = (index: number) => Math.round(sorted[index] as number);
  return `${at(Math.floor(sorted.length / 2))} (${at(0)} to ${at(sorted.length - 1)})`;
}

if (seconds > 0) {
  console.log(`| Idle for ${seconds} s | Client, CPU ms | Server, CPU ms |\n|---|---|---|`);
  for (const [name, options] of lines) console.log(`| ${name} | ${await idle(options)} |`);
}

if (rounds > 0) {
  const measured = lines.flatMap(([name, options]) =>
    options === undefined ? [] : [{ name, options, p50: [] as number[], p99: [] as number[] }],
  );
  // The first round pays for the compiler.
  for (let round = 0; round <= rounds; round++) {
    for (const line of measured) {
      const [p50, p99] = await latency(line.options);
      if (round === 0) continue;
      line.p50.push(p50);
      line.p99.push(p99);
    }
  }
  console.log(`\n| Send to delivery, ${messages} messages a round | p50, µs | p99, µs |\n|---|---|---|`);
  for (const { name, p50, p99 } of measured) console.log(`| ${name} | ${median(p50)} | ${median(p99)} |`);
}

await server.stop();
folder.remove();
