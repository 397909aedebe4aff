import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { changePassword } from '../../src/protocol/commands/change-password.ts';
import { createPersonalAccessToken } from '../../src/protocol/commands/create-personal-access-token.ts';
import { createStream } from '../../src/protocol/commands/create-stream.ts';
import { deleteUser } from '../../src/protocol/commands/delete-user.ts';
import { getStreams } from '../../src/protocol/commands/get-streams.ts';
import { logoutUser } from '../../src/protocol/commands/logout-user.ts';
import { ping } from '../../src/protocol/commands/ping.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import { createTestTopic, generations, poll, send, testMessages } from '../support/messages.ts';
import { RawClient } from '../support/raw-client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { createTestUser } from '../support/users.ts';

interface Line {
  audit: string;
  outcome: string;
  user?: { id: number; name: string };
  resource?: Record<string, unknown>;
  client: number;
  address: string;
  transport: string;
  protocol: string;
  unwritten?: number;
}

function auditLines(server: ServerProcess): Line[] {
  return server
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes('"audit"'))
    .map((line) => JSON.parse(line));
}

for (const generation of generations) {
  it(`${generation}: who changes something or logs in is written down: who, what, where, from where, and what came of it`, async () => {
    const folder = temporaryFolder();
    const server = await startServerProcess(`${folder.path}/data`, { GALGO_SYSTEM_LOGGING_FORMAT: 'json' });
    const root = await RawClient.connect(server.address, generation);
    await root.login();
    const user = await createTestUser(root);
    const client = await RawClient.connect(server.address, generation);
    await assert.rejects(client.login(user.username, 'a wrong secret'));
    await assert.rejects(client.login('my-password-in-the-wrong-field', 'a wrong secret'));
    await client.login(user.username, user.password);
    await assert.rejects(client.call(createStream, { name: 'forbidden', options: noOptions }));
    const token = (await client.call(createPersonalAccessToken, { name: 'robot', expiry: 0n }))?.token as string;
    await client.call(changePassword, { user: user.id, currentPassword: user.password, newPassword: 'the next secret' });
    await client.call(logoutUser, undefined);
    await client.loginWithToken(token);
    await client.call(ping, undefined);
    await assert.rejects(client.call(getStreams, undefined));
    await root.call(deleteUser, { user: user.username });
    const name = await createTestTopic(root);
    await send(root, name, testMessages(0, 1));
    await poll(root, name);
    const from = client.socket.localPort;
    for (const each of [root, client]) each.close();
    assert.equal(await server.stop(), 0, server.output());

    const lines = auditLines(server);
    const [login, tokenLogin] = generation === 'classic' ? ['LoginUser', 'LoginWithPersonalAccessToken'] : ['Register', 'Register'];
    const refused = generation === 'classic' ? 'invalid-credentials' : 'invalidCredentials';
    const iggy = { id: 0, name: 'iggy' };
    const someone = { id: user.id, name: user.username };
    assert.deepEqual(
      lines.map(({ audit, outcome, user: who, resource }) => [audit, outcome, who, resource]),
      [
        [login, 'ok', iggy, undefined],
        ['CreateUser', 'ok', iggy, { username: user.username, status: 1 }],
        [login, refused, someone, undefined],
        [login, refused, undefined, undefined],
        [login, 'ok', someone, undefined],
        ['CreateStream', 'unauthorized', someone, { name: 'forbidden' }],
        ['CreatePersonalAccessToken', 'ok', someone, { name: 'robot' }],
        ['ChangePassword', 'ok', someone, { user: user.id }],
        ['LogoutUser', 'ok', someone, undefined],
        [tokenLogin, 'ok', someone, undefined],
        ['DeleteUser', 'ok', iggy, { user: user.username }],
        ['CreateStream', 'ok', iggy, { name: name.stream }],
        ['CreateTopic', 'ok', iggy, { stream: name.stream, partitionsCount: 1, name: name.topic }],
      ],
    );
    for (const line of lines) {
      assert.equal(line.transport, 'tcp');
      assert.equal(line.protocol, generation);
    }
    assert.equal(lines[4]?.address, `127.0.0.1:${from}`);
    for (const secret of [user.password, token, 'a wrong secret', 'the next secret', 'my-password-in-the-wrong-field']) {
      assert.ok(!server.output().includes(secret), secret);
    }
    folder.remove();
  });
}

it('of a flood of refused logins a few a second are written, and how many were not', async () => {
  const folder = temporaryFolder();
  const server = await startServerProcess(`${folder.path}/data`, { GALGO_SYSTEM_LOGGING_FORMAT: 'json' });
  const client = await RawClient.connect(server.address, 'classic');
  const attempts = 500;
  for (let attempt = 0; attempt < attempts; attempt++) await assert.rejects(client.loginWithToken('guess'), { status: 20 });
  await delay(1_100);
  await assert.rejects(client.loginWithToken('guess'), { status: 20 });
  client.close();
  assert.equal(await server.stop(), 0, server.output());
  const lines = auditLines(server);
  const unwritten = lines.reduce((sum, line) => sum + (line.unwritten ?? 0), 0);
  assert.equal(lines.length + unwritten, attempts + 1);
  assert.ok(lines.length < attempts / 2, `${lines.length} lines`);
  folder.remove();
});

it('the audit log can be switched off', async () => {
  const folder = temporaryFolder();
  const server = await startServerProcess(`${folder.path}/data`, {
    GALGO_SYSTEM_LOGGING_FORMAT: 'json',
    GALGO_SYSTEM_LOGGING_AUDIT: 'false',
  });
  const client = await RawClient.connect(server.address, 'vsr');
  await client.login();
  await client.call(createStream, { name: 'silent', options: noOptions });
  client.close();
  assert.equal(await server.stop(), 0, server.output());
  assert.deepEqual(auditLines(server), []);
  folder.remove();
});
