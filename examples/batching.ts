// What batches do for throughput: the same messages awaited one by one, many at once, and handed over together.
//
//   npx tsx examples/batching.ts [iggy://user:password@host:port]

import { connect } from 'galgo';

const client = await connect(process.argv[2] ?? 'iggy://iggy:iggy@127.0.0.1:8090');
const stream = `batching-${Date.now()}`;
await client.streams.create({ name: stream });
await client.topics.create({ stream, name: 'numbers' });

const producer = client.producer({ stream, topic: 'numbers', maxBatchMessages: 500, lingerMs: 5 });
const unbatched = client.producer({ stream, topic: 'numbers', maxBatchMessages: 1 });
const message = { payload: Buffer.alloc(100, 'x') };

await measure('one by one', 500, async (count) => {
  for (let index = 0; index < count; index++) await unbatched.send(message);
});
await measure('many at once', 10_000, async (count) => {
  await Promise.all(Array.from({ length: count }, () => producer.send(message)));
});
await measure('handed over together', 10_000, async (count) => {
  await producer.sendAll(Array.from({ length: count }, () => message));
});

await client.streams.delete(stream);
await client.drain();

async function measure(name: string, count: number, run: (count: number) => Promise<void>): Promise<void> {
  const began = performance.now();
  await run(count);
  console.log(`${name}: ${Math.round(count / ((performance.now() - began) / 1000))} messages/s`);
}
