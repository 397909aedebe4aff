// What sends and polls over HTTP are measured against in bench/http/http-table.ts: a bare fastify server with a route that parses a JSON body and answers as a send is answered, and
// one that answers with a text of a given length; and the same two on Node's HTTP server alone, with the headers, the id and the decoding of a payload that a reply of Galgo takes.
//
//   node --import tsx bench/http/bare-front.ts REPLY_BYTES

import { randomUUID } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';

const polled = 'x'.repeat(Number(process.argv[2] ?? 0));
const confirmations = { confirmations: [{ stream_id: 0, topic_id: 0, partition_id: 0, base_offset: 123_456 }] };

const app = fastify();
app.post('/send', (_request, reply) => reply.code(201).send(confirmations));
app.get('/poll', (_request, reply) => reply.type('application/json').send(polled));
const framework = await app.listen({ host: '127.0.0.1', port: 0 });

const server = http.createServer((request, response) => {
  if (request.method === 'GET') {
    answer(response, 200, polled);
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { messages } = JSON.parse(Buffer.concat(chunks).toString()) as { messages: { payload: string }[] };
    for (const { payload } of messages) Buffer.from(payload, 'base64');
    answer(response, 201, JSON.stringify(confirmations));
  });
});
server.listen(0, '127.0.0.1', () => console.log(`${framework} http://127.0.0.1:${(server.address() as AddressInfo).port}`));

function answer(response: http.ServerResponse, status: number, json: string): void {
  const headers = [
    ...['x-request-id', randomUUID(), 'x-content-type-options', 'nosniff', 'cache-control', 'no-store'],
    ...['content-security-policy', "default-src 'none'; frame-ancestors 'none'", 'referrer-policy', 'no-referrer'],
    ...['access-control-allow-origin', '*', 'content-type', 'application/json; charset=utf-8', 'content-length', String(json.length)],
  ];
  response.writeHead(status, headers).end(json);
}
