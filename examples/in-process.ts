// A whole server in this program, on a folder that is gone afterwards, and a client that needs no socket. Nothing has to run for it.
//
//   npx tsx examples/in-process.ts

import { Galgo } from 'galgo';

const galgo = await Galgo.start();
const client = await galgo.connect();

await client.streams.create({ name: 'shop' });
await client.topics.create({ stream: 'shop', name: 'orders' });
await client.producer({ stream: 'shop', topic: 'orders' }).sendAll([{ payload: 'tea' }, { payload: 'cake' }]);

const consumer = client.consumer({ stream: 'shop', topic: 'orders', group: 'kitchen' });
let served = 0;
await consumer.run((message) => {
  console.log(`order ${message.offset}: ${message.text()}`);
  if (++served === 2) void consumer.close();
});

await galgo.close();
