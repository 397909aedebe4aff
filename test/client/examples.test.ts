import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startServerProcess, temporaryFolder } from '../support/test-server.ts';

const folder = temporaryFolder();
const server = await startServerProcess(folder.path);
after(async () => {
  await server.stop();
  folder.remove();
});
const root = fileURLToPath(new URL('../../', import.meta.url));

/** What a program prints in the end, as far as it does not depend on the clock. In the order of running: the consumer reads what the producer sent. */
const expected: Readonly<Record<string, RegExp>> = {
  'getting-started.ts': /sent grüezi to partition 0, offset 2\nread hello at offset 0\nread servus at offset 1\nread grüezi at offset 2\n$/,
  'basic-producer.ts': /^sent 100 ticks\n$/,
  'basic-consumer.ts': /^(partition \d, offset \d+: \{"tick":\d+,"at":"[^"]+"\}\n){100}$/,
  'batching.ts': /^one by one: \d+ messages\/s\nmany at once: \d+ messages\/s\nhanded over together: \d+ messages\/s\n$/,
  'message-headers.ts':
    /created \{ id: 1, price: 9.5 \}\nconfirmed, urgent \{ id: 1 \}\nrejected by shop 17 \{ id: 2, reason: 'sold out' \}\n$/,
  'message-envelopes.ts': /^order 1 was created for 9.5\norder 1 was confirmed\norder 2 was rejected: sold out\n$/,
  'multi-tenant.ts': /^north in north: 100 messages\nnorth in south: denied\nsouth in north: denied\nsouth in south: 100 messages\n$/,
  'stream-builder.ts': /^(partition [012]: reading \d\n){10}$/,
  'encryption.ts': /^with the key: the letter, 16000 characters\nwithout it: \d{2,3} bytes\n$/,
  'quic.ts': /^read 1000 messages from 4 partitions at once\n$/,
  'in-process.ts': /^order 0: tea\norder 1: cake\n$/,
  'consumer-groups.ts': /^((Anna|Ben|Cleo) did job \d+ of partition \d\n){60,}$/,
};

/** Where an example does not go over TCP. */
const targets: Readonly<Record<string, string>> = {
  'quic.ts': `iggy+quic://iggy:iggy@${server.quicAddress}?tls_ca_file=${folder.path}/certificates/self-signed.pem`,
};

test('every example has its expected output, and its line in the table', () => {
  const programs = readdirSync(path.join(root, 'examples')).filter((name) => name.endsWith('.ts'));
  assert.deepEqual(programs.sort(), Object.keys(expected).sort());
  const table = readFileSync(path.join(root, 'examples/README.md'), 'utf8');
  const listed = [...table.matchAll(/\]\(([\w-]+\.ts)\)/g)].map(([, name]) => name);
  assert.deepEqual(listed.sort(), programs);
});

for (const [name, output] of Object.entries(expected)) {
  test(`${name} runs`, async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', path.join(root, 'examples', name), targets[name] ?? `iggy://iggy:iggy@${server.address}`],
      { cwd: root, timeout: 60_000 },
    );
    assert.match(stdout, output);
  });
}
