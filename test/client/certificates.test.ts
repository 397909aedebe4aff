// Who the client trusts and what it shows, on every transport with TLS.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it, test } from 'node:test';
import { type ClientOptions, ConnectionError, connect, type TlsOptions } from '../../src/client/index.ts';
import { createAuthority } from '../support/certificates.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { generations } from './support/setup.ts';

const secured: Readonly<Record<string, { transport: NonNullable<ClientOptions['transport']>; environment: Record<string, string> }>> = {
  QUIC: { transport: 'quic', environment: {} },
  TLS: { transport: 'tcp', environment: { GALGO_TCP_TLS_ENABLED: 'true' } },
  'secure WebSocket': { transport: 'websocket', environment: { GALGO_WEBSOCKET_TLS_ENABLED: 'true' } },
};

for (const [name, { transport, environment }] of Object.entries(secured)) {
  describe(`over ${name}`, () => {
    const folder = temporaryFolder();
    const ca = path.join(folder.path, 'certificates/self-signed.pem');
    let server: ServerProcess;

    const open = (tls: TlsOptions, options: ClientOptions = {}) => {
      const address = { quic: server.quicAddress, tcp: server.address, websocket: server.websocketAddress.slice('wss://'.length) }[
        transport
      ];
      const [host = '', port] = address.split(':');
      return connect({ transport, host, port: Number(port), tls, connectTimeoutMs: 5000, ...options });
    };
    const serves = async (tls: TlsOptions, options?: ClientOptions) => {
      const client = await open(tls, options);
      assert.equal((await client.system.me()).userId, 0);
      await client.drain();
    };

    before(async () => {
      server = await startServerProcess(folder.path, environment);
    });
    after(async () => {
      assert.equal(await server.stop(), 0, server.output());
      folder.remove();
    });

    for (const generation of generations) {
      it(`${generation}: an authority of one's own, as text or as a file`, async () => {
        await serves({ ca: readFileSync(ca) }, { generation });
        await serves({ caFile: ca }, { generation });
      });
    }

    it('a name that the certificate has is accepted, another one is not', async () => {
      await serves({ caFile: ca, serverName: 'localhost' });
      await serves({ caFile: ca }, { host: 'localhost' });
      await assert.rejects(open({ caFile: ca, serverName: 'example.org' }), ConnectionError);
      await assert.rejects(open({ caFile: ca, serverName: '127.0.0.2' }), ConnectionError);
    });

    it('a certificate that nobody vouches for is refused, unless that is asked for', async () => {
      await assert.rejects(open({}), ConnectionError);
      const { certificate } = await createAuthority();
      await assert.rejects(open({ ca: certificate }), ConnectionError);
      await serves({ rejectUnauthorized: false });
    });

    it('a fingerprint needs neither authority nor name', async () => {
      const { fingerprint256 } = new X509Certificate(readFileSync(ca));
      await serves({ fingerprint: fingerprint256 });
      await serves({ fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(), serverName: 'example.org' });
      const other = fingerprint256.startsWith('0') ? `1${fingerprint256.slice(1)}` : `0${fingerprint256.slice(1)}`;
      await assert.rejects(open({ fingerprint: other }), (error) => error instanceof ConnectionError && /fingerprint/.test(error.message));
      await assert.rejects(open({ fingerprint: other, rejectUnauthorized: false }), ConnectionError);
    });

    if (transport !== 'quic') {
      it('a client without TLS is told in time', async () => {
        const port = Number((transport === 'tcp' ? server.address : server.websocketAddress).split(':').at(-1));
        await assert.rejects(connect({ transport, port, connectTimeoutMs: 2000 }), ConnectionError);
      });
    }

    it('a CA file that is not there is said to be missing', async () => {
      await assert.rejects(open({ caFile: '/nowhere/ca.pem' }), /ENOENT/);
    });
  });
}

const mutual: Readonly<Record<string, { section: string; address(server: ServerProcess): string }>> = {
  QUIC: { section: 'QUIC_CERTIFICATE', address: ({ quicAddress }) => `iggy+quic://iggy:any@${quicAddress}?` },
  TLS: { section: 'TCP_TLS', address: ({ address }) => `iggy+tcp://iggy:any@${address}?tls=true&` },
  'secure WebSocket': { section: 'WEBSOCKET_TLS', address: ({ websocketAddress }) => `iggy+wss://iggy:any@${websocketAddress.slice(6)}?` },
};

for (const [name, { section, address }] of Object.entries(mutual)) {
  describe(`client certificates over ${name}`, () => {
    const folder = temporaryFolder();
    const file = (base: string) => path.join(folder.path, base);
    let server: ServerProcess;

    before(async () => {
      const authority = await createAuthority();
      const own = await authority.issue('server');
      const pair = await authority.issue('app:iggy');
      for (const [base, content] of Object.entries({
        'ca.pem': authority.certificate,
        'cert.pem': own.certificate,
        'key.pem': own.key,
        'client-cert.pem': pair.certificate,
        'client-key.pem': pair.key,
      })) {
        writeFileSync(file(base), content);
      }
      server = await startServerProcess(file('data'), {
        ...(name === 'QUIC' ? {} : { [`GALGO_${section}_ENABLED`]: 'true' }),
        [`GALGO_${section}_CERT_FILE`]: file('cert.pem'),
        [`GALGO_${section}_KEY_FILE`]: file('key.pem'),
        [`GALGO_${section}_CLIENT_CERTIFICATES`]: 'required',
        [`GALGO_${section}_CLIENT_CA_FILE`]: file('ca.pem'),
        GALGO_CERTIFICATE_USERS_PATTERN: 'app:(.+)',
      });
    });
    after(async () => {
      assert.equal(await server.stop(), 0, server.output());
      folder.remove();
    });

    const target = (shown: string) => `${address(server)}tls_domain=localhost&tls_ca_file=${file('ca.pem')}${shown}`;

    it('a certificate stands for its user, whatever the password', async () => {
      const shown = `&tls_cert_file=${file('client-cert.pem')}&tls_key_file=${file('client-key.pem')}`;
      for (const generation of generations) {
        const client = await connect(target(shown), { generation });
        assert.equal((await client.system.me()).userId, 0);
        await client.drain();
      }
    });

    it('without one there is no connection', async () => {
      await assert.rejects(connect(target('')), ConnectionError);
    });
  });
}

test('a server that speaks no TLS is not mistaken for one', async () => {
  const listener = net.createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as net.AddressInfo;
  await assert.rejects(connect({ host: '127.0.0.1', port, tls: true }), ConnectionError);
  await assert.rejects(connect({ transport: 'websocket', host: '127.0.0.1', port }), ConnectionError);
  listener.close();
});
