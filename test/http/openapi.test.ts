// The OpenAPI document, and what requests and replies have to do with it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, it } from 'node:test';
import { serverSuite } from '../support/server-suite.ts';
import { Api, done } from './support/api.ts';

interface Operation {
  operationId: string;
  security?: unknown[];
  parameters?: { name: string; in: string; schema: Record<string, unknown> }[];
  responses: Record<string, { content?: Record<string, { schema: unknown }> }>;
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
}

serverSuite('the OpenAPI document', {}, (suite) => {
  let api: Api;
  let text: string;
  let document: Document;
  before(async () => {
    api = new Api(suite.server.httpAddress);
    const reply = done(await api.get('/openapi.json'));
    ({ text } = reply);
    document = reply.json as Document;
  });
  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );

  it('names every operation once', () => {
    assert.equal(document.openapi, '3.1.0');
    const ids = operations().map(({ operation }) => operation.operationId);
    assert(ids.length >= 48, `${ids.length}`);
    assert.equal(new Set(ids).size, ids.length);
    for (const { path, method, operation } of operations()) {
      assert(operation.responses['4XX'], `${method} ${path}`);
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const parameters = (operation.parameters ?? []).filter(({ in: place }) => place === 'path').map(({ name }) => name);
      assert.deepEqual(parameters.sort(), named.sort(), `${method} ${path}`);
    }
  });

  it('refers to schemas that are there, in words that JSON Schema has', () => {
    const { schemas } = document.components;
    for (const [, name] of text.matchAll(/"\$ref":"([^"]+)"/g)) {
      assert(name?.startsWith('#/components/schemas/') && (name.split('/').at(-1) as string) in schemas, name);
    }
    assert.doesNotMatch(text, /"(u64|messageId|nullable|domain|\$id)":|"text":"u/);
    assert(text.includes('"maximum":18446744073709551615'));
  });

  it('says which operations need a token, and is right', async () => {
    for (const { path, method, operation } of operations()) {
      const filled = path.replace(/\{(\w+)\}/g, '1');
      const reply = await api.call(method.toUpperCase(), filled);
      assert.equal(reply.status === 401, operation.security === undefined, `${method} ${path}: ${reply.status}`);
    }
  });

  it('has a page that loads nothing from elsewhere', async () => {
    const page = done(await api.get('/docs'));
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
    assert.doesNotMatch(page.text, /(src|href)="(https?:)?\/\//);
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(policy, /^default-src 'none'; connect-src 'self'/);
    for (const tag of ['style', 'script']) {
      const [, content = ''] = new RegExp(`<${tag}[^>]*>([\\s\\S]*?)</${tag}>`).exec(page.text) ?? [];
      assert(policy.includes(`'sha256-${createHash('sha256').update(content).digest('base64')}'`), tag);
    }
  });
});

serverSuite(
  'pages of named origins',
  {
    HTTP_CORS_ALLOWED_ORIGINS: 'https://a.example, https://b.example',
    HTTP_CORS_ALLOW_CREDENTIALS: 'true',
    HTTP_CORS_EXPOSED_HEADERS: 'iggy-durability',
    HTTP_CORS_ALLOW_PRIVATE_NETWORK: 'true',
  },
  (suite) => {
    it('may call, others may not', async () => {
      const api = new Api(suite.server.httpAddress);
      const own = await api.get('/ping', { origin: 'https://b.example' });
      assert.equal(own.headers.get('access-control-allow-origin'), 'https://b.example');
      assert.equal(own.headers.get('access-control-allow-credentials'), 'true');
      assert.equal(own.headers.get('access-control-expose-headers'), 'iggy-durability');
      assert.equal((await api.get('/ping', { origin: 'https://c.example' })).headers.get('access-control-allow-origin'), null);
      const preflight = {
        origin: 'https://a.example',
        'access-control-request-method': 'PUT',
        'access-control-request-private-network': 'true',
      };
      const allowed = await api.call('OPTIONS', '/streams/1', undefined, preflight);
      assert.deepEqual([allowed.status, allowed.headers.get('access-control-allow-private-network')], [200, 'true']);
    });
  },
);
