// Reads a hundred messages of basic-producer.ts; started again it goes on where it ended.
//
//   npx tsx examples/basic-consumer.ts [iggy://user:password@host:port]

import { connect } from 'galgo';

const client = await connect(process.argv[2] ?? 'iggy://iggy:iggy@127.0.0.1:8090');
const consumer = client.consumer({ stream: 'basic', topic: 'ticks', name: 'basic-consumer', commit: { intervalMs: 500 } });
process.once('SIGINT', () => void consumer.close());

let count = 0;
await consumer.run((message) => {
  console.log(`partition ${message.partition}, offset ${message.offset}: ${message.text()}`);
  if (++count === 100) void consumer.close();
});
await client.drain();
