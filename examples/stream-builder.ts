// One call for what a service begins with: the topic is there, whoever was first, and so are a producer and a consumer with every option that matters.
//
//   npx tsx examples/stream-builder.ts [iggy://user:password@host:port]

import { type Client, type Consumer, connect, type Producer } from 'galgo';

const client = await connect(process.argv[2] ?? 'iggy://iggy:iggy@127.0.0.1:8090');
const stream = `stream-builder-${Date.now()}`;

// Several instances of a service may start at once.
const [{ producer, consumer }] = await Promise.all([build(client, stream), build(client, stream)]);

await producer.sendAll(Array.from({ length: 10 }, (_, index) => ({ payload: `reading ${index}`, key: `sensor-${index % 3}` })));
let left = 10;
for await (const message of consumer) {
  console.log(`partition ${message.partition}: ${message.text()}`);
  if (--left === 0) break;
}

await client.streams.delete(stream);
await client.drain();

async function build({ topics }: Client, stream: string): Promise<{ producer: Producer; consumer: Consumer }> {
  await topics.ensure({ stream, name: 'readings', partitionsCount: 3 });
  return {
    producer: client.producer({ stream, topic: 'readings', maxBatchMessages: 500, lingerMs: 5, deliveryTimeoutMs: 10_000 }),
    consumer: client.consumer({ stream, topic: 'readings', name: 'dashboard', start: 'first', batchSize: 100, commit: { count: 100 } }),
  };
}
