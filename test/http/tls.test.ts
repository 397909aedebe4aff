// The API over TLS: HTTP/1.1 and HTTP/2 on one port, and clients that are told by their certificates.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import tls from 'node:tls';
import { createAuthority, type PemPair, type TestAuthority } from '../support/certificates.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';

describe('the HTTP API over TLS', () => {
  const folder = temporaryFolder();
  let authority: TestAuthority;
  let server: ServerProcess;
  let certified: PemPair;

  before(async () => {
    authority = await createAuthority();
    const own = await authority.issue('server');
    for (const [name, content] of [
      ['cert.pem', own.certificate],
      ['key.pem', own.key],
      ['ca.pem', authority.certificate],
    ] as const) {
      writeFileSync(path.join(folder.path, name), content);
    }
    certified = await authority.issue('app:iggy');
    server = await startServerProcess(path.join(folder.path, 'data'), {
      GALGO_HTTP_TLS_ENABLED: 'true',
      GALGO_HTTP_TLS_CERT_FILE: path.join(folder.path, 'cert.pem'),
      GALGO_HTTP_TLS_KEY_FILE: path.join(folder.path, 'key.pem'),
      GALGO_HTTP_TLS_CLIENT_CERTIFICATES: 'optional',
      GALGO_HTTP_TLS_CLIENT_CA_FILE: path.join(folder.path, 'ca.pem'),
      GALGO_CERTIFICATE_USERS_PATTERN: 'app:(.+)',
    });
    assert.match(server.httpAddress, /^https:/);
  });
  after(async () => {
    assert.equal(await server.stop(), 0, server.output());
    folder.remove();
  });

  const trust = (pair?: PemPair): tls.ConnectionOptions => ({
    ca: authority.certificate,
    servername: 'localhost',
    ...(pair && { cert: pair.certificate, key: pair.key }),
  });
  const get = async (requestPath: string, pair?: PemPair, headers: Record<string, string> = {}) => {
    const { hostname, port } = new URL(server.httpAddress);
    const request = https.get({ hostname, port, path: requestPath, headers, agent: false, ...trust(pair) });
    const [response] = await once(request, 'response');
    return { status: response.statusCode as number, version: response.httpVersion as string, text: await text(response) };
  };

  it('speaks HTTP/1.1 to those who offer nothing', async () => {
    assert.deepEqual(await get('/ping'), { status: 200, version: '1.1', text: 'pong' });
  });

  it('speaks HTTP/2 to those who offer it, many requests at once', async () => {
    const session = http2.connect(server.httpAddress, trust());
    const call = async (headers: http2.OutgoingHttpHeaders, body?: string) => {
      const stream = session.request(headers);
      stream.end(body);
      const [reply] = await once(stream, 'response');
      return { status: reply[':status'] as number, text: await text(stream) };
    };
    try {
      const login = await call(
        { ':method': 'POST', ':path': '/users/login', 'content-type': 'application/json' },
        '{"username":"iggy","password":"iggy"}',
      );
      const { token } = JSON.parse(login.text).access_token;
      const authorization = `Bearer ${token}`;
      const replies = await Promise.all(Array.from({ length: 50 }, () => call({ ':path': '/users/me', authorization })));
      assert(replies.every(({ status, text }) => status === 200 && text.includes('"username":"iggy"')));
      assert.equal((await call({ ':path': '/users/me' })).status, 401);
      const name = 'over-h2';
      await call({ ':method': 'POST', ':path': '/streams', authorization, 'content-type': 'application/json' }, JSON.stringify({ name }));
      await call(
        { ':method': 'POST', ':path': `/streams/${name}/topics`, authorization, 'content-type': 'application/json' },
        '{"name":"t","partitions_count":1,"compression_algorithm":"none","message_expiry":0,"max_topic_size":0}',
      );
      const tail = session.request({ ':path': `/streams/${name}/topics/t/partitions/0/tail`, authorization });
      let told = '';
      tail.setEncoding('utf8').on('data', (chunk: string) => {
        told += chunk;
      });
      await once(tail, 'response');
      const raw = { ':method': 'POST', ':path': `/streams/${name}/topics/t/messages/raw`, authorization };
      assert.equal((await call(raw, 'over a stream')).status, 201);
      while (!told.includes(Buffer.from('over a stream').toString('base64'))) await once(tail, 'data');
      tail.close();
    } finally {
      session.destroy();
    }
  });

  it('takes a certificate for its user, unless a page of another origin may have sent it', async () => {
    const own = await get('/users/me', certified);
    assert.equal(own.status, 200, own.text);
    assert.match(own.text, /"username":"iggy"/);
    const session = http2.connect(server.httpAddress, trust(certified));
    const stream = session.request({ ':path': '/users/me' });
    const [reply] = await once(stream, 'response');
    assert.equal(reply[':status'], 200);
    session.destroy();
    assert.equal((await get('/users/me', certified, { origin: 'https://elsewhere.example' })).status, 401);
    assert.equal((await get('/users/me', certified, { 'sec-fetch-site': 'cross-site' })).status, 401);
    assert.equal((await get('/users/me', certified, { 'sec-fetch-site': 'same-origin' })).status, 200);
    assert.equal((await get('/users/me', certified, { authorization: 'Bearer nonsense' })).status, 401);
    assert.equal((await get('/users/me', await authority.issue('app:nobody'))).status, 401);
    assert.equal((await get('/users/me')).status, 401);
  });

  it('refuses a certificate that does not verify', async () => {
    const stranger = await (await createAuthority()).issue('app:iggy');
    await assert.rejects(get('/ping', stranger));
  });

  it('refuses what is no TLS, and outlives it', async () => {
    const { hostname, port } = new URL(server.httpAddress);
    await assert.rejects(fetch(`http://${hostname}:${port}/ping`));
    const socket = tls.connect({
      host: hostname,
      port: Number(port),
      ...trust(),
      maxVersion: 'TLSv1.1' as tls.SecureVersion,
      minVersion: 'TLSv1',
    });
    await once(socket, 'error');
    assert.equal((await get('/ping')).status, 200);
  });
});
