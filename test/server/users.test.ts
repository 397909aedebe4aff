import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Generation } from '../../src/protocol/command.ts';
import { changePassword } from '../../src/protocol/commands/change-password.ts';
import { createConsumerGroup } from '../../src/protocol/commands/create-consumer-group.ts';
import { createPersonalAccessToken } from '../../src/protocol/commands/create-personal-access-token.ts';
import { createUser } from '../../src/protocol/commands/create-user.ts';
import { deleteUser } from '../../src/protocol/commands/delete-user.ts';
import { getConsumerGroup } from '../../src/protocol/commands/get-consumer-group.ts';
import { getMe } from '../../src/protocol/commands/get-me.ts';
import { getStreams } from '../../src/protocol/commands/get-streams.ts';
import { getUser } from '../../src/protocol/commands/get-user.ts';
import { getUsers } from '../../src/protocol/commands/get-users.ts';
import { joinConsumerGroup } from '../../src/protocol/commands/join-consumer-group.ts';
import { updatePermissions } from '../../src/protocol/commands/update-permissions.ts';
import { updateUser } from '../../src/protocol/commands/update-user.ts';
import { EvictionReason } from '../../src/protocol/operations.ts';
import { UserStatus } from '../../src/protocol/primitives/enumerations.ts';
import { noOptions, type Options } from '../../src/protocol/primitives/options.ts';
import { createTestTopic, generations } from '../support/messages.ts';
import { RawClient } from '../support/raw-client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { createTestUser, globalFlags, permissionsOf, streamFlags, topicFlags } from '../support/users.ts';

const someOption: Options = new Map([['color', { kind: 2, bytes: Buffer.from('red') }]]);

function newUser(username: string, password = 'password') {
  return { username, password, status: UserStatus.active, permissions: undefined, options: noOptions };
}

describe('users', () => {
  const folder = temporaryFolder();
  let server: ServerProcess;

  before(async () => {
    server = await startServerProcess(`${folder.path}/data`);
  });

  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  const connect = async (generation: Generation, user: { username: string; password: string } = { username: 'iggy', password: 'iggy' }) => {
    const client = await RawClient.connect(server.address, generation);
    await client.login(user.username, user.password);
    return client;
  };

  it('a fresh server has root alone, active and with every global permission', async () => {
    for (const generation of generations) {
      const root = await connect(generation);
      const users = await root.call(getUsers, undefined);
      assert.deepEqual(
        users?.map(({ id, username, status }) => ({ id, username, status })),
        [{ id: 0, username: 'iggy', status: UserStatus.active }],
      );
      assert.deepEqual((await root.call(getUser, { user: 0 }))?.permissions, permissionsOf({ global: globalFlags }));
      root.close();
    }
  });

  for (const generation of generations) {
    describe(generation, () => {
      let root: RawClient;

      before(async () => {
        root = await connect(generation);
      });

      after(() => root.close());

      it('what was created is found by id and by name, listed by id, and its permissions are as given', async () => {
        const permissions = permissionsOf({
          global: ['readServers', 'pollMessages'],
          streams: {
            7: { flags: ['readStream'], topics: { 1: ['manageTopic'], 4000000000: topicFlags } },
            4294967295: { flags: streamFlags },
            8: { topics: { 3: [] } },
          },
        });
        const username = `${generation}-created`;
        const before = Date.now() * 1000;
        const created = await root.call(createUser, { ...newUser(username), status: UserStatus.inactive, permissions });
        assert.ok(created !== undefined);
        assert.ok(Number(created.createdAt) >= before - 1_000_000 && Number(created.createdAt) <= Date.now() * 1000 + 1_000_000);
        assert.deepEqual(
          { ...created, createdAt: 0n, id: 0 },
          { id: 0, createdAt: 0n, username, status: UserStatus.inactive, permissions, options: noOptions },
        );
        assert.deepEqual(await root.call(getUser, { user: created.id }), created);
        assert.deepEqual(await root.call(getUser, { user: username }), created);
        const ids = (await root.call(getUsers, undefined))?.map(({ id }) => id) ?? [];
        assert.ok(ids.includes(created.id));
        assert.deepEqual(
          ids,
          ids.toSorted((a, b) => a - b),
        );
      });

      it('no permissions are none', async () => {
        const user = await createTestUser(root);
        assert.equal((await root.call(getUser, { user: user.id }))?.permissions, undefined);
      });

      it('names and passwords have their lengths in bytes, a name is taken once', async () => {
        await assert.rejects(root.call(createUser, newUser('ab')), { status: 43 });
        await assert.rejects(root.call(createUser, newUser('ü'.repeat(26))), { status: 43 });
        await assert.rejects(root.call(createUser, newUser(`${generation}-x`, 'ab')), { status: 44 });
        await assert.rejects(root.call(createUser, newUser(`${generation}-x`, 'p'.repeat(101))), { status: 44 });
        await root.call(createUser, newUser(`${generation}-${'n'.repeat(49 - generation.length)}`, 'p'.repeat(100)));
        await root.call(createUser, newUser(`${generation[0]}-0`, 'pwd'));
        await assert.rejects(root.call(createUser, newUser(`${generation[0]}-0`)), { status: 46 });
        await assert.rejects(root.call(createUser, newUser('iggy')), { status: 46 });
      });

      it('of many that ask for one name at once, one gets it', async () => {
        const clients = await Promise.all(Array.from({ length: 8 }, () => connect(generation)));
        const outcomes = await Promise.allSettled(clients.map((client) => client.call(createUser, newUser(`${generation}-race`))));
        assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
        for (const outcome of outcomes) if (outcome.status === 'rejected') assert.equal(outcome.reason.status, 46);
        for (const client of clients) client.close();
      });

      it('rename and deactivate: the list shows it, the login is refused, nothing given changes nothing', async () => {
        const user = await createTestUser(root, { global: ['readStreams'] });
        const before = await root.call(getUser, { user: user.id });
        await root.call(updateUser, { user: user.username, username: undefined, status: undefined, options: noOptions });
        await root.call(updateUser, { user: user.id, username: user.username, status: undefined, options: noOptions });
        assert.deepEqual(await root.call(getUser, { user: user.id }), before);
        const username = `${generation}-renamed`;
        await root.call(updateUser, { user: user.id, username, status: UserStatus.inactive, options: noOptions });
        assert.equal(await root.call(getUser, { user: user.username }), undefined, 'the old name is free');
        assert.deepEqual(await root.call(getUser, { user: username }), { ...before, username, status: UserStatus.inactive });
        assert.equal((await root.call(getUsers, undefined))?.find(({ id }) => id === user.id)?.status, UserStatus.inactive);
        await assert.rejects(connect(generation, { ...user, username }));
        await root.call(updateUser, { user: user.id, username: undefined, status: UserStatus.active, options: noOptions });
        (await connect(generation, { ...user, username })).close();
        await assert.rejects(root.call(updateUser, { user: user.id, username: 'ab', status: undefined, options: noOptions }), {
          status: 43,
        });
        await assert.rejects(root.call(updateUser, { user: user.id, username: 'iggy', status: undefined, options: noOptions }), {
          status: 46,
        });
      });

      it('new permissions replace the old ones; none removes them', async () => {
        const user = await createTestUser(root, { global: ['readStreams'], streams: { 1: { flags: ['pollMessages'] } } });
        const permissions = permissionsOf({ streams: { 2: { flags: ['sendMessages'] } } });
        await root.call(updatePermissions, { user: user.username, permissions });
        assert.deepEqual((await root.call(getUser, { user: user.id }))?.permissions, permissions);
        await root.call(updatePermissions, { user: user.id, permissions: undefined });
        assert.equal((await root.call(getUser, { user: user.id }))?.permissions, undefined);
      });

      it('a password changes for whom the current one is known, own or not', async () => {
        const user = await createTestUser(root);
        const client = await connect(generation, user);
        const change = (by: RawClient, currentPassword: string, newPassword: string) =>
          by.call(changePassword, { user: user.id, currentPassword, newPassword });
        await assert.rejects(change(client, 'wrong password', 'next password'), { status: 42 });
        await assert.rejects(change(client, 'ab', 'next password'), { status: 44 });
        await assert.rejects(change(client, user.password, 'p'.repeat(101)), { status: 44 });
        await change(client, user.password, 'next password');
        await client.call(getMe, undefined);
        await assert.rejects(connect(generation, user));
        (await connect(generation, { ...user, password: 'next password' })).close();
        await assert.rejects(change(root, user.password, 'last password'), { status: 42 });
        await change(root, 'next password', 'last password');
        (await connect(generation, { ...user, password: 'last password' })).close();
        client.close();
      });

      it('of two changes of a password at once, one counts', async () => {
        const user = await createTestUser(root);
        const [one, two] = [await connect(generation, user), await connect(generation, user)];
        const outcomes = await Promise.allSettled(
          [one, two].map((client, index) =>
            client.call(changePassword, { user: user.id, currentPassword: user.password, newPassword: `password ${index}` }),
          ),
        );
        assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
        const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
        (await connect(generation, { ...user, password: `password ${winner}` })).close();
        for (const client of [one, two]) client.close();
      });

      it('who was deleted is not found, and the lowest free id is given again', async () => {
        const [first, second] = [await createTestUser(root), await createTestUser(root)];
        await root.call(deleteUser, { user: second.username });
        await root.call(deleteUser, { user: first.id });
        for (const user of [first.id, first.username]) assert.equal(await root.call(getUser, { user }), undefined);
        await assert.rejects(connect(generation, first));
        assert.equal((await createTestUser(root)).id, Math.min(first.id, second.id));
        assert.equal((await createTestUser(root)).id, Math.max(first.id, second.id));
      });

      it('a deletion ends the sessions of the user, takes it out of its groups and drops its tokens', async () => {
        const user = await createTestUser(root, { global: ['readStreams'] });
        const client = await connect(generation, user);
        const token = (await client.call(createPersonalAccessToken, { name: 'token', expiry: 0n }))?.token as string;
        const name = await createTestTopic(root);
        await root.call(createConsumerGroup, { ...name, name: 'group' });
        await client.call(joinConsumerGroup, { ...name, group: 'group' });
        assert.equal((await root.call(getConsumerGroup, { ...name, group: 'group' }))?.members.length, 1);

        await root.call(deleteUser, { user: user.id });
        assert.equal((await root.call(getConsumerGroup, { ...name, group: 'group' }))?.members.length, 0);
        await assert.rejects(client.call(getStreams, undefined), { status: 40 });
        const write = client.call(createPersonalAccessToken, { name: 'another', expiry: 0n });
        await assert.rejects(write, generation === 'classic' ? { status: 40 } : { eviction: EvictionReason.noSession });
        const heir = await createTestUser(root, { global: ['readStreams'] });
        assert.equal(heir.id, user.id, 'the id is used again');
        await assert.rejects(client.call(getStreams, undefined), { status: 40 }, 'and the old session is not the new user');
        await assert.rejects(client.loginWithToken(token));
        assert.equal(await client.login(heir.username, heir.password), heir.id);
        await client.call(getStreams, undefined);
        client.close();
      });

      it('a user who is deleted while the password is compared is not let in', async () => {
        // Those who come before keep the login waiting for longer than the deletion takes.
        const crowd = await Promise.all(Array.from({ length: 12 }, () => RawClient.connect(server.address, generation)));
        const user = await createTestUser(root, { global: ['readStreams'] });
        const client = await RawClient.connect(server.address, generation);
        const others = crowd.map((each) => each.login('nobody', 'a password').catch(() => undefined));
        let deleted = false;
        const login = client.login(user.username, user.password).finally(() => assert.ok(deleted, 'the deletion came too late'));
        const refused = assert.rejects(login, generation === 'classic' ? { status: 42 } : { eviction: EvictionReason.invalidCredentials });
        await root.call(deleteUser, { user: user.id });
        deleted = true;
        await refused;
        await assert.rejects(client.call(getStreams, undefined), { status: 40 });
        await Promise.all(others);
        for (const each of [...crowd, client]) each.close();
      });

      it('users may delete themselves if they may manage users', async () => {
        const user = await createTestUser(root, { global: ['manageUsers'] });
        const client = await connect(generation, user);
        await client.call(deleteUser, { user: user.id });
        await assert.rejects(client.call(getMe, undefined), { status: 40 });
        assert.equal(await root.call(getUser, { user: user.id }), undefined);
        client.close();
      });

      it('root is neither deleted, nor deactivated, nor given other permissions; another name is fine', async () => {
        await assert.rejects(root.call(deleteUser, { user: 0 }), { status: 48 });
        await assert.rejects(root.call(updatePermissions, { user: 'iggy', permissions: undefined }), { status: 49 });
        const update = (username: string | undefined, status?: UserStatus) =>
          root.call(updateUser, { user: 0, username, status, options: noOptions });
        await assert.rejects(update('other', UserStatus.inactive), { status: 45 });
        await update('boss', UserStatus.active);
        (await connect(generation, { username: 'boss', password: 'iggy' })).close();
        await update('iggy');
      });

      it('an unknown user is 20 to every change', async () => {
        for (const user of [999_999, 'nobody']) {
          await assert.rejects(root.call(updateUser, { user, username: 'somebody', status: undefined, options: noOptions }), {
            status: 20,
          });
          await assert.rejects(root.call(deleteUser, { user }), { status: 20 });
          await assert.rejects(root.call(updatePermissions, { user, permissions: undefined }), { status: 20 });
          await assert.rejects(root.call(changePassword, { user, currentPassword: 'password', newPassword: 'password' }), { status: 20 });
        }
      });

      it('who may not manage users learns the rest in the order of the generation', async () => {
        const user = await createTestUser(root);
        const client = await connect(generation, user);
        const missing = { status: generation === 'classic' ? 41 : 20 };
        await assert.rejects(client.call(deleteUser, { user: 'nobody' }), missing);
        await assert.rejects(client.call(updatePermissions, { user: 'nobody', permissions: undefined }), missing);
        await assert.rejects(
          client.call(updateUser, { user: 'nobody', username: undefined, status: undefined, options: noOptions }),
          missing,
        );
        await assert.rejects(client.call(deleteUser, { user: 'iggy' }), { status: 41 });
        await assert.rejects(client.call(createUser, newUser('ab')), { status: 41 });
        await assert.rejects(client.call(changePassword, { user: 'nobody', currentPassword: 'password', newPassword: 'password' }), {
          status: 20,
        });
        await assert.rejects(client.call(changePassword, { user: 'iggy', currentPassword: 'ab', newPassword: 'password' }), { status: 44 });
        await assert.rejects(client.call(changePassword, { user: 'iggy', currentPassword: 'iggy', newPassword: 'password' }), {
          status: 41,
        });
        client.close();
      });

      it('an unknown name is an empty reply to everybody, an unknown number to those who may read users', async () => {
        const user = await createTestUser(root);
        const client = await connect(generation, user);
        assert.equal(await client.call(getUser, { user: 'nobody' }), undefined);
        await assert.rejects(client.call(getUser, { user: 999_999 }), { status: 41 });
        assert.equal(await root.call(getUser, { user: 999_999 }), undefined);
        assert.equal((await client.call(getUser, { user: user.id }))?.username, user.username);
        assert.equal((await client.call(getUser, { user: user.username }))?.id, user.id);
        client.close();
      });
    });
  }

  it('VSR: users have no options', async () => {
    const root = await connect('vsr');
    await assert.rejects(root.call(createUser, { ...newUser('optional'), options: someOption }), { status: 4041 });
    await assert.rejects(root.call(updateUser, { user: 0, username: undefined, status: undefined, options: someOption }), { status: 4041 });
    root.close();
  });
});

it('users, passwords, permissions and tokens survive a restart, and no file holds a password or a token', async () => {
  const folder = temporaryFolder();
  const dataPath = `${folder.path}/data`;
  const rootPassword = `root-password-${crypto.randomUUID()}`;
  const environment = { GALGO_ROOT_USERNAME: 'root', GALGO_ROOT_PASSWORD: rootPassword };
  const newPassword = `new-password-${crypto.randomUUID()}`;
  const tokens: string[] = [];

  const first = await startServerProcess(dataPath, environment);
  const root = await RawClient.connect(first.address, 'vsr');
  await root.login('root', rootPassword);
  const user = await createTestUser(root, { streams: { 3: { flags: ['pollMessages'], topics: { 1: ['sendMessages'] } } } });
  const inactive = await createTestUser(root);
  await root.call(updateUser, { user: inactive.id, username: undefined, status: UserStatus.inactive, options: noOptions });
  for (const generation of generations) {
    const client = await RawClient.connect(first.address, generation);
    await client.login(user.username, user.password);
    tokens.push((await client.call(createPersonalAccessToken, { name: generation, expiry: 0n }))?.token as string);
    client.close();
  }
  await root.call(changePassword, { user: user.id, currentPassword: user.password, newPassword });
  const before = await root.call(getUser, { user: user.id });
  root.close();
  assert.equal(await first.stop(), 0, first.output());

  const secrets = [rootPassword, user.password, inactive.password, newPassword, ...tokens];
  assertNowhere(dataPath, first.output(), secrets);

  const second = await startServerProcess(dataPath, environment);
  for (const generation of generations) {
    const client = await RawClient.connect(second.address, generation);
    await assert.rejects(client.login(user.username, user.password));
    await assert.rejects(client.login(inactive.username, inactive.password));
    assert.equal(await client.login(user.username, newPassword), user.id);
    for (const token of tokens) assert.equal(await client.loginWithToken(token), user.id);
    assert.deepEqual(await client.call(getUser, { user: user.id }), before);
    client.close();
  }
  assert.equal(await second.stop(), 0, second.output());
  assertNowhere(dataPath, second.output(), secrets);
  folder.remove();
});

it('the limits of users and of tokens are settings', async () => {
  const folder = temporaryFolder();
  const server = await startServerProcess(`${folder.path}/data`, {
    GALGO_LIMITS_USERS_MAX: '3',
    GALGO_PERSONAL_ACCESS_TOKEN_MAX_TOKENS_PER_USER: '2',
  });
  const root = await RawClient.connect(server.address, 'classic');
  await root.login();
  await root.call(createUser, newUser('first'));
  await root.call(createUser, newUser('second'));
  await assert.rejects(root.call(createUser, newUser('third')), { status: 55 });
  await root.call(deleteUser, { user: 'first' });
  await root.call(createUser, newUser('third'));
  for (const name of ['one', 'two']) await root.call(createPersonalAccessToken, { name, expiry: 0n });
  await assert.rejects(root.call(createPersonalAccessToken, { name: 'three', expiry: 0n }), { status: 52 });
  root.close();
  assert.equal(await server.stop(), 0, server.output());
  folder.remove();
});

/** Neither a file below `folder` nor what the server wrote holds one of the texts. */
function assertNowhere(folder: string, output: string, secrets: readonly string[]): void {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((name) => statSync(name).isFile());
  assert.ok(files.some((name) => name.includes('metadata')));
  for (const secret of secrets) {
    assert.ok(!output.includes(secret));
    for (const file of files) assert.ok(!readFileSync(file).includes(secret), file);
  }
}
