// The web console’s files over HTTP: row 34 of the conformance list, and what the API does beside them. The page itself is in console-page.test.ts.

import assert from 'node:assert/strict';
import http from 'node:http';
import { json } from 'node:stream/consumers';
import { it } from 'node:test';
import { serverSuite } from '../support/server-suite.ts';
import { Api, done, refusedWith } from './support/api.ts';

const html = 'text/html; charset=utf-8';

serverSuite('the web console', { HTTP_WEB_UI: 'true' }, (suite) => {
  const anonymous = () => new Api(suite.server.httpAddress);

  it('34: answers every path without a dot with the page, without a token', async () => {
    const page = done(await anonymous().get('/ui'));
    assert.match(page.text, /^<!doctype html>/i);
    const paths = [
      '/ui/',
      '/ui/dashboard/streams/0',
      '/ui/dashboard/streams/',
      '/ui/a%20b/%F0%9F%90%95',
      '/ui//x',
      '/ui?from=mail',
      '/ui/%00',
    ];
    for (const path of paths) {
      const reply = await anonymous().get(path);
      assert.deepEqual([reply.status, reply.headers.get('content-type'), reply.text], [200, html, page.text], path);
    }
  });

  it('serves what the page loads, and nothing else', async () => {
    const { text: page } = done(await anonymous().get('/ui'));
    const loaded = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path as string);
    const types: Record<string, string> = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', svg: 'image/svg+xml' };
    assert.equal(loaded.length, 3);
    for (const path of [...loaded, '/ui/index.html']) {
      const reply = done(await anonymous().get(path));
      assert.equal(reply.headers.get('content-type'), types[path.split('.').at(-1) as string] ?? html, path);
      assert(reply.text.length > 100);
    }
    const elsewhere = [
      '/ui/none.js',
      '/ui/console.js/',
      '/ui/x/console.js',
      '/ui/..%2f..%2fpackage.json',
      '/ui/%2e%2e/index.js',
      '/ui/.',
      '/ui/console.ts',
    ];
    for (const path of elsewhere) {
      const reply = await raw(suite.server.httpAddress, path);
      assert.equal(reply.status, 404, path);
      assert.equal(reply.body.id, 404, path);
    }
  });

  it('lets the page load its own files only', async () => {
    for (const path of ['/ui', '/ui/dashboard/overview', '/ui/console.js']) {
      const { headers } = done(await anonymous().get(path, { origin: 'http://elsewhere.example' }));
      const policy = headers.get('content-security-policy') ?? '';
      for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]) {
        assert(policy.split('; ').includes(part), `${path}: ${part}`);
      }
      assert.doesNotMatch(policy, /unsafe|https?:|data:|\*/);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('referrer-policy'), 'no-referrer');
      assert.equal(headers.get('access-control-allow-origin'), null);
    }
    // The API lets other origins in all the same.
    assert.equal((await anonymous().get('/ping', { origin: 'http://elsewhere.example' })).headers.get('access-control-allow-origin'), '*');
  });

  it('takes GET and HEAD', async () => {
    const head = await anonymous().call('HEAD', '/ui/dashboard/overview');
    assert.deepEqual([head.status, head.text, head.headers.get('content-type')], [200, '', html]);
    for (const [method, path] of [
      ['POST', '/ui'],
      ['DELETE', '/ui/'],
      ['PUT', '/ui/dashboard'],
      ['PATCH', '/ui/console.js'],
    ] as const) {
      const reply = await anonymous().call(method, path);
      refusedWith(reply, 405, 405);
      assert.match(reply.headers.get('allow') ?? '', /^GET, HEAD$|^HEAD, GET$/, `${method} ${path}`);
    }
    assert.equal((await anonymous().call('OPTIONS', '/streams', undefined, { origin: 'http://elsewhere.example' })).status, 200);
  });

  it('leaves unknown paths what they are without it', async () => {
    const known = anonymous();
    await known.login();
    for (const path of ['/no/such/path', '/uix', '/streams/']) {
      refusedWith(await anonymous().get(path), 401, 40);
      refusedWith(await known.get(path), 404, 404);
    }
    refusedWith(await known.call('PATCH', '/streams'), 405, 405);
  });

  it('is no part of the description of the API', async () => {
    assert.doesNotMatch(done(await anonymous().get('/openapi.json')).text, /"\/ui/);
  });
});

serverSuite('without the web console', {}, (suite) => {
  it('its paths are unknown', async () => {
    const api = new Api(suite.server.httpAddress);
    for (const path of ['/ui', '/ui/', '/ui/console.js']) refusedWith(await api.get(path), 401, 40);
    await api.login();
    for (const path of ['/ui', '/ui/', '/ui/console.js']) refusedWith(await api.get(path), 404, 404);
  });
});

/** A request whose path is sent as it is: `fetch` would resolve its dots. */
async function raw(url: string, path: string): Promise<{ status: number; body: { id: number } }> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    http
      .get({ hostname, port, path }, async (reply) =>
        resolve({ status: reply.statusCode ?? 0, body: (await json(reply)) as { id: number } }),
      )
      .on('error', reject);
  });
}
