// Connections that change threads all the time, whatever they are doing: nothing is lost, repeated or answered out of order.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Generation } from '../../src/protocol/command.ts';
import { createStream } from '../../src/protocol/commands/create-stream.ts';
import { deleteStream } from '../../src/protocol/commands/delete-stream.ts';
import { deleteUser } from '../../src/protocol/commands/delete-user.ts';
import { getClients } from '../../src/protocol/commands/get-clients.ts';
import { getMe } from '../../src/protocol/commands/get-me.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import { PollingKind } from '../../src/protocol/primitives/polling-strategy.ts';
import { clientMoves, movesToldOf } from '../support/client-moves.ts';
import { assertMessages, createTestTopic, generations, poll, send, testMessage } from '../support/messages.ts';
import { RawClient } from '../support/raw-client.ts';
import { eventually, refused } from '../support/server-suite.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { createTestUser } from '../support/users.ts';

const environment = clientMoves(3, 'any');
const unauthenticated = 40;

describe('connections that change threads', () => {
  const folder = temporaryFolder();
  const clients: RawClient[] = [];
  let server: ServerProcess;

  before(async () => {
    server = await startServerProcess(folder.path, environment);
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  after(async () => {
    await server.kill();
    folder.remove();
  });
  const connect = async (generation: Generation): Promise<RawClient> => {
    const client = await RawClient.connect(server.address, generation);
    clients.push(client);
    return client;
  };
  const loginAs = async (generation: Generation): Promise<RawClient> => {
    const client = await connect(generation);
    await client.login();
    return client;
  };

  for (const generation of generations) {
    const login = () => loginAs(generation);

    it(`${generation}: store what was sent, once and in order, while requests are under way, large and small`, async () => {
      const client = await login();
      const name = await createTestTopic(client);
      const movedBefore = movesToldOf(server.output());
      let sent = 0;
      for (let round = 0; round < 30; round++) {
        const length = 1 + (round % 16);
        const messages = Array.from({ length }, (_, index) => testMessage(sent + index, index % 7 === 3 ? 100_000 : 100));
        await Promise.all(messages.map((message) => send(client, name, [message])));
        for (let at = 0; at < length; ) {
          const { messages: found } = await poll(client, name, { strategy: { kind: PollingKind.offset, value: BigInt(sent + at) } });
          assertMessages(found, messages.slice(at, at + found.length), BigInt(sent + at));
          assert.ok(found.length > 0);
          at += found.length;
        }
        sent += length;
      }
      await eventually('it moved meanwhile', () => movesToldOf(server.output()) > movedBefore);
    });

    it(`${generation}: keep their number, their login and their place in what is counted`, async () => {
      const own = await Promise.all(Array.from({ length: 5 }, login));
      const before = await Promise.all(own.map((client) => client.call(getMe, undefined)));
      for (let round = 0; round < 15; round++) {
        await own[round % 5]?.call(createStream, { name: `moving-${round}`, options: noOptions });
        const now = await Promise.all(own.map((client) => client.call(getMe, undefined)));
        assert.deepEqual(
          now.map((me) => [me?.clientId, me?.address, me?.userId]),
          before.map((me) => [me?.clientId, me?.address, me?.userId]),
        );
        await own[(round + 1) % 5]?.call(deleteStream, { stream: `moving-${round}` });
      }
      await eventually('those there are are listed', async () => (await own[0]?.call(getClients, undefined))?.length === own.length);
    });

    it(`${generation}: end with their peer, also when it goes in the middle of a move`, async () => {
      const stays = await login();
      const name = await createTestTopic(stays);
      for (let round = 0; round < 5; round++) {
        const some = await Promise.all(Array.from({ length: 5 }, login));
        for (const client of some) send(client, name, [testMessage(0)]).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, round % 5));
        for (const client of some) client.close();
      }
      await eventually('they are gone', async () => (await stays.call(getClients, undefined))?.length === 1);
    });

    it(`${generation}: are logged in no longer when their user is deleted`, async () => {
      const root = await login();
      const name = await createTestTopic(root);
      for (let round = 0; round < 3; round++) {
        const user = await createTestUser(root, { global: ['sendMessages'] });
        const client = await connect(generation);
        await client.login(user.username, user.password);
        await send(client, name, [testMessage(round)]);
        await root.call(deleteUser, { user: user.id });
        await refused(send(client, name, [testMessage(round)]), unauthenticated, 0);
      }
    });
  }

  it('end with the server', async () => {
    const some = await Promise.all([...generations, ...generations].map(loginAs));
    const name = await createTestTopic(some[0] as RawClient);
    let acknowledged = 0;
    const sending = some.map(async (client) => {
      for (;;) {
        await send(client, name, [testMessage(0)]);
        acknowledged++;
      }
    });
    for (const one of sending) one.catch(() => undefined);
    await eventually('some are acknowledged', () => acknowledged > 200);
    assert.equal(await server.stop(), 0, server.output());
    await Promise.all(sending.map((one) => assert.rejects(one)));

    server = await startServerProcess(folder.path);
    const { currentOffset } = await poll(await loginAs('vsr'), name);
    assert.ok(Number(currentOffset) + 1 >= acknowledged && Number(currentOffset) < acknowledged + some.length);
  });
});
