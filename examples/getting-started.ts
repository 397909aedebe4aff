// A stream with a topic, a few messages sent, and read again.
//
//   npx tsx examples/getting-started.ts [iggy://user:password@host:port]

import { connect } from 'galgo';

const client = await connect(process.argv[2] ?? 'iggy://iggy:iggy@127.0.0.1:8090');
const stream = `getting-started-${Date.now()}`;

await client.streams.create({ name: stream });
await client.topics.create({ stream, name: 'greetings' });

const producer = client.producer({ stream, topic: 'greetings' });
for (const payload of ['hello', 'servus', 'grüezi']) {
  const { partition, offset } = await producer.send({ payload });
  console.log(`sent ${payload} to partition ${partition}, offset ${offset ?? 'unknown'}`);
}

const consumer = client.consumer({ stream, topic: 'greetings', name: 'reader' });
for await (const message of consumer) {
  console.log(`read ${message.text()} at offset ${message.offset}`);
  if (message.offset === 2) break;
}

await client.streams.delete(stream);
await client.drain();
