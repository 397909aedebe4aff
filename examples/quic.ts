// Many requests at once over QUIC: each has a stream of its own, so that a large reply or a lost packet holds up one of them and not the others.
//
//   npx tsx examples/quic.ts [iggy+quic://user:password@host:port?tls_ca_file=… or tls_fingerprint=…]
//
// The server's start notice shows the fingerprint of its certificate.

import { connect } from 'galgo';

const client = await connect(process.argv[2] ?? 'iggy+quic://iggy:iggy@localhost:8080?tls_ca_file=local_data/certificates/self-signed.pem');
const stream = `quic-${Date.now()}`;

await client.streams.create({ name: stream });
await client.topics.create({ stream, name: 'readings', partitionsCount: 4 });

const producer = client.producer({ stream, topic: 'readings' });
await producer.sendAll(
  Array.from({ length: 1000 }, (_, index) => ({
    payload: JSON.stringify({ sensor: index % 10, value: index }),
    key: `sensor-${index % 10}`,
  })),
);

const polls = await Promise.all(
  [0, 1, 2, 3].map((partition) => client.messages.poll({ stream, topic: 'readings', partition, from: 'first', count: 1000 })),
);
const counts = polls.map(({ messages }) => messages.length);
console.log(`read ${counts.reduce((sum, count) => sum + count)} messages from ${counts.length} partitions at once`);

await client.streams.delete(stream);
await client.drain();
