// Three workers share the partitions of a topic. A worker stores its progress after each message; one that leaves hands its partitions over.
//
//   npx tsx examples/consumer-groups.ts [iggy://user:password@host:port]

import { connect } from 'galgo';

const target = process.argv[2] ?? 'iggy://iggy:iggy@127.0.0.1:8090';
const client = await connect(target);
const stream = `consumer-groups-${Date.now()}`;
await client.streams.create({ name: stream });
await client.topics.create({ stream, name: 'jobs', partitionsCount: 6 });

let done = 0;
const jobs = 60;

/** A member of a group is a connection: each worker has its own. */
async function work(name: string): Promise<void> {
  const connection = await connect(target);
  const consumer = connection.consumer({ stream, topic: 'jobs', group: 'workers', commit: 'each' });
  const finished = setInterval(() => {
    if (done >= jobs) void consumer.close();
  }, 20);
  await consumer.run((message) => {
    console.log(`${name} did ${message.text()} of partition ${message.partition}`);
    done++;
  });
  clearInterval(finished);
  await connection.drain();
}

const workers = ['Anna', 'Ben', 'Cleo'].map(work);
const producer = client.producer({ stream, topic: 'jobs' });
// Jobs of one customer go to one partition, and so to one worker, in order.
await producer.sendAll(Array.from({ length: jobs }, (_, index) => ({ payload: `job ${index}`, key: `customer-${index % 7}` })));
await Promise.all(workers);

await client.streams.delete(stream);
await client.drain();
