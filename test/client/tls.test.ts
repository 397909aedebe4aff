import assert from 'node:assert/strict';
import path from 'node:path';
import { after, test } from 'node:test';
import { ConnectionError, connect } from '../../src/client/index.ts';
import { startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { generations } from './support/setup.ts';

const folder = temporaryFolder();
const server = await startServerProcess(folder.path, { GALGO_TCP_TLS_ENABLED: 'true' });
after(async () => {
  await server.stop();
  folder.remove();
});
const ca = path.join(folder.path, 'certificates/self-signed.pem');

for (const generation of generations) {
  test(`${generation} over TLS with an authority of one's own`, async () => {
    const target = `iggy://iggy:iggy@${server.address}?tls=true&tls_domain=localhost&tls_ca_file=${ca}`;
    const client = await connect(target, { generation });
    await client.streams.create({ name: `stream-${generation}` });
    await client.drain();
  });
}

test('a certificate that nobody vouches for is refused', async () => {
  await assert.rejects(connect(`iggy://iggy:iggy@${server.address}?tls=true`), ConnectionError);
});

test('a certificate for another name is refused', async () => {
  const target = `iggy://iggy:iggy@${server.address}?tls=true&tls_domain=example.org&tls_ca_file=${ca}`;
  await assert.rejects(connect(target), ConnectionError);
});

test('without a check any certificate will do', async () => {
  const client = await connect(`iggy://iggy:iggy@${server.address}`, { tls: { rejectUnauthorized: false } });
  await client.drain();
});

test('a plain client of a TLS port is told in time', async () => {
  await assert.rejects(connect(`iggy://iggy:iggy@${server.address}`, { connectTimeoutMs: 2000 }));
});
