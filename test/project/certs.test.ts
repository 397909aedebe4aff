import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';

const folder = mkdtempSync(path.join(os.tmpdir(), 'galgo-certs-'));
after(() => rmSync(folder, { recursive: true }));

describe('certificates for development', () => {
  execFileSync(fileURLToPath(new URL('../../certs/make-certs.sh', import.meta.url)), [folder]);
  const read = (file: string) => readFileSync(path.join(folder, file));

  it('are a CA and a certificate that it signed, with keys for the owner alone', () => {
    assert.deepEqual(readdirSync(folder).sort(), ['ca_cert.pem', 'ca_key.pem', 'cert.pem', 'key.pem']);
    assert.equal(statSync(path.join(folder, 'key.pem')).mode & 0o077, 0);
    assert(new X509Certificate(read('cert.pem')).verify(new X509Certificate(read('ca_cert.pem')).publicKey));
  });

  it('a client that trusts the CA connects to localhost and to 127.0.0.1', async () => {
    const server = tls.createServer({ cert: read('cert.pem'), key: read('key.pem') }, (socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    for (const servername of ['localhost', '127.0.0.1']) {
      const options = { host: '127.0.0.1', port, ca: read('ca_cert.pem'), ...(servername === 'localhost' ? { servername } : {}) };
      const authorized = await new Promise<boolean>((resolve, reject) => {
        const socket = tls.connect(options, () => {
          resolve(socket.authorized);
          socket.destroy();
        });
        socket.on('error', reject);
      });
      assert(authorized, servername);
    }
    server.close();
  });
});
