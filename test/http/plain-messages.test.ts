// Sends and polls that pass by the router are answered byte for byte as the router's: each request is sent twice, the second time with an escape in its path, which only the router
// reads. Ids of requests, dates and what differs from message to message are masked.

import assert from 'node:assert/strict';
import net from 'node:net';
import { before, it } from 'node:test';
import { serverSuite } from '../support/server-suite.ts';
import { Api, base64, done, partitionValue } from './support/api.ts';

const masks: readonly (readonly [RegExp, string])[] = [
  [/^date: .*$/gim, 'date: D'],
  [/^x-request-id: [\da-f]{8}-[\da-f-]{27}$/gim, 'x-request-id: UUID'],
  [/"base_offset":\d+/g, '"base_offset":N'],
];

/** The whole reply on a connection of its own that the server keeps open. */
function exchange(address: string, request: string): Promise<string> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), hostname, () => socket.write(request));
    let received = '';
    socket.setEncoding('utf8').setTimeout(5_000, () => socket.destroy(new Error(`no whole reply: ${received}`)));
    socket.on('data', (text: string) => {
      received += text;
      const headEnd = received.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1]);
      if (headEnd < 0 || Buffer.byteLength(received.slice(headEnd + 4)) < length) return;
      socket.destroy();
      resolve(masks.reduce((masked, [pattern, mask]) => masked.replace(pattern, mask), received));
    });
    socket.once('error', reject);
  });
}

interface Case {
  readonly name: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Path of the topic. */
  readonly topic?: string;
  /** Undefined: the one that is logged in. */
  readonly bearer?: string;
  readonly status: number;
}

const message = { id: 7, payload: base64('hello') };
const to = (kind: string, value: string) => ({ kind, value });
const first = to('partition_id', partitionValue(0));
const json = (body: unknown) => JSON.stringify(body);

serverSuite('plain sends and polls, and the same through the router', {}, (suite) => {
  let api: Api;
  let topic: string;
  before(async () => {
    api = new Api(suite.server.httpAddress);
    await api.login();
    topic = await api.topic();
    const headers = [{ key: { kind: 'string', value: base64('k') }, value: { kind: 'uint8', value: 'BQ==' } }];
    const messages = [message, { id: '340282366920938463463374607431768211455', payload: base64('é'), user_headers: headers }];
    done(await api.post(`${topic}/messages`, { partitioning: first, messages }));
  });

  const answer = (method: string, given: Case, last: string) => {
    const { query = '', headers = {}, body } = given;
    const all: Record<string, string> = {
      host: 'test',
      ...(given.bearer === '' ? {} : { authorization: `Bearer ${given.bearer ?? api.token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    return exchange(
      suite.server.httpAddress,
      `${method} ${given.topic ?? topic}/${last}${query} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`,
    );
  };
  const same = async (method: string, given: Case) => {
    const routed = await answer(method, given, '%6dessages');
    assert.equal(await answer(method, given, 'messages'), routed, given.name);
    assert.match(routed, new RegExp(`^HTTP/1.1 ${given.status} `), `${given.name}: ${routed}`);
  };

  const polls: Case[] = [
    { name: 'defaults', status: 200 },
    { name: 'all of the query', query: '?consumer_id=1&partition_id=0&kind=offset&value=1&count=1&auto_commit=false', status: 200 },
    { name: 'a plus before a number', query: '?value=%2B1', status: 200 },
    { name: 'a plus, which is a space', query: '?value=+1', status: 400 },
    { name: 'a short kind', query: '?kind=l&count=1', status: 200 },
    { name: 'a name given twice', query: '?count=1&count=2', status: 400 },
    { name: 'more than a u32', query: '?count=4294967296', status: 400 },
    { name: 'an unknown kind', query: '?kind=__proto__', status: 400 },
    { name: 'a name that nobody knows', query: '?__proto__=1&other', status: 200 },
    { name: 'an empty consumer', query: '?consumer_id=', status: 400 },
    { name: 'no messages', query: '?count=0', status: 200 },
    { name: 'past the end', query: '?value=1000', status: 200 },
    { name: 'no such partition', query: '?partition_id=9', status: 404 },
    { name: 'lines', headers: { accept: 'application/x-ndjson' }, status: 200 },
    { name: 'any type', headers: { accept: '*/*' }, status: 200 },
    { name: 'no such stream', topic: '/streams/none/topics/1', status: 404 },
    { name: 'a stream beyond u32', topic: '/streams/99999999999/topics/1', status: 404 },
    { name: 'a name that is too long', topic: `/streams/${'s'.repeat(256)}/topics/1`, status: 400 },
    { name: 'an id of its own', headers: { 'x-request-id': 'mine-1' }, status: 200 },
    { name: 'an id that does not fit', headers: { 'x-request-id': 'not fit' }, status: 200 },
    { name: 'to be closed', headers: { connection: 'close' }, status: 200 },
    { name: 'another origin', headers: { origin: 'http://elsewhere' }, status: 200 },
    { name: 'no bearer', bearer: '', status: 401 },
    { name: 'an unknown bearer', bearer: 'a.b.c', status: 401 },
  ];
  for (const given of polls) it(`poll: ${given.name}`, () => same('GET', given));

  const sends: Case[] = [
    { name: 'one message', body: json({ partitioning: first, messages: [message] }), status: 201 },
    { name: 'balanced', body: json({ partitioning: to('balanced', ''), messages: [message] }), status: 201 },
    { name: 'asked for no confirmation', query: '?ack=none', body: json({ partitioning: first, messages: [message] }), status: 202 },
    { name: 'an unknown ack', query: '?ack=some', body: json({ partitioning: first, messages: [message] }), status: 400 },
    { name: 'no JSON', body: '{"partitioning":', status: 400 },
    { name: 'a name that occurs twice', body: '{"messages":[],"messages":[]}', status: 422 },
    { name: 'no object', body: '[]', status: 422 },
    { name: 'no messages', body: json({ partitioning: first, messages: [] }), status: 400 },
    { name: 'a field too many', body: json({ partitioning: first, messages: [message], more: 1 }), status: 422 },
    { name: 'no base64', body: json({ partitioning: first, messages: [{ payload: '!!!!' }] }), status: 422 },
    { name: 'an id below zero', body: json({ partitioning: first, messages: [{ ...message, id: -1 }] }), status: 422 },
    {
      name: 'a key that is too long',
      body: json({ partitioning: to('messages_key', base64('k'.repeat(256))), messages: [message] }),
      status: 400,
    },
    { name: 'no such partition', body: json({ partitioning: to('partition_id', partitionValue(9)), messages: [message] }), status: 404 },
    { name: 'no such topic', topic: '/streams/1/topics/none', body: json({ partitioning: first, messages: [message] }), status: 404 },
    { name: 'another type', headers: { 'content-type': 'text/plain' }, body: '{}', status: 415 },
    { name: 'no body', headers: { 'content-length': '0' }, status: 415 },
    { name: 'a byte order mark', body: '\ufeff{}', status: 400 },
    { name: 'no bearer', bearer: '', body: json({ partitioning: first, messages: [message] }), status: 401 },
  ];
  for (const given of sends) it(`send: ${given.name}`, () => same('POST', given));

  it('a send that is cut off in its body, and a poll whose client is gone, harm nobody', async () => {
    const { hostname, port } = new URL(suite.server.httpAddress);
    for (const [method, rest] of [
      ['POST', 'content-type: application/json\r\ncontent-length: 100\r\n\r\n{"messages":'],
      ['GET', '\r\n'],
    ]) {
      await new Promise<void>((resolve) => {
        const socket = net.connect(Number(port), hostname, () => {
          socket.write(`${method} ${topic}/messages HTTP/1.1\r\nhost: test\r\nauthorization: Bearer ${api.token}\r\n${rest}`, () =>
            socket.resetAndDestroy(),
          );
        });
        socket.once('close', () => resolve());
      });
    }
    done(await api.get(`${topic}/messages`));
  });

  it('a token that is revoked is refused at once', async () => {
    const other = new Api(suite.server.httpAddress);
    await other.login();
    done(await other.get(`${topic}/messages`));
    assert.ok((await other.delete('/users/logout')).status < 300);
    assert.equal((await other.get(`${topic}/messages`)).status, 401);
  });
});
