// Tails: messages as they come, for as long as the login holds.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { before, it } from 'node:test';
import { eventually, serverSuite } from '../support/server-suite.ts';
import { Api, base64, done, partitionValue, refusedWith } from './support/api.ts';

serverSuite('tails', {}, (suite) => {
  let api: Api;
  before(async () => {
    api = new Api(suite.server.httpAddress);
    await api.login();
  });
  const send = async (topic: string, ...texts: string[]) => {
    const messages = texts.map((text) => ({ payload: base64(text) }));
    done(await api.post(`${topic}/messages`, { partitioning: { kind: 'partition_id', value: partitionValue(0) }, messages }));
  };

  /** What a tail has said so far. */
  const open = async (topic: string, query = '', headers: Record<string, string> = {}, token = api.token) => {
    const stop = new AbortController();
    const reply = await fetch(`${api.url}${topic}/partitions/0/tail${query}`, {
      headers: { authorization: `Bearer ${token}`, ...headers },
      signal: stop.signal,
    });
    const tail = { status: reply.status, type: reply.headers.get('content-type'), text: '', ended: false, stop: () => stop.abort() };
    void (async () => {
      try {
        for await (const chunk of reply.body ?? []) tail.text += Buffer.from(chunk).toString();
      } catch {
        // It was stopped.
      }
      tail.ended = true;
    })();
    return tail;
  };
  const idsOf = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  it('begin at the end, with messages as they come', async () => {
    const topic = await api.topic();
    await send(topic, 'old');
    const tail = await open(topic);
    assert.deepEqual([tail.status, tail.type], [200, 'text/event-stream; charset=utf-8']);
    await eventually('it has begun', () => tail.text === 'retry: 1000\n\n');
    await send(topic, 'one', 'two');
    await eventually('both came', () => idsOf(tail.text).length === 2);
    assert.deepEqual(idsOf(tail.text), [1, 2]);
    assert.match(tail.text, new RegExp(`data: \\{"header":.*"payload":"${base64('two')}","user_headers":\\[\\]\\}\n\n`));
    tail.stop();
  });

  it('begin at the first message, at an offset, or after the last one that was seen', async () => {
    const topic = await api.topic();
    await send(topic, 'a', 'b', 'c', 'd');
    const from = async (query: string, headers: Record<string, string> = {}) => {
      const tail = await open(topic, query, headers);
      await eventually('the last one came', () => idsOf(tail.text).includes(3));
      tail.stop();
      return idsOf(tail.text);
    };
    assert.deepEqual(await from('?from=first'), [0, 1, 2, 3]);
    assert.deepEqual(await from('?from=2'), [2, 3]);
    assert.deepEqual(await from('?from=first', { 'last-event-id': '2' }), [3]);
    assert.equal((await open(topic, '?from=middle')).status, 400);
  });

  it('may be lines', async () => {
    const topic = await api.topic();
    await send(topic, 'a', 'b');
    const tail = await open(topic, '?from=first', { accept: 'application/x-ndjson' });
    assert.match(tail.type ?? '', /^application\/x-ndjson/);
    await eventually('both came', () => tail.text.trim().split('\n').length === 2);
    const payloads = tail.text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { payload: string }).payload);
    assert.deepEqual(payloads, [base64('a'), base64('b')]);
    tail.stop();
  });

  it('go on over a purge', async () => {
    const topic = await api.topic();
    await send(topic, 'a', 'b');
    const tail = await open(topic, '?from=first');
    await eventually('both came', () => idsOf(tail.text).length === 2);
    done(await api.delete(`${topic}/purge`));
    await send(topic, 'c');
    await eventually('the first of the new ones came', () => idsOf(tail.text).length === 3);
    assert.deepEqual(idsOf(tail.text), [0, 1, 0]);
    tail.stop();
  });

  it('end with the login, and with the topic', async () => {
    const topic = await api.topic();
    const other = new Api(api.url);
    const first = await open(topic, '', {}, await other.login());
    done(await other.delete('/users/logout'));
    await eventually('it ended', () => first.ended);
    const second = await open(topic);
    done(await api.delete(topic));
    await eventually('it ended', () => second.ended);
  });

  it('of what is not there are refused', async () => {
    const topic = await api.topic();
    refusedWith(await api.get(`${topic}/partitions/5/tail`), 404, 3007);
    refusedWith(await api.get('/streams/none/topics/none/partitions/0/tail'), 404, 1009);
    refusedWith(await new Api(api.url).get(`${topic}/partitions/0/tail`), 401, 40);
  });

  it('a reader that does not read holds nothing up, and nothing piles up for it', async () => {
    const topic = await api.topic();
    const payload = 'x'.repeat(500_000);
    for (let i = 0; i < 200; i++) await send(topic, payload);
    const before = rssOf((await api.get('/stats')).json.memory_usage);
    const { hostname, port } = new URL(api.url);
    const { connect } = await import('node:net');
    const socket = connect(Number(port), hostname);
    socket.write(`GET ${topic}/partitions/0/tail?from=first HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${api.token}\r\n\r\n`);
    await once(socket, 'connect');
    await new Promise((resolve) => setTimeout(resolve, 500));
    done(await api.get('/ping'));
    const grown = rssOf((await api.get('/stats')).json.memory_usage) - before;
    socket.destroy();
    assert(grown < 80_000_000, `${grown} bytes more`);
  });

  it('are what `curl -N` shows, and do not keep the server from stopping', async () => {
    const topic = await api.topic();
    await send(topic, 'first');
    const curl = spawn('curl', ['-sN', '-H', `authorization: Bearer ${api.token}`, `${api.url}${topic}/partitions/0/tail?from=first`]);
    let text = '';
    curl.stdout.on('data', (chunk) => {
      text += chunk;
    });
    const exited = once(curl, 'exit');
    await eventually('the first one came', () => idsOf(text).length === 1);
    await send(topic, 'second');
    await eventually('the second one came', () => idsOf(text).length === 2);
    const startedAtMs = performance.now();
    await suite.restart('stop');
    assert(performance.now() - startedAtMs < 8_000);
    await exited;
  });
});

serverSuite('tails of a server that allows few', { HTTP_TAILS_MAX: '2' }, (suite) => {
  it('are as many as the settings say', async () => {
    const api = new Api(suite.server.httpAddress);
    await api.login();
    const topic = await api.topic();
    const open = (stop: AbortController) =>
      fetch(`${api.url}${topic}/partitions/0/tail`, { headers: { authorization: `Bearer ${api.token}` }, signal: stop.signal });
    const stops = [new AbortController(), new AbortController()];
    for (const stop of stops) assert.equal((await open(stop)).status, 200);
    const more = await api.get(`${topic}/partitions/0/tail`);
    assert.equal(more.status, 503);
    assert(Number(more.headers.get('retry-after')) > 0);
    for (const stop of stops) stop.abort();
    const last = new AbortController();
    await eventually('a place is free', async () => (await open(last)).status === 200);
    last.abort();
  });
});

/** Bytes of a size text; enough units for memory. */
function rssOf(text: string): number {
  const [number = '', unit = ''] = text.split(' ');
  return Number(number) * ({ B: 1, KB: 1e3, KiB: 1024, MB: 1e6, MiB: 2 ** 20, GB: 1e9, GiB: 2 ** 30 }[unit] ?? Number.NaN);
}
