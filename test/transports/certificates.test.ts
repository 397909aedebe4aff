import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import type { Socket } from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import type { Generation } from '../../src/protocol/command.ts';
import { createAuthority, type PemPair, type TestAuthority } from '../support/certificates.ts';
import { createTestTopic, generations, send, testMessages } from '../support/messages.ts';
import { QuicTestClient } from '../support/quic-client.ts';
import { RawClient } from '../support/raw-client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { connectWebSocket } from '../support/transports.ts';

const fingerprint = (pem: string) => new X509Certificate(pem).fingerprint256;

/** Fingerprint of the certificate that a new connection is shown. */
async function served(address: string, options: tls.ConnectionOptions = {}): Promise<string> {
  const at = address.lastIndexOf(':');
  const socket = tls.connect({ host: '127.0.0.1', port: Number(address.slice(at + 1)), rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

/** The same over QUIC. */
async function servedOverQuic(address: string): Promise<string> {
  const client = await QuicTestClient.connect(address);
  const [certificate] = client.native.peerCertChain() ?? [];
  client.close();
  return new X509Certificate(certificate as Uint8Array).fingerprint256;
}

/** Requests one after another on one connection, which fail if it is no longer the same. */
interface HttpPings {
  ping(): Promise<number | undefined>;
  close(): void;
}

function http1Pings(url: string, options: { ca: string; servername: string }): HttpPings {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ...options });
  let first: Socket | undefined;
  return {
    async ping() {
      const [response] = (await once(https.get(`${url}/ping`, { agent }), 'response')) as [IncomingMessage];
      first ??= response.socket;
      assert.equal(response.socket, first);
      await response.resume().toArray();
      return response.statusCode;
    },
    close: () => agent.destroy(),
  };
}

function http2Pings(url: string, options: tls.ConnectionOptions): HttpPings {
  const session = http2.connect(url, options);
  return {
    async ping() {
      const stream = session.request({ ':path': '/ping' });
      const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader];
      await stream.resume().toArray();
      return headers[':status'];
    },
    close: () => session.destroy(),
  };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    assert.ok(tries < 100, 'it did not come to pass in time');
    await sleep(50);
  }
}

describe('a self-signed certificate', () => {
  it('is made once, kept, shared by all transports, private, and told by its fingerprint', async () => {
    const folder = temporaryFolder();
    const settings = { GALGO_TCP_TLS_ENABLED: 'true', GALGO_WEBSOCKET_TLS_ENABLED: 'true' };
    const fingerprints: string[] = [];
    for (let start = 0; start < 2; start++) {
      const server = await startServerProcess(`${folder.path}/data`, settings);
      assert.match(server.websocketAddress, /^wss:/);
      const printed = /Cert {2}self-signed, SHA-256 (\S+)/.exec(server.output())?.[1];
      fingerprints.push(printed ?? '', await served(server.address), await served(server.websocketAddress));
      assert.equal(await server.stop(), 0, server.output());
    }
    assert.equal(new Set(fingerprints).size, 1);
    const certificates = `${folder.path}/data/certificates`;
    assert.equal(fingerprints[0], fingerprint(readFileSync(`${certificates}/self-signed.pem`, 'utf8')));
    assert.equal(statSync(`${certificates}/self-signed-key.pem`).mode & 0o777, 0o600);
    folder.remove();
  });

  it('serves openssl, in TLS 1.2 and 1.3 and nothing older', { skip: spawnSync('openssl', ['version']).status !== 0 }, async () => {
    const folder = temporaryFolder();
    const server = await startServerProcess(`${folder.path}/data`, { GALGO_TCP_TLS_ENABLED: 'true' });
    const handshake = (version: string) =>
      spawnSync(
        'openssl',
        [
          's_client',
          '-connect',
          server.address,
          '-CAfile',
          `${folder.path}/data/certificates/self-signed.pem`,
          '-verify_return_error',
          version,
        ],
        {
          input: '',
          encoding: 'utf8',
          timeout: 10_000,
        },
      );
    for (const version of ['-tls1_2', '-tls1_3']) assert.match(handshake(version).stdout, /Verify return code: 0 \(ok\)/, version);
    assert.notEqual(handshake('-tls1_1').status, 0);
    assert.equal(await server.stop(), 0, server.output());
    folder.remove();
  });
});

describe('replaced certificates', () => {
  const folder = temporaryFolder();
  const certificateFile = path.join(folder.path, 'cert.pem');
  const keyFile = path.join(folder.path, 'key.pem');
  let authority: TestAuthority;
  let server: ServerProcess;
  let current: PemPair;

  const write = (pair: PemPair) => {
    writeFileSync(`${keyFile}.new`, pair.key);
    writeFileSync(`${certificateFile}.new`, pair.certificate);
    renameSync(`${certificateFile}.new`, certificateFile);
    renameSync(`${keyFile}.new`, keyFile);
  };
  const warnings = () => server.output().match(/the certificate cannot be replaced/g)?.length ?? 0;

  before(async () => {
    authority = await createAuthority();
    current = await authority.issue('first');
    write(current);
    server = await startServerProcess(`${folder.path}/data`, {
      GALGO_TCP_TLS_ENABLED: 'true',
      GALGO_TCP_TLS_CERT_FILE: certificateFile,
      GALGO_TCP_TLS_KEY_FILE: keyFile,
      GALGO_WEBSOCKET_TLS_ENABLED: 'true',
      GALGO_HTTP_TLS_ENABLED: 'true',
    });
  });

  after(async () => {
    assert.equal(await server.stop(), 0, server.output());
    folder.remove();
  });

  const trusted = () => ({ ca: authority.certificate, servername: 'localhost' });

  it('are shown to new connections of all transports, and those that are open go on under load', async () => {
    const clients = [
      await RawClient.connect(server.address, 'classic', { tls: trusted() }),
      await RawClient.connect(server.address, 'vsr', { tls: trusted() }),
      await connectWebSocket(server.websocketAddress, 'classic', trusted()),
      await connectWebSocket(server.websocketAddress, 'vsr', trusted()),
    ];
    const quic = await Promise.all([0, 1].map(() => QuicTestClient.connect(server.quicAddress)));
    clients.push(...quic.map((connection, index) => connection.raw(generations[index] as Generation)));
    let running = true;
    const overBinary = clients.map(async (client) => {
      await client.login();
      const name = await createTestTopic(client);
      let sent = 0;
      for (; running; sent++) await send(client, name, testMessages(sent, 5));
      return sent;
    });
    const overHttp = [http1Pings(server.httpAddress, trusted()), http2Pings(server.httpAddress, trusted())].map(async (pings) => {
      let answered = 0;
      for (; running; answered++) assert.equal(await pings.ping(), 200);
      pings.close();
      return answered;
    });
    const counts = [...overBinary, ...overHttp];
    for (let round = 0; round < 3; round++) {
      current = await authority.issue(`round ${round}`);
      write(current);
      await until(async () => (await served(server.address)) === fingerprint(current.certificate));
      assert.equal(await served(server.websocketAddress), fingerprint(current.certificate));
      assert.equal(await served(server.httpAddress), fingerprint(current.certificate));
      assert.equal(await served(server.httpAddress, { ALPNProtocols: ['h2'] }), fingerprint(current.certificate));
      assert.equal(await servedOverQuic(server.quicAddress), fingerprint(current.certificate));
    }
    running = false;
    for (const count of await Promise.all(counts)) assert.ok(count > 0);
    for (const client of clients) client.close();
    (await RawClient.connect(server.address, 'vsr', { tls: trusted() })).close();
  });

  it('that cannot be served are not taken, with a warning', async () => {
    const expired = await authority.issue('expired', { validMs: -60_000 });
    const other = await authority.issue('other');
    const unusable: PemPair[] = [
      { certificate: 'nonsense', key: current.key },
      { certificate: other.certificate, key: current.key },
      { certificate: current.certificate, key: '' },
      expired,
    ];
    for (const pair of unusable) {
      const before = warnings();
      write(pair);
      await until(() => warnings() > before);
      assert.equal(await served(server.address), fingerprint(current.certificate));
    }
    write(current);
  });

  it('SIGHUP reads them too, and does not end the server', async () => {
    await sleep(600);
    const before = warnings();
    process.kill(server.pid, 'SIGHUP');
    await sleep(300);
    assert.equal(warnings(), before);
    assert.equal(await served(server.address), fingerprint(current.certificate));
    current = await authority.issue('by signal');
    write(current);
    process.kill(server.pid, 'SIGHUP');
    await until(async () => (await served(server.address)) === fingerprint(current.certificate));
  });
});

describe('a server with certificates that cannot be served', () => {
  it('does not start, and names the file', async () => {
    const folder = temporaryFolder();
    const authority = await createAuthority();
    const [one, two] = [await authority.issue('one'), await authority.issue('two')];
    const [certificateFile, keyFile] = [path.join(folder.path, 'cert.pem'), path.join(folder.path, 'key.pem')];
    const start = () =>
      startServerProcess(`${folder.path}/data`, {
        GALGO_QUIC_ENABLED: 'false',
        GALGO_TCP_TLS_ENABLED: 'true',
        GALGO_TCP_TLS_CERT_FILE: certificateFile,
        GALGO_TCP_TLS_KEY_FILE: keyFile,
      });
    writeFileSync(certificateFile, one.certificate);
    await assert.rejects(start(), /key\.pem cannot be read/);
    writeFileSync(keyFile, two.key);
    await assert.rejects(start(), /the key in \S+key\.pem is not that of the certificate in \S+cert\.pem/);
    writeFileSync(certificateFile, 'nonsense');
    await assert.rejects(start(), /cert\.pem is not understood/);
    folder.remove();
  });
});
