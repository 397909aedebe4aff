import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Generation } from '../../src/protocol/command.ts';
import { createConsumerGroup } from '../../src/protocol/commands/create-consumer-group.ts';
import { createPersonalAccessToken } from '../../src/protocol/commands/create-personal-access-token.ts';
import { createUser } from '../../src/protocol/commands/create-user.ts';
import { deletePersonalAccessToken } from '../../src/protocol/commands/delete-personal-access-token.ts';
import { getMe } from '../../src/protocol/commands/get-me.ts';
import { getPersonalAccessTokens } from '../../src/protocol/commands/get-personal-access-tokens.ts';
import { getStreams } from '../../src/protocol/commands/get-streams.ts';
import { joinConsumerGroup } from '../../src/protocol/commands/join-consumer-group.ts';
import { logoutUser } from '../../src/protocol/commands/logout-user.ts';
import { ping } from '../../src/protocol/commands/ping.ts';
import { updateUser } from '../../src/protocol/commands/update-user.ts';
import { EvictionReason } from '../../src/protocol/operations.ts';
import { UserStatus } from '../../src/protocol/primitives/enumerations.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import { Writer } from '../../src/protocol/writer.ts';
import { createTestTopic, generations } from '../support/messages.ts';
import { RawClient } from '../support/raw-client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { createTestUser } from '../support/users.ts';

const never = 0xffff_ffff_ffff_ffffn;

/** How a refused login is told: a status, or under VSR the end of the session. */
function refusal(generation: Generation, status: number, eviction: number = EvictionReason.invalidCredentials) {
  return generation === 'classic' ? { status } : { eviction };
}

describe('authentication', () => {
  const folder = temporaryFolder();
  let server: ServerProcess;

  before(async () => {
    server = await startServerProcess(`${folder.path}/data`);
  });

  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  const connect = (generation: Generation) => RawClient.connect(server.address, generation);
  const connectAsRoot = async (generation: Generation) => {
    const client = await connect(generation);
    await client.login();
    return client;
  };

  for (const generation of generations) {
    describe(generation, () => {
      it('a ping is answered before login', async () => {
        const client = await connect(generation);
        await client.call(ping, undefined);
        client.close();
      });

      it('root has user id 0', async () => {
        const client = await connect(generation);
        assert.equal(await client.login(), 0);
        assert.equal((await client.call(getMe, undefined))?.userId, 0);
        client.close();
      });

      it('after logout commands are refused until the next login on the same connection', async () => {
        const client = await connectAsRoot(generation);
        await client.call(logoutUser, undefined);
        await assert.rejects(client.call(getStreams, undefined), { status: 40 });
        await client.login();
        await client.call(getStreams, undefined);
        client.close();
      });

      it('a second logout is refused by a classic server and harmless under VSR', async () => {
        const client = await connectAsRoot(generation);
        await client.call(logoutUser, undefined);
        const second = client.call(logoutUser, undefined);
        await (generation === 'classic' ? assert.rejects(second, { status: 40 }) : second);
        client.close();
      });

      it('wrong passwords, unknown and inactive users, and lengths are refused', async () => {
        const root = await connectAsRoot(generation);
        const user = await createTestUser(root);
        const client = await connect(generation);
        await assert.rejects(client.login(user.username, 'wrong password'), refusal(generation, 42));
        await assert.rejects(client.login('nobody', user.password), refusal(generation, 42));
        await assert.rejects(client.login('ab', user.password), refusal(generation, 43));
        await assert.rejects(client.login('n'.repeat(51), user.password), refusal(generation, 43));
        await assert.rejects(client.login(user.username, 'ab'), refusal(generation, 44));
        await assert.rejects(client.login(user.username, 'p'.repeat(101)), refusal(generation, 44));
        await root.call(updateUser, { user: user.id, username: undefined, status: UserStatus.inactive, options: noOptions });
        await assert.rejects(client.login(user.username, user.password), refusal(generation, 47));
        assert.equal(await client.login(), 0, 'the connection survives refusals');
        for (const each of [root, client]) each.close();
      });

      it('a name of digits is a name, not an id', async () => {
        const root = await connectAsRoot(generation);
        const password = `password-${crypto.randomUUID()}`;
        const username = generation === 'classic' ? '000' : '0000';
        const user = await root.call(createUser, {
          username,
          password,
          status: UserStatus.active,
          permissions: undefined,
          options: noOptions,
        });
        const client = await connect(generation);
        assert.equal(await client.login(username, password), user?.id);
        await assert.rejects(client.login('0', 'iggy'), refusal(generation, 43));
        await client.login(username, password);
        const token = await client.call(createPersonalAccessToken, { name: 'token', expiry: 0n });
        const other = await connect(generation);
        assert.equal(await other.loginWithToken(token?.token as string), user?.id);
        for (const each of [root, client, other]) each.close();
      });

      it('a token logs its owner in, on every connection of either generation', async () => {
        const root = await connectAsRoot(generation);
        const user = await createTestUser(root);
        const owner = await connect(generation);
        await owner.login(user.username, user.password);
        const token = (await owner.call(createPersonalAccessToken, { name: 'everywhere', expiry: 0n }))?.token as string;
        for (const other of generations) {
          const client = await connect(other);
          assert.equal(await client.loginWithToken(token), user.id);
          assert.deepEqual(await client.call(getPersonalAccessTokens, undefined), [{ name: 'everywhere', expiryAt: 0n }]);
          client.close();
        }
        for (const each of [root, owner]) each.close();
      });

      it('names of tokens have 3 to 30 bytes and are unique for their owner', async () => {
        const root = await connectAsRoot(generation);
        const [user, other] = [await createTestUser(root), await createTestUser(root)];
        const client = await connect(generation);
        await client.login(user.username, user.password);
        const create = (name: string) => client.call(createPersonalAccessToken, { name, expiry: 0n });
        await assert.rejects(create('ab'), { status: 50 });
        await create('abc');
        await create('n'.repeat(30));
        await assert.rejects(create('n'.repeat(31)), { status: 50 });
        await assert.rejects(create('ü'.repeat(16)), { status: 50 });
        await assert.rejects(create('abc'), { status: 51 });
        await client.login(other.username, other.password);
        await create('abc');
        for (const each of [root, client]) each.close();
      });

      it('the 101st token is refused, and a deleted one makes room', async () => {
        const root = await connectAsRoot(generation);
        const user = await createTestUser(root);
        const client = await connect(generation);
        await client.login(user.username, user.password);
        for (let index = 0; index < 100; index++) await client.call(createPersonalAccessToken, { name: `token-${index}`, expiry: 0n });
        await assert.rejects(client.call(createPersonalAccessToken, { name: 'token-0', expiry: 0n }), { status: 52 });
        await client.call(deletePersonalAccessToken, { name: 'token-50' });
        await client.call(createPersonalAccessToken, { name: 'one more', expiry: 0n });
        assert.equal((await client.call(getPersonalAccessTokens, undefined))?.length, 100);
        for (const each of [root, client]) each.close();
      });

      it('a deleted, unknown or foreign token does not log in; a session that was opened with it lives on', async () => {
        const root = await connectAsRoot(generation);
        const user = await createTestUser(root);
        const owner = await connect(generation);
        await owner.login(user.username, user.password);
        const token = (await owner.call(createPersonalAccessToken, { name: 'token', expiry: 0n }))?.token as string;
        const session = await connect(generation);
        await session.loginWithToken(token);
        await assert.rejects(root.call(deletePersonalAccessToken, { name: 'token' }), { status: 20 });
        await owner.call(deletePersonalAccessToken, { name: 'token' });
        await assert.rejects(owner.call(deletePersonalAccessToken, { name: 'token' }), { status: 20 });
        assert.equal((await session.call(getMe, undefined))?.userId, user.id);
        const client = await connect(generation);
        for (const text of [token, 'x', '🔑🔑', 't'.repeat(255)]) {
          await assert.rejects(client.loginWithToken(text), refusal(generation, 20, EvictionReason.invalidToken));
        }
        for (const each of [root, owner, session, client]) each.close();
      });

      it('a token of an inactive user is refused as such', async () => {
        const root = await connectAsRoot(generation);
        const user = await createTestUser(root);
        const client = await connect(generation);
        await client.login(user.username, user.password);
        const token = (await client.call(createPersonalAccessToken, { name: 'token', expiry: 0n }))?.token as string;
        await root.call(updateUser, { user: user.id, username: undefined, status: UserStatus.inactive, options: noOptions });
        const other = await connect(generation);
        await assert.rejects(other.loginWithToken(token), refusal(generation, 47, EvictionReason.userInactive));
        assert.equal((await client.call(getMe, undefined))?.userId, user.id, 'open sessions stay');
        for (const each of [root, client, other]) each.close();
      });

      it('a token stops working at its expiry; 0 and the greatest number never come, nor what is beyond 64 bits', async () => {
        const root = await connectAsRoot(generation);
        const user = await createTestUser(root);
        const client = await connect(generation);
        await client.login(user.username, user.password);
        const create = async (name: string, expiry: bigint) =>
          (await client.call(createPersonalAccessToken, { name, expiry }))?.token as string;
        const short = await create('short', 50_000n);
        const unending = [await create('zero', 0n), await create('max', never), await create('beyond', never - 1n)];
        await new Promise((resolve) => setTimeout(resolve, 80));
        const other = await connect(generation);
        await assert.rejects(other.loginWithToken(short), refusal(generation, 54, EvictionReason.invalidToken));
        for (const token of unending) assert.equal(await other.loginWithToken(token), user.id);
        const listed = new Map((await client.call(getPersonalAccessTokens, undefined))?.map(({ name, expiryAt }) => [name, expiryAt]));
        assert.deepEqual([...listed.keys()], ['beyond', 'max', 'short', 'zero'], 'expired ones are listed until they are cleaned');
        for (const name of ['zero', 'max', 'beyond']) assert.equal(listed.get(name), 0n);
        assert.ok(Math.abs(Number(listed.get('short')) / 1000 - Date.now()) < 60_000, 'the expiry is a time, in microseconds');
        for (const each of [root, client, other]) each.close();
      });
    });
  }

  it('classic: a login on a connection that is logged in replaces the identity and keeps the groups; a refused one changes nothing', async () => {
    const root = await connectAsRoot('classic');
    const user = await createTestUser(root);
    const client = await connectAsRoot('classic');
    const name = await createTestTopic(client);
    await client.call(createConsumerGroup, { ...name, name: 'group' });
    await client.call(joinConsumerGroup, { ...name, group: 'group' });
    await assert.rejects(client.login(user.username, 'wrong password'), { status: 42 });
    assert.equal((await client.call(getMe, undefined))?.userId, 0);
    await client.login(user.username, user.password);
    const me = await client.call(getMe, undefined);
    assert.equal(me?.userId, user.id);
    assert.equal(me?.groups.length, 1);
    for (const each of [root, client]) each.close();
  });

  describe('VSR', () => {
    const version = () => new Writer().u32(11264).shortText('test').shortText('1').written;

    it('a login that fits no form, or lacks the version, is malformed', async () => {
      const client = await connect('vsr');
      for (const body of [version(), Buffer.concat([version(), Buffer.from([5, 0x61])]), Buffer.from([0, 0x2c])]) {
        assert.equal((await client.vsr(1, body, { request: 0n })).eviction, EvictionReason.malformedLogin);
      }
      assert.equal(await client.login(), 0);
      client.close();
    });

    it('a version outside the window is told before anything else', async () => {
      const client = await connect('vsr');
      const body = new Writer().u32(12290).shortText('test').shortText('1').written;
      assert.equal((await client.vsr(1, body, { request: 0n })).eviction, EvictionReason.incompatibleProtocol);
      client.close();
    });

    it('session numbers rise over all logins', async () => {
      const [first, second] = [await connectAsRoot('vsr'), await connectAsRoot('vsr')];
      assert.ok(first.session > 0n);
      assert.ok(second.session > first.session);
      const before = second.session;
      await first.login();
      assert.ok(first.session > before);
      for (const each of [first, second]) each.close();
    });

    it('a client id goes over to a new connection of its user, and not to another user', async () => {
      const root = await connectAsRoot('vsr');
      const user = await createTestUser(root);
      const [old, heir, thief] = [await connect('vsr'), await connect('vsr'), await connect('vsr')];
      await old.login('iggy', 'iggy', 77n);
      await assert.rejects(thief.login(user.username, user.password, 77n), { eviction: EvictionReason.sessionError });
      await old.call(getStreams, undefined);
      await heir.login('iggy', 'iggy', 77n);
      await heir.call(getStreams, undefined);
      await assert.rejects(old.call(getStreams, undefined), { status: 40 });
      for (const each of [root, old, heir, thief]) each.close();
    });

    it('a repeated request for a token is not given the token again', async () => {
      const root = await connectAsRoot('vsr');
      const user = await createTestUser(root);
      const client = await connect('vsr');
      await client.login(user.username, user.password);
      const body = new Writer().shortText('once').u64(0n).written;
      const first = await client.vsr(146, body, { request: 5n });
      assert.equal(first.body.readUInt32LE(0), 0);
      const again = await client.vsr(146, body, { request: 5n });
      assert.deepEqual([again.request, again.body.readUInt32LE(0), again.body.readUInt32LE(8)], [5n, 1, 51]);
      assert.equal((await client.call(getPersonalAccessTokens, undefined))?.length, 1);
      for (const each of [root, client]) each.close();
    });
  });
});
