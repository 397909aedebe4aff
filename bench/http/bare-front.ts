// A bare fastify server for bench/http/http-table.ts: a route that parses a JSON body and answers as a send is answered, and one that answers with a text of a given length.
//
//   node --import tsx bench/http/bare-front.ts REPLY_BYTES

import fastify from 'fastify';

const polled = 'x'.repeat(Number(process.argv[2] ?? 0));
const app = fastify();
app.post('/send', (_request, reply) =>
  reply.code(201).send({ confirmations: [{ stream_id: 0, topic_id: 0, partition_id: 0, base_offset: 123_456 }] }),
);
app.get('/poll', (_request, reply) => reply.type('application/json').send(polled));
console.log(await app.listen({ host: '127.0.0.1', port: 0 }));
