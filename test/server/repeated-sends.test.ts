// VSR sends whose number comes again: on the wire, without the SDK.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { encodeBatch } from '../../src/protocol/batch/vsr-batch.ts';
import { createUser } from '../../src/protocol/commands/create-user.ts';
import { deletePartitions } from '../../src/protocol/commands/delete-partitions.ts';
import { deleteTopic } from '../../src/protocol/commands/delete-topic.ts';
import { logoutUser } from '../../src/protocol/commands/logout-user.ts';
import { sendMessages } from '../../src/protocol/commands/send-messages.ts';
import { Operation } from '../../src/protocol/operations.ts';
import { noOptions } from '../../src/protocol/primitives/options.ts';
import type { Partitioning } from '../../src/protocol/primitives/partitioning.ts';
import { formatTypedValue } from '../../src/protocol/primitives/typed-value.ts';
import { Writer } from '../../src/protocol/writer.ts';
import { everyPermission } from '../../src/streaming/permissions.ts';
import { xxh3 } from '../protocol/support/xxh3.ts';
import { createTestTopic, poll, send, type TopicName, testMessages } from '../support/messages.ts';
import type { RawClient, RawReply } from '../support/raw-client.ts';
import { serverSuite } from '../support/server-suite.ts';

const partition0: Partitioning = { kind: 'partition', partition: 0 };
const alreadyApplied = 59;
const notAccepted = 58;

function sendBody(name: TopicName, first: number, count = 1, partitioning = partition0): Buffer {
  const writer = new Writer();
  sendMessages.encodeRequest(writer, { ...name, partitioning, count, batch: encodeBatch(testMessages(first, count), xxh3) }, 'vsr');
  return writer.written;
}

/** A send under a number of its own. */
function sendAs(
  client: RawClient,
  request: bigint,
  name: TopicName,
  first = Number(request),
  partitioning = partition0,
): Promise<RawReply> {
  return client.vsr(Operation.sendMessages, sendBody(name, first, 1, partitioning), { request });
}

function offsetOf(reply: RawReply): bigint {
  assert.equal(reply.status, 0);
  assert.equal(reply.body.length, 24);
  return reply.body.readBigUInt64LE(16);
}

function partitionOf(reply: RawReply): number {
  return reply.body.readUInt32LE(12);
}

const groupDurability = new Map([['galgo.durability', formatTypedValue({ kind: 'string', value: 'group' })]]);

serverSuite('repeated sends', {}, (suite) => {
  it('get the first answer again and are not stored again', async () => {
    const client = await suite.login('vsr');
    const name = await createTestTopic(client);
    await send(client, name, testMessages(100, 3));
    const first = await sendAs(client, 1001n, name);
    const second = await sendAs(client, 1002n, name);
    assert.deepEqual([offsetOf(first), offsetOf(second)], [3n, 4n]);
    assert.deepEqual(await sendAs(client, 1001n, name), first);
    assert.deepEqual(await sendAs(client, 1002n, name), second);
    assert.equal((await poll(client, name)).messages.length, 5);
  });

  it('are refused below the window of 1024 numbers, and stored where they come late within it', async () => {
    const client = await suite.login('vsr');
    const name = await createTestTopic(client);
    await sendAs(client, 10n, name);
    await sendAs(client, 2000n, name);
    for (const request of [10n, 976n]) assert.equal((await sendAs(client, request, name)).status, alreadyApplied);
    assert.equal(offsetOf(await sendAs(client, 977n, name)), 2n);
    assert.equal((await poll(client, name)).messages.length, 3);
  });

  it('of a request that is still under way share its answer', async () => {
    const client = await suite.login('vsr');
    const name = await createTestTopic(client, 1, groupDurability);
    const replies = Array.from({ length: 60 }, () => client.next());
    const frames: Buffer[] = [];
    for (let request = 1n; request <= 20n; request++) {
      for (let copy = 0; copy < 3; copy++)
        frames.push(client.vsrFrame(Operation.sendMessages, sendBody(name, Number(request)), { request: 5000n + request }));
    }
    client.socket.write(Buffer.concat(frames));
    const offsets = new Map<bigint, Set<bigint>>();
    for (const reply of await Promise.all(replies)) {
      const known = offsets.get(reply.request as bigint) ?? new Set();
      offsets.set(reply.request as bigint, known.add(offsetOf(reply)));
    }
    assert.equal(offsets.size, 20);
    for (const [request, seen] of offsets) assert.deepEqual([...seen], [request - 5001n]);
    assert.equal((await poll(client, name)).messages.length, 20);
  });

  it('that fail may be tried again under their number', async () => {
    const client = await suite.login('vsr');
    const name = await createTestTopic(client);
    const body = sendBody(name, 1);
    body[body.length - 1] = (body.at(-1) as number) ^ 1;
    assert.notEqual((await client.vsr(Operation.sendMessages, body, { request: 1001n })).status, 0);
    assert.equal(offsetOf(await sendAs(client, 1001n, name)), 0n);
  });

  it('are known by whichever partition the server chose', async () => {
    const client = await suite.login('vsr');
    const name = await createTestTopic(client, 4);
    const balanced: Partitioning = { kind: 'balanced' };
    const first = await sendAs(client, 1001n, name, 1, balanced);
    const second = await sendAs(client, 1002n, name, 2, balanced);
    assert.notEqual(partitionOf(first), partitionOf(second));
    assert.deepEqual(await sendAs(client, 1001n, name, 1, balanced), first);
    assert.notEqual(partitionOf(await sendAs(client, 1003n, name, 3, balanced)), partitionOf(second), 'the turn did not move on');
    const last = await sendAs(client, 1004n, name, 4, { kind: 'partition', partition: 3 });
    await client.call(deletePartitions, { ...name, partitionsCount: 1 });
    assert.deepEqual(await sendAs(client, 1004n, name, 4, { kind: 'partition', partition: 3 }), last, 'it was stored');
  });

  it('under the number of a send to another topic are refused', async () => {
    const client = await suite.login('vsr');
    const [one, other] = [await createTestTopic(client), await createTestTopic(client)];
    await sendAs(client, 1001n, one);
    assert.equal((await sendAs(client, 1001n, other)).status, alreadyApplied);
    await client.call(deleteTopic, one);
    assert.equal((await sendAs(client, 1001n, one)).status, 20);
  });

  it('are known on another connection, and to nobody else', async () => {
    const admin = await suite.login('vsr');
    const name = await createTestTopic(admin);
    await admin.call(createUser, { username: 'other', password: 'password', status: 1, permissions: everyPermission, options: noOptions });
    const login = async (clientId: bigint, username = 'iggy', password = 'iggy') => {
      const client = await suite.connect('vsr');
      await client.login(username, password, clientId);
      return client;
    };
    const first = await login(77n);
    const answer = await sendAs(first, 1001n, name);
    // The former connection may still be open: its login ends.
    assert.deepEqual(await sendAs(await login(77n), 1001n, name), answer);
    assert.notEqual((await sendAs(first, 1001n, name)).eviction, undefined);
    assert.equal(offsetOf(await sendAs(await login(78n), 1001n, name)), 1n);
    const again = await login(77n);
    again.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(offsetOf(await sendAs(await login(77n, 'other', 'password'), 1001n, name)), 2n);
  });

  it('are new after a logout', async () => {
    const name = await createTestTopic(await suite.login('vsr'));
    const client = await suite.connect('vsr');
    await client.login('iggy', 'iggy', 79n);
    await sendAs(client, 1n, name);
    await client.call(logoutUser, undefined);
    await client.login('iggy', 'iggy', 79n);
    assert.equal(offsetOf(await sendAs(client, 1n, name)), 1n);
  });

  it('cannot be sent in the name of another client', async () => {
    const name = await createTestTopic(await suite.login('vsr'));
    const victim = await suite.connect('vsr');
    await victim.login('iggy', 'iggy', 81n);
    const attacker = await suite.connect('vsr');
    await attacker.login('iggy', 'iggy', 82n);
    const forged = await attacker.vsr(Operation.sendMessages, sendBody(name, 1), { request: 1001n, clientId: 81n });
    assert.equal(offsetOf(forged), 0n);
    victim.close();
    await suite.restart('kill');
    const back = await suite.connect('vsr');
    await back.login('iggy', 'iggy', 81n);
    assert.equal(offsetOf(await sendAs(back, 1001n, name)), 1n);
  });

  it('with a number that is not exact as a double are refused', async () => {
    const client = await suite.login('vsr');
    const name = await createTestTopic(client);
    assert.equal(offsetOf(await sendAs(client, 2n ** 53n - 1n, name, 1)), 0n);
    assert.equal((await sendAs(client, 2n ** 53n, name, 1)).status, 3);
  });

  for (const how of ['stop', 'kill'] as const) {
    it(`are known after a ${how} of the server, also where they were spread over partitions and segments`, async () => {
      const options = new Map([['segment_size', formatTypedValue({ kind: 'uint64', value: 1024n * 1024n })]]);
      const admin = await suite.login('vsr');
      const name = await createTestTopic(admin, 3, options);
      const clientId = how === 'stop' ? 90n : 91n;
      const client = await suite.connect('vsr');
      await client.login('iggy', 'iggy', clientId);
      const answers = new Map<bigint, RawReply>();
      const large = (request: bigint) => {
        const writer = new Writer();
        const partitioning = { kind: 'partition', partition: Number(request % 3n) } as const;
        const batch = encodeBatch(testMessages(Number(request), 2, request % 5n === 0n ? 400_000 : 20), xxh3);
        sendMessages.encodeRequest(writer, { ...name, partitioning, count: 2, batch }, 'vsr');
        return client.vsr(Operation.sendMessages, writer.written, { request });
      };
      for (let request = 1001n; request <= 1030n; request++) answers.set(request, await large(request));
      await sendAs(admin, 4000n, name);
      client.close();
      await suite.restart(how);
      const back = await suite.connect('vsr');
      await back.login('iggy', 'iggy', clientId);
      for (const [request, answer] of answers) assert.deepEqual(await sendAs(back, request, name), answer, `request ${request}`);
      assert.deepEqual(offsetOf(await sendAs(back, 1031n, name)), 21n, 'ten sends of two messages, and the one of the other client');
      assert.equal((await sendAs(back, 1031n - 1024n, name)).status, alreadyApplied);
    });
  }
});

serverSuite('the limit of sends that are remembered', { LIMITS_REMEMBERED_SENDS_MAX: '128' }, (suite) => {
  it('drops clients that are gone, then narrows windows, then refuses for the time being', async () => {
    const name = await createTestTopic(await suite.login('classic'));
    const login = async (clientId: bigint) => {
      const client = await suite.connect('vsr');
      await client.login('iggy', 'iggy', clientId);
      return client;
    };
    const gone = await login(1n);
    await sendAs(gone, 1n, name);
    gone.close();
    const [one, two, three] = [await login(2n), await login(3n), await login(4n)];
    assert.equal(offsetOf(await sendAs(one, 1n, name)), 1n);
    assert.equal(offsetOf(await sendAs(two, 1n, name)), 2n);
    for (let request = 2n; request <= 65n; request++) await sendAs(one, request, name);
    assert.equal((await sendAs(one, 1n, name)).status, alreadyApplied);
    assert.equal(offsetOf(await sendAs(one, 2n, name)), 3n);
    assert.equal((await sendAs(three, 1n, name)).status, notAccepted);
    two.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(offsetOf(await sendAs(three, 1n, name)), 67n);
    assert.equal((await sendAs(await login(1n), 1n, name)).status, notAccepted, 'it was forgotten, and there is no room');
  });
});
