// What a peer can do to the HTTP listener: nothing that others notice.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { before, it } from 'node:test';
import fc from 'fast-check';
import { serverSuite } from '../support/server-suite.ts';
import { Api, done } from './support/api.ts';

serverSuite('a hostile peer of the HTTP listener', { HTTP_MAX_REQUEST_SIZE: '200 KB' }, (suite) => {
  let api: Api;
  before(async () => {
    api = new Api(suite.server.httpAddress);
    await api.login();
  });
  const json = { 'content-type': 'application/json' };

  /** Sends bytes on a connection of their own and resolves to what comes back until it is closed, or to what came within the time. */
  const exchange = async (parts: readonly string[], withinMs = 2_000): Promise<string> => {
    const { hostname, port } = new URL(api.url);
    const socket = net.connect(Number(port), hostname);
    let received = '';
    socket.setEncoding('latin1').on('data', (text) => {
      received += text;
    });
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    for (const part of parts) socket.write(part);
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, withinMs).unref())]);
    socket.destroy();
    return received;
  };

  it('gets errors for JSON of every bad kind', async () => {
    const bodies = [
      '['.repeat(100_000),
      '{"a":'.repeat(30_000),
      `{"name":${'9'.repeat(100_000)}}`,
      `{"name":"${'\\'.repeat(99_999)}"}`,
      '{"name":"\\ud800"}'.slice(0, -1),
      '{"name":"\u0000"}',
      '{"__proto__":{"x":1}}',
      '{"constructor":{"prototype":{"x":1}}}',
      '\ufeff{}',
      '1e400',
      'nul',
      '"',
    ];
    for (const body of bodies) {
      const reply = await api.call('POST', '/streams', body, json);
      assert(reply.status === 400 || reply.status === 422, `${reply.status} ${body.slice(0, 40)}`);
    }
    const notUtf8 = await api.call('POST', '/streams', Uint8Array.from([0x7b, 0xff, 0x7d]), json);
    assert.equal(notUtf8.status, 400);
    assert.equal(({} as Record<string, unknown>).x, undefined);
  });

  it('gets errors for any JSON at all', async () => {
    const paths = ['/streams', '/users', '/snapshot', '/personal-access-tokens', '/streams/x/topics', '/streams/x/topics/y/messages'];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), fc.jsonValue(), async (path, value) => {
        const reply = await api.call('POST', path, JSON.stringify(value), json);
        assert(reply.status >= 400 && reply.status < 500, `${reply.status} ${reply.text}`);
      }),
      { numRuns: 150, interruptAfterTimeLimit: 10_000 },
    );
  });

  it('gets errors for any path and query', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 6 }), fc.string(), async (parts, query) => {
        const path = `/streams/${parts.map(encodeURIComponent).join('/')}?${encodeURI(query)}`.replaceAll('%EF%BF%BD', '');
        const reply = await api.get(path.replace(/#/g, ''));
        assert(reply.status < 500, `${reply.status} ${path}`);
      }),
      { numRuns: 150, interruptAfterTimeLimit: 10_000 },
    );
    for (const path of ['/streams/%', '/streams/%ff', '/streams/%00', `/streams/${'a'.repeat(5_000)}`]) {
      const text = await exchange([`GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${api.token}\r\nconnection: close\r\n\r\n`]);
      assert.match(text, /^HTTP\/1\.1 4\d\d /, path);
    }
  });

  it('cannot announce more than it may send, nor send more than it announced', async () => {
    const head = `POST /streams HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${api.token}\r\ncontent-type: application/json\r\n`;
    assert.match(await exchange([`${head}content-length: 999999999999\r\n\r\n`]), /^HTTP\/1\.1 413 /);
    assert.match(
      await exchange([`${head}transfer-encoding: chunked\r\n\r\n`, `${(300_000).toString(16)}\r\n${' '.repeat(300_000)}\r\n0\r\n\r\n`]),
      /^HTTP\/1\.1 413 /,
    );
    assert.match(await exchange([`${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`]), /^HTTP\/1\.1 400 /);
    const anonymous = `POST /users/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n`;
    assert.match(await exchange([anonymous]), /^HTTP\/1\.1 413 /);
    const refused = `POST /streams HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n`;
    assert.match(await exchange([refused]), /^HTTP\/1\.1 401 /);
  });

  it('cannot send a head without an end', async () => {
    const long = await exchange(['GET /ping HTTP/1.1\r\nhost: x\r\n', `x: ${'a'.repeat(20_000)}\r\n\r\n`]);
    assert.match(long, /^HTTP\/1\.1 431 [\s\S]*\r\n\r\n\{"id":431,"code":"head_too_large","reason":"[^"]+","field":null\}$/);
    assert.match(await exchange(['HELLO\r\n\r\n']), /^HTTP\/1\.1 400 [\s\S]*"code":"malformed_request"/);
    assert.match(await exchange(['GET /ping HTTP/1.1\r\n'], 15_000), /^HTTP\/1\.1 408 /);
  });

  it('may leave in the middle of anything', async () => {
    const { hostname, port } = new URL(api.url);
    const head = `POST /streams HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${api.token}\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{"na`;
    for (let at = 1; at < head.length; at += 7) {
      const socket = net.connect(Number(port), hostname);
      socket.on('error', () => undefined);
      socket.write(head.slice(0, at));
      await once(socket, 'connect');
      if (at % 2 === 0) socket.resetAndDestroy();
      else socket.destroy();
    }
    done(await api.get('/streams'));
  });

  it('gets no answer to garbage but an error', async () => {
    for (const garbage of ['\0\0\0\0\x01\0\0\0', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\x16\x03\x01\x02\x00', 'GET / HTTP/9.9\r\n\r\n']) {
      assert.match(await exchange([garbage, '\r\n\r\n']), /^HTTP\/1\.1 400 |^$/);
    }
    done(await api.get('/ping'));
  });

  it('has left no trace in the log', () => {
    assert(!suite.server.output().includes('"level":"error"'), suite.server.output());
  });
});
