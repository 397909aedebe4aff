// Datagrams that are longer than the device carries: a server and a client in a network of their own, whose loopback carries 1400 bytes.

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { assertMessages, createTestTopic, poll, send, testMessages } from '../support/messages.ts';
import { QuicTestClient } from '../support/quic-client.ts';
import { startServerProcess, temporaryFolder } from '../support/test-server.ts';

const deviceBytes = 1_400;
const inside = 'TEST_IN_SMALL_NETWORK';
const inOwnNetwork = (command: string) => ['-rn', 'sh', '-c', `ip link set lo mtu ${deviceBytes} up && ${command}`];
const possible = spawnSync('unshare', inOwnNetwork('true')).status === 0;
const file = fileURLToPath(import.meta.url);

if (process.env[inside] === undefined) {
  it('a connection goes on at once with datagrams of 1200 bytes', { skip: !possible }, async () => {
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
    const command = `exec '${process.execPath}' --import tsx '${file}'`;
    const { stdout } = await promisify(execFile)('unshare', inOwnNetwork(command), { env: { ...environment, [inside]: '1' } });
    assert.match(stdout, /^# pass 1$/m);
  });
} else {
  it('large replies arrive before any loss timer would have found the limit', async () => {
    const folder = temporaryFolder();
    const server = await startServerProcess(folder.path, {
      GALGO_QUIC_INITIAL_MTU: '8000 B',
      GALGO_SYSTEM_LOGGING_LEVEL: 'debug',
    });
    const quic = await QuicTestClient.connect(server.quicAddress);
    const client = quic.raw('vsr');
    await client.login();
    const name = await createTestTopic(client);
    const messages = testMessages(0, 20, 50_000);
    await send(client, name, messages);
    assertMessages((await poll(client, name)).messages, messages, 0n);
    assert.match(server.output(), /too long for the device/);
    assert.doesNotMatch(server.output(), /too long for the path/);
    quic.close();
    assert.equal(await server.stop(), 0, server.output());
    folder.remove();
  });
}
