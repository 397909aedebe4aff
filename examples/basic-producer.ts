// Sends a message every 100 ms, a hundred in all, and creates stream and topic where they are missing. Goes with basic-consumer.ts.
//
//   npx tsx examples/basic-producer.ts [iggy://user:password@host:port]

import { connect } from 'galgo';

const client = await connect(process.argv[2] ?? 'iggy://iggy:iggy@127.0.0.1:8090');
client.on('disconnected', (error) => console.log(`connection lost: ${error.message}`));
client.on('connected', () => console.log('connected again'));

await client.topics.ensure({ stream: 'basic', name: 'ticks', partitionsCount: 3 });

const producer = client.producer({ stream: 'basic', topic: 'ticks' });
for (let tick = 1; tick <= 100; tick++) {
  await producer.send({ payload: JSON.stringify({ tick, at: new Date().toISOString() }) });
  await new Promise((resolve) => setTimeout(resolve, 100));
}
console.log('sent 100 ticks');
await client.drain();
