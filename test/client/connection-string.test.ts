import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConnectionString } from '../../src/client/connection/connection-string.ts';
import { resolveSettings } from '../../src/client/connection/options.ts';
import { ArgumentError } from '../../src/client/index.ts';

test('names user, password, host and port', () => {
  for (const scheme of ['iggy', 'iggy+tcp']) {
    assert.deepEqual(parseConnectionString(`${scheme}://user:secret@localhost:8090`), {
      transport: 'tcp',
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

test('the scheme names the transport', () => {
  const transportOf = (text: string) => {
    const { transport, tls } = parseConnectionString(text);
    return [transport, tls !== undefined];
  };
  assert.deepEqual(transportOf('iggy+quic://a:b@h:1'), ['quic', true]);
  assert.deepEqual(transportOf('iggy+ws://a:b@h:1'), ['websocket', false]);
  assert.deepEqual(transportOf('iggy+ws://a:b@h:1?tls=true'), ['websocket', true]);
  assert.deepEqual(transportOf('iggy+wss://a:b@h:1'), ['websocket', true]);
  assert.equal(resolveSettings({ username: 'a', password: 'b', transport: 'websocket' }).port, 8092);
  assert.equal(resolveSettings({ username: 'a', password: 'b', transport: 'quic' }).port, 8080);
});

test('every official key of QUIC is understood', () => {
  const options = parseConnectionString(
    'iggy+quic://token@h:1?heartbeat_interval=1s&reconnection_max_retries=3&reconnection_interval=2s&reconnection_reestablish_after=4s&response_buffer_size=5000&max_concurrent_bidi_streams=100&datagram_send_buffer_size=1000&initial_mtu=1200&send_window=100000&receive_window=200000&keep_alive_interval=1000&max_idle_timeout=3000&validate_certificate=false',
  );
  assert.deepEqual(options, {
    transport: 'quic',
    token: 'token',
    host: 'h',
    port: 1,
    heartbeatIntervalMs: 1000,
    reconnect: { retries: 3, initialDelayMs: 2000, reestablishAfterMs: 4000 },
    tls: { rejectUnauthorized: false },
    quic: {
      maxReplyBytes: 5000,
      datagramBytes: 1200,
      sendWindowBytes: 100_000,
      receiveWindowBytes: 200_000,
      keepAliveMs: 1000,
      maxIdleTimeoutMs: 3000,
    },
  });
});

test('every official key of WebSocket is understood', () => {
  const options = parseConnectionString(
    'iggy+ws://a:b@h:1?heartbeat_interval=1s&reconnection_retries=3&reconnection_interval=2s&reestablish_after=4s&read_buffer_size=1&write_buffer_size=2&max_write_buffer_size=3&max_message_size=4000&max_frame_size=5000&accept_unmasked_frames=true&tls=true&tls_domain=d&tls_ca_file=f&tls_validate_certificate=true',
  );
  assert.deepEqual(options, {
    transport: 'websocket',
    username: 'a',
    password: 'b',
    host: 'h',
    port: 1,
    heartbeatIntervalMs: 1000,
    reconnect: { retries: 3, initialDelayMs: 2000, reestablishAfterMs: 4000 },
    tls: { serverName: 'd', caFile: 'f', rejectUnauthorized: true },
    websocket: { maxMessageBytes: 4000, maxFrameBytes: 5000 },
  });
});

test('keys of our own', () => {
  const options = parseConnectionString('iggy+quic://a:b@h:1?tls_fingerprint=ab&tls_cert_file=c&tls_key_file=k&generation=classic');
  assert.deepEqual(options.tls, { fingerprint: 'ab', certFile: 'c', keyFile: 'k' });
  assert.equal(options.generation, 'classic');
});

test('options that contradict each other are refused', () => {
  assert.throws(() => resolveSettings({ transport: 'quic', tls: false }), ArgumentError);
  assert.throws(() => resolveSettings({ tls: { fingerprint: 'ab:cd' } }), ArgumentError);
  assert.throws(() => resolveSettings('iggy+quic://a:b@h:1?initial_mtu=100'), ArgumentError);
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
  'iggy+http://a:b@localhost:3000',
  'iggy+quic://a:b@localhost:8080?nodelay=true',
  'iggy+quic://a:b@localhost:8080?reconnection_retries=1',
  'iggy+ws://a:b@localhost:8092?keep_alive_interval=1',
  'iggy://a:b@localhost:8090?validate_certificate=false',
  'iggy://a:b@localhost:8090?generation=0.9',
  'iggy://a:b@localhost:8090?constructor=1',
  'iggy+quic://a:b@localhost:8080?max_idle_timeout=10s',
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
