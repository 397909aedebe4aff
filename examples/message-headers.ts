// User headers: the type of an event travels beside its payload, so that a reader can choose before it parses.
//
//   npx tsx examples/message-headers.ts [iggy://user:password@host:port]

import { connect } from 'galgo';

const client = await connect(process.argv[2] ?? 'iggy://iggy:iggy@127.0.0.1:8090');
const stream = `message-headers-${Date.now()}`;
await client.streams.create({ name: stream });
await client.topics.create({ stream, name: 'orders' });

const producer = client.producer({ stream, topic: 'orders' });
await producer.sendAll([
  { payload: JSON.stringify({ id: 1, price: 9.5 }), headers: { type: 'order-created', version: 2 } },
  { payload: JSON.stringify({ id: 1 }), headers: { type: 'order-confirmed', version: 2, urgent: true } },
  // A kind can be named where the type does not tell it.
  { payload: JSON.stringify({ id: 2, reason: 'sold out' }), headers: { type: 'order-rejected', shop: { kind: 'uint16', value: 17 } } },
]);

let left = 3;
const consumer = client.consumer({ stream, topic: 'orders', name: 'clerk' });
for await (const message of consumer) {
  const headers = message.headers();
  switch (headers.get('type')) {
    case 'order-created':
      console.log('created', message.json());
      break;
    case 'order-confirmed':
      console.log(headers.get('urgent') === true ? 'confirmed, urgent' : 'confirmed', message.json());
      break;
    case 'order-rejected':
      console.log(`rejected by shop ${headers.get('shop')}`, message.json());
  }
  if (--left === 0) break;
}

await client.streams.delete(stream);
await client.drain();
