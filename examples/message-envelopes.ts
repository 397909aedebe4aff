// Envelopes: the type of an event travels inside the payload, around its data. A union of types tells the compiler what each kind carries.
//
//   npx tsx examples/message-envelopes.ts [iggy://user:password@host:port]

import { connect } from 'galgo';

type OrderEvent =
  | { type: 'order_created'; payload: { id: number; price: number } }
  | { type: 'order_confirmed'; payload: { id: number } }
  | { type: 'order_rejected'; payload: { id: number; reason: string } };

const client = await connect(process.argv[2] ?? 'iggy://iggy:iggy@127.0.0.1:8090');
const stream = `message-envelopes-${Date.now()}`;
await client.streams.create({ name: stream });
await client.topics.create({ stream, name: 'orders' });

const events: OrderEvent[] = [
  { type: 'order_created', payload: { id: 1, price: 9.5 } },
  { type: 'order_confirmed', payload: { id: 1 } },
  { type: 'order_rejected', payload: { id: 2, reason: 'sold out' } },
];
const producer = client.producer({ stream, topic: 'orders' });
await producer.sendAll(events.map((event) => ({ payload: JSON.stringify(event) })));

let left = events.length;
for await (const message of client.consumer({ stream, topic: 'orders', name: 'clerk' })) {
  console.log(describe(message.json() as OrderEvent));
  if (--left === 0) break;
}

await client.streams.delete(stream);
await client.drain();

function describe({ type, payload }: OrderEvent): string {
  switch (type) {
    case 'order_created':
      return `order ${payload.id} was created for ${payload.price}`;
    case 'order_confirmed':
      return `order ${payload.id} was confirmed`;
    case 'order_rejected':
      return `order ${payload.id} was rejected: ${payload.reason}`;
  }
}
