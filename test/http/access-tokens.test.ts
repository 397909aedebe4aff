// Who is let in over HTTP: access tokens of every kind of key, personal tokens, tokens of other issuers; and for how long.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { decodeProtectedHeader, exportJWK, SignJWT } from 'jose';
import { LoginThrottle } from '../../src/transports/http/auth/login-throttle.ts';
import { serverSuite } from '../support/server-suite.ts';
import { Api, done, refusedWith } from './support/api.ts';

const es256 = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const rs256 = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = (key: typeof es256.privateKey, type: 'pkcs8' | 'spki') => key.export({ type, format: 'pem' } as never) as string;

serverSuite(
  'access tokens with a secret of the settings',
  { HTTP_JWT_ENCODING_SECRET: 'c2VjcmV0LXNlY3JldC1zZWNyZXQ=', HTTP_JWT_USE_BASE64_SECRET: 'true' },
  (suite) => {
    const secret = Buffer.from('secret-secret-secret');
    let api: Api;
    before(async () => {
      api = new Api(suite.server.httpAddress);
      await api.login();
    });
    const claims = (change: Record<string, unknown> = {}) => {
      const [, payload = ''] = (api.token as string).split('.');
      return { ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>), ...change };
    };
    const forged = async (change: Record<string, unknown>, key: Uint8Array = secret, alg = 'HS256') => {
      const other = new Api(api.url);
      other.token = await new SignJWT(claims(change)).setProtectedHeader({ alg }).sign(key);
      return other;
    };

    it('hold what Iggy’s hold', async () => {
      const { jti, iss, aud, sub, iat, exp, nbf } = claims();
      assert.deepEqual([iss, aud, sub, nbf], ['iggy.apache.org', 'iggy.apache.org', '0', iat]);
      assert.equal((exp as number) - (iat as number), 3600);
      assert.match(jti as string, /^[0-9a-f-]{36}$/);
      assert.deepEqual(decodeProtectedHeader(api.token as string), { typ: 'JWT', alg: 'HS256' });
    });

    it('are refused with another key, algorithm, issuer, audience, or out of their time', async () => {
      const now = Math.floor(Date.now() / 1000);
      done(await (await forged({ jti: 'other' })).get('/streams'));
      for (const change of [
        { iss: 'else' },
        { aud: 'else' },
        { exp: now - 60 },
        { nbf: now + 60 },
        { sub: '12' },
        { sub: 'root' },
        { jti: undefined },
        { galgo_user_since: '1' },
      ]) {
        refusedWith(await (await forged(change)).get('/streams'), 401, 40);
      }
      refusedWith(await (await forged({}, Buffer.from('another-secret'))).get('/streams'), 401, 40);
      refusedWith(await (await forged({}, secret, 'HS512')).get('/streams'), 401, 40);
      const unsigned = new Api(api.url);
      const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      unsigned.token = `${encoded({ alg: 'none' })}.${encoded(claims())}.`;
      refusedWith(await unsigned.get('/streams'), 401, 40);
      refusedWith(await api.post('/users/refresh-token', { token: (await forged({}, secret, 'HS512')).token }), 400, 73);
    });

    it('are revoked for good, and live on otherwise, over a restart', async () => {
      const revoked = new Api(api.url);
      await revoked.login();
      done(await revoked.delete('/users/logout'));
      await suite.restart('kill');
      api = Object.assign(new Api(suite.server.httpAddress), { token: api.token });
      const again = Object.assign(new Api(suite.server.httpAddress), { token: revoked.token });
      done(await api.get('/streams'));
      refusedWith(await again.get('/streams'), 401, 40);
    });

    it('end with their user, also if the number is given again', async () => {
      const username = 'short-lived';
      const make = async () => done(await api.post('/users', { username, password: 'secret', status: 'active' })).json.id as number;
      const id = await make();
      const other = new Api(api.url);
      await other.login(username, 'secret');
      done(await other.get('/users/me'));
      done(await api.delete(`/users/${username}`));
      refusedWith(await other.get('/users/me'), 401, 40);
      assert.equal(await make(), id);
      refusedWith(await other.get('/users/me'), 401, 40);
    });

    it('are handed out for personal tokens, which are bearers as they are', async () => {
      const token = done(await api.post('/personal-access-tokens', { name: 'ci-token', expiry: 0 })).json.token as string;
      refusedWith(await api.post('/personal-access-tokens', { name: 'ci-token', expiry: 0 }), 400, 51);
      refusedWith(await api.post('/personal-access-tokens', { name: 'x', expiry: 0 }), 400, 50);
      assert.equal((await api.post('/personal-access-tokens', { name: 'none' })).status, 422);
      assert.deepEqual(done(await api.get('/personal-access-tokens')).json, [{ name: 'ci-token', expiry_at: null }]);
      const login = done(await new Api(api.url).post('/personal-access-tokens/login', { token }));
      const bearer = Object.assign(new Api(api.url), { token });
      done(await bearer.get('/streams'));
      assert.equal((await bearer.delete('/users/logout')).status, 204);
      done(await Object.assign(new Api(api.url), { token: login.json.access_token.token }).get('/streams'));
      const unknown = await api.post('/personal-access-tokens/login', { token: 'not-a-token' });
      refusedWith(unknown, 404, 20);
      assert(!unknown.text.includes('not-a-token'));
      done(await api.delete('/personal-access-tokens/ci-token'));
      refusedWith(await bearer.get('/streams'), 401, 40);
      refusedWith(await api.delete('/personal-access-tokens/ci-token'), 404, 20);
      done(await api.post('/personal-access-tokens', { name: 'brief', expiry: 1000 }));
      assert.match((await api.get('/personal-access-tokens')).text, /"expiry_at":\d{16}\}/);
    });
  },
);

for (const [algorithm, keys] of Object.entries({ ES256: es256, RS256: rs256 })) {
  serverSuite(
    `access tokens with ${algorithm}`,
    { HTTP_JWT_ALGORITHM: algorithm, HTTP_JWT_ENCODING_SECRET: pem(keys.privateKey, 'pkcs8') },
    (suite) => {
      it('are signed with the private key', async () => {
        const api = new Api(suite.server.httpAddress);
        await api.login();
        done(await api.get('/streams'));
        assert.equal(decodeProtectedHeader(api.token as string).alg, algorithm);
        // The public key is no secret: it must not serve as one.
        const forged = Object.assign(new Api(api.url), {
          token: await new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(pem(keys.publicKey, 'spki'))),
        });
        refusedWith(await forged.get('/streams'), 401, 40);
      });
    },
  );
}

describe('other issuers', async () => {
  const requests: string[] = [];
  const keySet = { keys: [{ ...(await exportJWK(es256.publicKey)), kid: 'first', alg: 'ES256' }] };
  const issuer = http.createServer((request, reply) => {
    requests.push(request.url ?? '');
    reply.setHeader('content-type', 'application/json').end(JSON.stringify(keySet));
  });
  issuer.listen(0, '127.0.0.1');
  await once(issuer, 'listening');
  after(() => issuer.close());
  const { port } = issuer.address() as net.AddressInfo;
  const trusted = [{ issuer: 'https://Issuer.Example/realm', audience: 'galgo', jwks_url: `http://127.0.0.1:${port}/keys`, user_id: 1 }];

  serverSuite('that are trusted', { HTTP_JWT_TRUSTED_ISSUERS: JSON.stringify(trusted) }, (suite) => {
    const tokenOf = async (change: { claims?: object; kid?: string; key?: typeof es256.privateKey } = {}) => {
      const payload = { iss: 'https://Issuer.Example/realm', aud: 'galgo', sub: 'somebody', exp: Math.floor(Date.now() / 1000) + 60 };
      const token = await new SignJWT({ ...payload, ...change.claims })
        .setProtectedHeader({ alg: 'ES256', kid: change.kid ?? 'first' })
        .sign(change.key ?? es256.privateKey);
      return Object.assign(new Api(suite.server.httpAddress), { token });
    };

    it('let their tokens in as the user that is named', async () => {
      const root = new Api(suite.server.httpAddress);
      await root.login();
      refusedWith(await (await tokenOf()).get('/users/me'), 401, 40);
      const { id } = done(await root.post('/users', { username: 'mapped', password: 'secret', status: 'active' })).json;
      assert.equal(id, 1);
      assert.equal(done(await (await tokenOf()).get('/users/me')).json.username, 'mapped');
    });

    it('do not let in what their keys did not sign, or what is for others', async () => {
      const stranger = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
      for (const change of [{ key: stranger }, { claims: { aud: 'else' } }, { claims: { exp: 1 } }, { claims: { exp: undefined } }]) {
        refusedWith(await (await tokenOf(change)).get('/users/me'), 401, 40);
      }
    });

    it('are not asked again for each made-up key', async () => {
      const before = requests.length;
      for (let i = 0; i < 20; i++) refusedWith(await (await tokenOf({ kid: `made-up-${i}` })).get('/users/me'), 401, 40);
      assert(requests.length - before <= 1, `${requests.length - before} requests`);
    });

    it('do not get their tokens refreshed, but revoked', async () => {
      const api = await tokenOf({ claims: { exp: Math.floor(Date.now() / 1000) + 120 } });
      refusedWith(await api.post('/users/refresh-token', { token: api.token }), 401, 78);
      done(await api.get('/users/me'));
      assert.equal((await api.delete('/users/logout')).status, 204);
      refusedWith(await api.get('/users/me'), 401, 40);
    });
  });
});

serverSuite('failed logins', { HTTP_LOGIN_FAILURES_MAX: '3' }, (suite) => {
  it('of an address are refused unheard after some', async () => {
    const api = new Api(suite.server.httpAddress);
    await api.login();
    for (let i = 0; i < 3; i++) refusedWith(await api.post('/users/login', { username: 'iggy', password: 'wrong' }), 400, 42);
    const refused = await api.post('/users/login', { username: 'iggy', password: 'iggy' });
    assert.equal(refused.status, 429);
    assert(Number(refused.headers.get('retry-after')) > 0);
    assert.equal((await api.post('/personal-access-tokens/login', { token: 'x' })).status, 429);
    done(await api.get('/streams'));
  });
});

describe('the throttle of logins', () => {
  it('forgets after a minute, and takes a network of IPv6 for one address', () => {
    let nowMs = 0;
    const throttle = new LoginThrottle(2, () => nowMs);
    throttle.failed('2001:db8:1:2::1');
    throttle.failed('2001:db8:1:2:3::7');
    assert.throws(() => throttle.check('2001:db8:1:2:ffff::'));
    throttle.check('2001:db8:1:3::1');
    nowMs = 60_000;
    throttle.check('2001:db8:1:2::1');
    throttle.failed('2001:db8:1:2::1');
    throttle.check('2001:db8:1:2::1');
  });
});
