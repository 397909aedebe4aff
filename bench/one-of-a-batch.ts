// What it costs to poll one message out of a batch: server CPU time for each poll and bytes read from the log, out of a batch of one, of 1 MB and of nearly 64 MiB, by clients of both
// generations.
//
//   npm run build && node --import tsx bench/one-of-a-batch.ts [--polls 3000]

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { pollMessages } from '../src/protocol/commands/poll-messages.ts';
import { createTestTopic, generations, send, testMessages } from '../test/support/messages.ts';
import { RawClient } from '../test/support/raw-client.ts';
import { startServerProcess, temporaryFolder } from '../test/support/test-server.ts';

const { values } = parseArgs({ options: { polls: { type: 'string', default: '3000' } } });
const polls = Number(values.polls);
const payloadBytes = 1000;
const ticksPerSecond = 100;

/** User and system time of a process, in µs. */
function cpuMicros(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6;
}

/** Bytes that a process got from read calls, sockets included. */
function bytesRead(pid: number): number {
  return Number(/rchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
}

const folder = temporaryFolder();
const server = await startServerProcess(`${folder.path}/data`);
console.log(`Node ${process.version}, ${polls} polls a line, messages of ${payloadBytes} bytes\n`);
console.log('| Client | Batch | CPU a poll | Bytes read a poll |\n|---|---|---|---|');
for (const generation of generations) {
  const client = await RawClient.connect(server.address, generation);
  await client.login();
  for (const count of [1, 1000, 58_000]) {
    const name = await createTestTopic(client);
    await send(client, name, testMessages(0, count, payloadBytes));
    const before = { cpu: cpuMicros(server.pid), read: bytesRead(server.pid) };
    for (let index = 0; index < polls; index++) {
      const offset = BigInt(Math.floor((index * count) / polls));
      const strategy = { kind: 1, value: offset } as const;
      const polled = await client.call(pollMessages, {
        ...name,
        consumer: { kind: 1, id: 1 },
        partition: 0,
        strategy,
        count: 1,
        autoCommit: false,
      });
      if (polled?.count !== 1) throw new Error(`nothing at offset ${offset}`);
    }
    const cpu = (cpuMicros(server.pid) - before.cpu) / polls;
    const read = (bytesRead(server.pid) - before.read) / polls;
    console.log(`| ${generation} | ${count} × ${payloadBytes} B | ${cpu.toFixed(0)} µs | ${Math.round(read)} |`);
  }
  client.close();
}
await server.stop();
folder.remove();
