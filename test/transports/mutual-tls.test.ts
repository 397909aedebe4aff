import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type tls from 'node:tls';
import type { Generation } from '../../src/protocol/command.ts';
import { getMe } from '../../src/protocol/commands/get-me.ts';
import { logoutUser } from '../../src/protocol/commands/logout-user.ts';
import { updateUser } from '../../src/protocol/commands/update-user.ts';
import { UserStatus } from '../../src/protocol/primitives/enumerations.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import { usernameOf } from '../../src/transports/client-certificates.ts';
import { createAuthority, type PemPair, type TestAuthority } from '../support/certificates.ts';
import { createTestTopic, generations, poll, send, testMessages } from '../support/messages.ts';
import { QuicTestClient } from '../support/quic-client.ts';
import { RawClient, StatusError } from '../support/raw-client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { connectWebSocket } from '../support/transports.ts';
import { createTestUser, type TestUser } from '../support/users.ts';

const isStatus = (status: number) => (error: unknown) => error instanceof StatusError && error.status === status;

for (const transport of ['TLS', 'secure WebSocket', 'QUIC'] as const) {
  describe(`client certificates over ${transport}`, () => {
    const folder = temporaryFolder();
    const section = { TLS: 'TCP_TLS', 'secure WebSocket': 'WEBSOCKET_TLS', QUIC: 'QUIC_CERTIFICATE' }[transport];
    let authority: TestAuthority;
    let required: ServerProcess;
    let optional: ServerProcess;
    let user: TestUser;
    let certified: PemPair;

    const start = (mode: 'required' | 'optional') =>
      startServerProcess(path.join(folder.path, mode), {
        ...(transport === 'QUIC' ? {} : { [`GALGO_${section}_ENABLED`]: 'true' }),
        [`GALGO_${section}_CERT_FILE`]: path.join(folder.path, 'cert.pem'),
        [`GALGO_${section}_KEY_FILE`]: path.join(folder.path, 'key.pem'),
        [`GALGO_${section}_CLIENT_CERTIFICATES`]: mode,
        [`GALGO_${section}_CLIENT_CA_FILE`]: path.join(folder.path, 'ca.pem'),
        GALGO_CERTIFICATE_USERS_PATTERN: 'app:(.+)',
      });

    const connect = async (server: ServerProcess, generation: Generation, pair: PemPair | undefined) => {
      if (transport === 'QUIC') return (await QuicTestClient.connect(server.quicAddress, pair ? { identity: pair } : {})).raw(generation);
      const options: tls.ConnectionOptions = {
        ca: authority.certificate,
        servername: 'localhost',
        ...(pair && { cert: pair.certificate, key: pair.key }),
      };
      return transport === 'TLS'
        ? RawClient.connect(server.address, generation, { tls: options })
        : connectWebSocket(server.websocketAddress, generation, options);
    };
    /** Connects and asks something, since in TLS 1.3 a client learns of its refusal late. */
    const serves = async (server: ServerProcess, pair: PemPair | undefined) => {
      const client = await connect(server, 'classic', pair);
      assert.equal((await client.classic(1, Buffer.alloc(0))).status, 0);
      client.close();
    };

    before(async () => {
      authority = await createAuthority();
      const own = await authority.issue('server');
      writeFileSync(path.join(folder.path, 'cert.pem'), own.certificate);
      writeFileSync(path.join(folder.path, 'key.pem'), own.key);
      writeFileSync(path.join(folder.path, 'ca.pem'), authority.certificate);
      required = await start('required');
      optional = await start('optional');
      const root = await connect(required, 'classic', await authority.issue('an operator'));
      await root.login();
      user = await createTestUser(root, { global: ['manageStreams', 'manageTopics', 'sendMessages', 'pollMessages'] });
      root.close();
      certified = await authority.issue(`app:${user.username}`);
    });

    after(async () => {
      assert.equal(await required.stop(), 0, required.output());
      assert.equal(await optional.stop(), 0, optional.output());
      folder.remove();
    });

    it('required: none, a stranger’s and an expired one are refused', async () => {
      const stranger = await (await createAuthority()).issue(`app:${user.username}`);
      await assert.rejects(serves(required, undefined));
      await assert.rejects(serves(required, stranger));
      await assert.rejects(serves(required, await authority.issue('late', { validMs: -60_000 })));
      await serves(required, await authority.issue('nobody'));
    });

    it('optional: none is served, one that does not verify is refused', async () => {
      await serves(optional, undefined);
      await serves(optional, await authority.issue('nobody'));
      await assert.rejects(serves(optional, await (await createAuthority()).issue('nobody')));
    });

    for (const generation of generations) {
      it(`${generation}: a certificate that stands for a user is a login`, async () => {
        const client = await connect(required, generation, certified);
        assert.equal((await client.call(getMe, undefined))?.userId, user.id);
        // What changes something belongs to a session, which only Register makes.
        if (generation === 'vsr') await client.login(user.username, '');
        const name = await createTestTopic(client);
        await send(client, name, testMessages(0, 3));
        assert.equal((await poll(client, name)).messages.length, 3);
        client.close();
      });

      it(`${generation}: a login under the name of the certificate needs no password, one under another name does`, async () => {
        const client = await connect(required, generation, certified);
        assert.equal(await client.login(user.username, ''), user.id);
        await assert.rejects(client.login('iggy', 'wrong'), StatusError);
        await assert.rejects(client.login('iggy', ''), StatusError);
        assert.equal(await client.login(), 0);
        await client.call(logoutUser, undefined);
        await assert.rejects(client.call(getMe, undefined), StatusError);
        assert.equal(await client.login(user.username, 'anything'), user.id);
        client.close();
      });

      it(`${generation}: a certificate of no user leaves the connection to log in by password`, async () => {
        for (const commonName of [user.username, 'app:nobody', 'app:', `app:${user.username}\n`]) {
          const client = await connect(required, generation, await authority.issue(commonName));
          await assert.rejects(client.call(getMe, undefined), isStatus(40));
          await assert.rejects(client.login(user.username, ''), StatusError);
          assert.equal(await client.login(user.username, user.password), user.id);
          client.close();
        }
      });
    }

    if (transport === 'QUIC') {
      it('a session that is resumed stands for the same user', async () => {
        const first = await QuicTestClient.connect(required.quicAddress, { identity: certified });
        assert.equal((await first.raw('classic').call(getMe, undefined))?.userId, user.id);
        const session = first.native.session();
        assert.ok(session, 'the server gave a ticket');
        first.close();
        const second = await QuicTestClient.connect(required.quicAddress, { identity: certified, session });
        assert.equal(second.native.isResumed(), true);
        assert.equal((await second.raw('classic').call(getMe, undefined))?.userId, user.id);
        second.close();
      });
    }

    it('a user who was deactivated is not logged in', async () => {
      const root = await connect(required, 'classic', certified);
      await root.login();
      await root.call(updateUser, { user: user.id, username: undefined, status: UserStatus.inactive, options: noOptions });
      const client = await connect(required, 'classic', certified);
      await assert.rejects(client.call(getMe, undefined), isStatus(40));
      await assert.rejects(client.login(user.username, 'anything'), isStatus(47));
      await root.call(updateUser, { user: user.id, username: undefined, status: UserStatus.active, options: noOptions });
      client.close();
      root.close();
    });
  });
}

describe('the name in a certificate', () => {
  it('is read from where the settings say, whole, and told apart from text that looks like one', async () => {
    const { certificate } = await (await createAuthority()).issue('alice', {
      names: [
        { type: 1, value: 'carol@example' },
        { type: 6, value: 'spiffe://x/dave, URI:spiffe://x/root' },
        { type: 2, value: 'bob.example' },
      ],
    });
    const x509 = new X509Certificate(certificate);
    const read = (name: 'common_name' | 'dns' | 'email' | 'uri', pattern: RegExp) => usernameOf(x509, { name, pattern });
    assert.equal(read('common_name', /^(?:(.+))$/u), 'alice');
    assert.equal(read('common_name', /^(?:(bob))$/u), undefined);
    assert.equal(read('dns', /^(?:(.+)\.example)$/u), 'bob');
    assert.equal(read('email', /^(?:(.+)@example)$/u), 'carol');
    assert.equal(read('uri', /^(?:spiffe:\/\/x\/(\w+))$/u), undefined);
    assert.equal(read('uri', /^(?:spiffe:\/\/x\/(.+))$/u), 'dave, URI:spiffe://x/root');
    // localhost and bob.example: two users are none.
    assert.equal(read('dns', /^(?:(.+))$/u), undefined);
  });
});
