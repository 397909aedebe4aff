// What a scrape costs, and whom it makes wait: a server with many topics is scraped while a client sends to it.
//
//   npm run build && node --import tsx bench/scrape.ts [topics] [scrapes]
//
// Each topic has one partition, one consumer group and some messages. Round trips of small sends are measured with and without scrapes, in turns, so that both meet the same machine.
// The delay of the event loop is the server's own, of the time since its scrape before.

import os from 'node:os';
import { build } from 'hdr-histogram-js';
import { createConsumerGroup } from '../src/protocol/commands/create-consumer-group.ts';
import { createStream } from '../src/protocol/commands/create-stream.ts';
import { createTopic } from '../src/protocol/commands/create-topic.ts';
import { noOptions } from '../src/protocol/primitives/options.ts';
import { send, testMessages } from '../test/support/messages.ts';
import { RawClient } from '../test/support/raw-client.ts';
import { startServerProcess, temporaryFolder } from '../test/support/test-server.ts';

const topics = Number(process.argv[2] ?? 1000);
const scrapes = Number(process.argv[3] ?? 30);
const pauseMs = 100;

const folder = temporaryFolder();
const server = await startServerProcess(`${folder.path}/data`, { GALGO_HTTP_METRICS_PUBLIC: 'true' });
const client = await RawClient.connect(server.address, 'classic');
await client.login();
await client.call(createStream, { name: 'bench', options: noOptions });
const messages = testMessages(0, 10, 100);
for (let i = 0; i < topics; i++) {
  const name = { stream: 'bench', topic: `topic-${i}` };
  await client.call(createTopic, {
    stream: 'bench',
    name: name.topic,
    partitionsCount: 1,
    compression: 1,
    messageExpiry: 0n,
    maxTopicSize: 0n,
    replicationFactor: 1,
    options: noOptions,
  });
  await client.call(createConsumerGroup, { ...name, name: 'group' });
  await send(client, name, messages);
}

async function scrape(): Promise<{ tookMs: number; text: string }> {
  const begunMs = performance.now();
  const reply = await fetch(`${server.httpAddress}/metrics`, { headers: { accept: 'application/openmetrics-text' } });
  const text = await reply.text();
  return { tookMs: performance.now() - begunMs, text };
}

/** Round trips of sends, in µs, while `meanwhile` runs. */
async function roundTrips(histogram: ReturnType<typeof build>, meanwhile: Promise<unknown>): Promise<void> {
  let over = false;
  const ended = meanwhile.finally(() => {
    over = true;
  });
  const one = testMessages(0, 1, 100);
  while (!over) {
    const begunMs = performance.now();
    await send(client, { stream: 'bench', topic: 'topic-0' }, one);
    histogram.recordValue(Math.round((performance.now() - begunMs) * 1000));
  }
  await ended;
}

const quiet = build();
const scraped = build();
const durations: number[] = [];
const delays: number[] = [];
let bytes = 0;
for (let warmUp = 0; warmUp < 5; warmUp++) await scrape();
for (let i = 0; i < scrapes; i++) {
  await roundTrips(quiet, new Promise((resolve) => setTimeout(resolve, pauseMs)));
  // The first scrape ends the time that the delay is of: the second one tells what happened during the first.
  await scrape();
  await roundTrips(
    scraped,
    scrape().then(({ tookMs, text }) => {
      durations.push(tookMs);
      bytes = text.length;
    }),
  );
  const { text } = await scrape();
  delays.push(1000 * Number(/^galgo_event_loop_delay_seconds\{quantile="1"\} (\S+)$/m.exec(text)?.[1]));
}
client.close();
await server.stop();
folder.remove();

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const most = (values: number[]) => Math.max(...values);
const ms = (value: number) => `${value.toFixed(1)} ms`;
const micros = (histogram: ReturnType<typeof build>) =>
  [50, 99, 99.9].map((percentile) => `p${percentile} ${histogram.getValueAtPercentile(percentile)} µs`).join(', ');
const [cpu] = os.cpus();
process.stdout.write(
  [
    `${os.availableParallelism()} × ${cpu?.model}, Node ${process.version}, ${topics} topics, ${scrapes} scrapes of ${Math.round(bytes / 1024)} KiB`,
    `scrape, with sends under way        median ${ms(median(durations))}, longest ${ms(most(durations))}`,
    `longest delay of the event loop     median ${ms(median(delays))}, longest ${ms(most(delays))}`,
    `sends without a scrape              ${micros(quiet)}`,
    `sends during a scrape               ${micros(scraped)}`,
    '',
  ].join('\n'),
);
