// What requests of a QUIC connection cost the server while polls wait on other streams of it: pings, one at a time.
//
//   npm run build && node --import tsx bench/quic/waiting-polls.ts [--repetitions 5] [--calls 3000]
//
// Processor time is the server's, from /proc: Linux.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ping } from '../../src/protocol/commands/ping.ts';
import { waitForMessages } from '../../src/protocol/commands/wait-for-messages.ts';
import { ConsumerKind } from '../../src/protocol/primitives/consumer.ts';
import { PollingKind } from '../../src/protocol/primitives/polling-strategy.ts';
import { Writer } from '../../src/protocol/writer.ts';
import { createTestTopic } from '../../test/support/messages.ts';
import { QuicTestClient } from '../../test/support/quic-client.ts';
import { startServerProcess, temporaryFolder } from '../../test/support/test-server.ts';

const { values } = parseArgs({ options: { repetitions: { type: 'string', default: '5' }, calls: { type: 'string', default: '3000' } } });
const calls = Number(values.calls);
const waitMs = 60_000;
const ticksPerSecond = 100;

function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

async function measure(waiting: number): Promise<number> {
  const folder = temporaryFolder();
  const server = await startServerProcess(`${folder.path}/data`, {
    GALGO_QUIC_MAX_CONCURRENT_BIDI_STREAMS: '2000',
    GALGO_LIMITS_CONNECTION_WAITING_POLLS_MAX: '2000',
  });
  const quic = await QuicTestClient.connect(server.quicAddress);
  const client = quic.raw('vsr');
  await client.login();
  const { stream, topic } = await createTestTopic(client);
  const body = new Writer();
  waitForMessages.encodeRequest(
    body,
    {
      ...{ stream, topic, consumer: { kind: ConsumerKind.consumer, id: 1 }, partition: 0, waitMs, messages: 1 },
      ...{ strategy: { kind: PollingKind.offset, value: 0n }, count: 1, autoCommit: false },
    },
    'vsr',
  );
  const frame = client.vsrFrame(2, body.written, { code: waitForMessages.code });
  for (let index = 0; index < waiting; index++) await quic.write(quic.openStream(), frame, true);
  for (let call = 0; call < calls / 4; call++) await client.call(ping, undefined);
  const before = processorSeconds(server.pid);
  for (let call = 0; call < calls; call++) await client.call(ping, undefined);
  const microseconds = ((processorSeconds(server.pid) - before) * 1e6) / calls;
  quic.close();
  await server.stop();
  folder.remove();
  return microseconds;
}

const counts = [0, 100, 1000];
const figures = new Map<number, number[]>(counts.map((waiting) => [waiting, []]));
for (let repetition = 0; repetition < Number(values.repetitions); repetition++) {
  for (const waiting of counts) figures.get(waiting)?.push(await measure(waiting));
}
console.log('| Polls that wait | Processor time of the server for a ping, µs: median (least to most) |\n|---|---|');
for (const [waiting, all] of figures) {
  const [least, middle, most] = [0, Math.floor(all.length / 2), all.length - 1].map((at) => all.sort((a, b) => a - b)[at]?.toFixed(0));
  console.log(`| ${waiting} | ${middle} (${least} to ${most}) |`);
}
process.exit(0);
