// How many things there may be: creation rate, start-up time and memory with 10,000 streams, 10,000 topics of one partition in one stream, a topic of 1,000 partitions, 1,000 users and
// 1,000 consumer groups. Each creation is durable before the next one begins.
//
//   npm run build && node --import tsx bench/scale.ts

import { readFileSync } from 'node:fs';
import { createConsumerGroup } from '../src/protocol/commands/create-consumer-group.ts';
import { createStream } from '../src/protocol/commands/create-stream.ts';
import { createTopic } from '../src/protocol/commands/create-topic.ts';
import { createUser } from '../src/protocol/commands/create-user.ts';
import { noOptions } from '../src/protocol/primitives/options.ts';
import { RawClient } from '../test/support/raw-client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../test/support/test-server.ts';

const folder = temporaryFolder();
const dataPath = `${folder.path}/data`;
console.log(`Node ${process.version}\n\n| State | Created | Start-up | Resident |\n|---|---|---|---|`);

function residentMiB(server: ServerProcess): string {
  const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]);
  return `${Math.round(kilobytes / 1024)} MiB`;
}

/** Starts the server, creates, restarts it and prints a row. */
async function measure(name: string, count: number, create: (client: RawClient, index: number) => Promise<unknown>): Promise<void> {
  const server = await startServerProcess(dataPath);
  const client = await RawClient.connect(server.address, 'vsr');
  await client.login();
  const begun = performance.now();
  for (let index = 0; index < count; index++) await create(client, index);
  const seconds = (performance.now() - begun) / 1000;
  client.close();
  await server.stop();

  const started = performance.now();
  const again = await startServerProcess(dataPath);
  const startUp = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`| ${name} | ${Math.round(count / seconds)} a second | ${startUp} s | ${residentMiB(again)} |`);
  await again.stop();
}

const topic = (stream: string, name: string, partitionsCount: number) => ({
  stream,
  name,
  partitionsCount,
  compression: undefined,
  messageExpiry: undefined,
  maxTopicSize: undefined,
  replicationFactor: undefined,
  options: noOptions,
});

await measure('empty', 0, async () => undefined);
await measure('10,000 streams', 10_000, (client, index) => client.call(createStream, { name: `stream-${index}`, options: noOptions }));
await measure('and 10,000 topics of one partition in one stream', 10_000, (client, index) =>
  client.call(createTopic, topic('stream-0', `topic-${index}`, 1)),
);
await measure('and a topic of 1,000 partitions', 1, (client) => client.call(createTopic, topic('stream-1', 'wide', 1000)));
await measure('and 1,000 users', 1000, (client, index) =>
  client.call(createUser, { username: `user-${index}`, password: 'password', status: 1, permissions: undefined, options: noOptions }),
);
await measure('and 1,000 consumer groups', 1000, (client, index) =>
  client.call(createConsumerGroup, { stream: 'stream-0', topic: 'topic-0', name: `group-${index}` }),
);
folder.remove();
