import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConnectionString } from '../../src/client/connection/connection-string.ts';
import { ArgumentError } from '../../src/client/index.ts';

test('names user, password, host and port', () => {
  for (const scheme of ['iggy', 'iggy+tcp']) {
    assert.deepEqual(parseConnectionString(`${scheme}://user:secret@localhost:8090`), {
      username: 'user',
      password: 'secret',
      host: 'localhost',
      port: 8090,
      reconnect: {},
    });
  }
});

test('one credential is a token', () => {
  assert.equal(parseConnectionString('iggy://iggypat-secret@localhost:8090').token, 'iggypat-secret');
});

test('credentials may be percent-encoded, hosts may be IPv6', () => {
  const options = parseConnectionString('iggy://us%40er:p%3Aa%2Fss@[::1]:8090');
  assert.deepEqual([options.username, options.password, options.host], ['us@er', 'p:a/ss', '::1']);
});

test('options of the official grammar', () => {
  const options = parseConnectionString(
    'iggy+tcp://iggy:iggy@localhost:8090?tls=true&tls_domain=name&reconnection_retries=5&reconnection_interval=5s&reestablish_after=1m 30s&heartbeat_interval=300ms&nodelay=false',
  );
  assert.deepEqual(options.tls, { serverName: 'name' });
  assert.deepEqual(options.reconnect, { retries: 5, initialDelayMs: 5000, reestablishAfterMs: 90_000 });
  assert.equal(options.heartbeatIntervalMs, 300);
  assert.equal(options.noDelay, false);
  assert.deepEqual(parseConnectionString('iggy://a:b@h:1?reconnection_retries=unlimited').reconnect, { retries: Number.POSITIVE_INFINITY });
});

test('the last of two options holds', () => {
  assert.equal(parseConnectionString('iggy://a:b@h:1?nodelay=false&nodelay=true').noDelay, true);
});

const malformed = [
  'iggy+invalid://iggy:iggy@localhost:8090',
  'iggy://iggy:iggy@localhost',
  'iggy://iggy:iggy@localhost:port',
  'iggy://iggy:iggy@localhost:0',
  'iggy://iggy:iggy@localhost:70000',
  'iggy://iggy:iggy@:8090',
  'iggy://:iggy@localhost:8090',
  'iggy://iggy:@localhost:8090',
  'iggy://localhost:8090',
  'iggy:iggy@localhost:8090',
  'iggy://iggy:iggy@',
  'iggy://a:b:c@localhost:8090',
  'iggy://a:b@c@localhost:8090',
  'iggy://a:b@localhost:8090?tls',
  'iggy://a:b@localhost:8090?tls=true=false',
  'iggy://a:b@localhost:8090?colour=red',
  'iggy://a:b@localhost:8090?reconnection_retries=many',
  'iggy://a:b@localhost:8090?heartbeat_interval=5',
  'iggy://%zz:b@localhost:8090',
];
for (const text of malformed) {
  test(`refuses ${text}`, () => {
    assert.throws(
      () => parseConnectionString(text),
      (error) => {
        assert.ok(error instanceof ArgumentError);
        assert.equal(error.code, 'invalid-connection-string');
        return true;
      },
    );
  });
}
