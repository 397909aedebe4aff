import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createConsumerGroup } from '../../src/protocol/commands/create-consumer-group.ts';
import { createPartitions } from '../../src/protocol/commands/create-partitions.ts';
import { deleteConsumerGroup } from '../../src/protocol/commands/delete-consumer-group.ts';
import { deleteConsumerOffset } from '../../src/protocol/commands/delete-consumer-offset.ts';
import { deletePartitions } from '../../src/protocol/commands/delete-partitions.ts';
import { getConsumerGroup } from '../../src/protocol/commands/get-consumer-group.ts';
import { getMe } from '../../src/protocol/commands/get-me.ts';
import { getTopic } from '../../src/protocol/commands/get-topic.ts';
import { leaveConsumerGroup } from '../../src/protocol/commands/leave-consumer-group.ts';
import { purgeTopic } from '../../src/protocol/commands/purge-topic.ts';
import { syncConsumerGroup } from '../../src/protocol/commands/sync-consumer-group.ts';
import { assignments, commit, createTestGroup, fill, groupConsumer, join, pollAsMember } from '../support/groups.ts';
import { generations, poll, send, testMessages } from '../support/messages.ts';
import type { RawClient } from '../support/raw-client.ts';
import { eventually, refused, serverSuite } from '../support/server-suite.ts';

const resyncPartition = 0xffff_ffff;
const sizes = (members: number[][]): number[] => members.map((partitions) => partitions.length);

for (const generation of generations) {
  const settings = { CONSUMER_GROUP_REBALANCING_TIMEOUT: '3 s' };
  serverSuite(`${generation}: consumer groups`, settings, (suite) => {
    const members = (count: number): Promise<RawClient[]> => Promise.all(Array.from({ length: count }, () => suite.login(generation)));

    it('create, join, get_me, leave', async () => {
      const client = await suite.login(generation);
      const name = await createTestGroup(client, 3);
      assert.deepEqual(await client.call(getConsumerGroup, name), {
        id: 0,
        partitionsCount: 3,
        membersCount: 0,
        name: 'group',
        members: [],
      });
      await join(client, name);
      assert.deepEqual(await assignments(client, name), [[0, 1, 2]]);
      const topicId = (await client.call(getTopic, name))?.id;
      const groups = (await client.call(getMe, undefined))?.groups ?? [];
      assert.deepEqual(
        groups.map(({ topicId, groupId }) => [topicId, groupId]),
        [[topicId, 0]],
      );
      await client.call(leaveConsumerGroup, name);
      assert.equal((await client.call(getConsumerGroup, name))?.membersCount, 0);
      assert.deepEqual((await client.call(getMe, undefined))?.groups, []);
    });

    it('who is no member may neither leave nor poll nor commit', async () => {
      const [client, other] = (await members(2)) as [RawClient, RawClient];
      const name = await createTestGroup(client, 1);
      await fill(client, name, 1, 5);
      await join(other, name);
      await refused(client.call(leaveConsumerGroup, name), 5006);
      await refused(commit(client, name, 0, 1n), 5006);
      const request = { consumer: groupConsumer, partition: 0, strategy: { kind: 5 as const, value: 0n } };
      if (generation === 'classic') await refused(poll(client, name, request), 5006);
      else {
        assert.equal((await poll(client, name, request)).partition, resyncPartition);
        assert.equal(await client.call(syncConsumerGroup, name), undefined);
      }
      await refused(poll(client, name, { ...request, consumer: { kind: 2, id: 'unknown' } }), 5000);
      await refused(client.call(leaveConsumerGroup, { ...name, group: 'unknown' }), 5000);
    });

    it('a late commit of a member that left is refused and changes nothing', async () => {
      const [left, stays] = (await members(2)) as [RawClient, RawClient];
      const name = await createTestGroup(left, 1);
      await fill(left, name, 1, 10);
      await join(left, name);
      const polled = await pollAsMember(left, name, { count: 5 });
      await join(stays, name);
      await left.call(leaveConsumerGroup, name);
      await refused(commit(left, name, 0, polled.messages.at(-1)?.offset as bigint), 5006);
      assert.equal((await pollAsMember(stays, name)).messages[0]?.offset, 0n);
    });

    it('one member reads all partitions; three read disjoint ones that add up to all', async () => {
      const clients = (await members(3)) as [RawClient, RawClient, RawClient];
      const name = await createTestGroup(clients[0], 3);
      await fill(clients[0], name, 3, 4);
      await join(clients[0], name);
      const alone = new Set<number>();
      for (let turn = 0; turn < 3; turn++) alone.add((await pollAsMember(clients[0], name, { autoCommit: true })).partition);
      assert.deepEqual([...alone].sort(), [0, 1, 2]);
      for (const client of clients.slice(1)) await join(client, name);
      assert.deepEqual(sizes(await assignments(clients[0], name)), [1, 1, 1]);
      await fill(clients[0], name, 3, 4);
      const seen: number[] = [];
      for (const client of clients) {
        const polled = await pollAsMember(client, name, { autoCommit: true });
        assert.equal(polled.messages.length, 4);
        seen.push(polled.partition);
        assert.equal((await pollAsMember(client, name, { autoCommit: true })).messages.length, 0);
      }
      assert.deepEqual(seen.sort(), [0, 1, 2]);
    });

    it('with keys each member sees those of its own partition alone', async () => {
      const clients = (await members(3)) as [RawClient, RawClient, RawClient];
      const name = await createTestGroup(clients[0], 3);
      for (const client of clients) await join(client, name);
      const memberOfKey = new Map<string, number>();
      for (let index = 0; index < 30; index++) {
        const key = `key-${index % 10}`;
        const message = { id: BigInt(index + 1), payload: Buffer.from(key), headers: undefined, originTimestamp: 1n };
        await send(clients[0], name, [message], { kind: 'key', key: Buffer.from(key) });
      }
      for (const [member, client] of clients.entries()) {
        for (const { payload } of (await pollAsMember(client, name, { autoCommit: true })).messages) {
          const key = Buffer.from(payload).toString();
          assert.equal(memberOfKey.get(key) ?? member, member);
          memberOfKey.set(key, member);
        }
      }
      assert.equal(memberOfKey.size, 10);
    });

    it('joining twice changes nothing', async () => {
      const [first, second] = (await members(2)) as [RawClient, RawClient];
      const name = await createTestGroup(first, 3);
      await join(first, name);
      await join(second, name);
      const before = await assignments(first, name);
      await join(second, name);
      await join(first, name);
      assert.deepEqual(await assignments(first, name), before);
    });

    it('a third member does not take the one partition of each of the others', async () => {
      const clients = (await members(3)) as [RawClient, RawClient, RawClient];
      const name = await createTestGroup(clients[0], 2);
      for (const client of clients) await join(client, name);
      assert.deepEqual(await assignments(clients[0], name), [[0], [1], []]);
      assert.equal((await pollAsMember(clients[2], name)).messages.length, 0);
    });

    it('partitions that were never polled move at once', async () => {
      const three = await members(3);
      const name = await createTestGroup(three[0] as RawClient, 3);
      for (const client of three) await join(client, name);
      assert.deepEqual(sizes(await assignments(three[0] as RawClient, name)), [1, 1, 1]);

      const six = await members(6);
      const wide = await createTestGroup(six[0] as RawClient, 6);
      for (const [index, client] of six.entries()) {
        await join(client, wide);
        const now = sizes(await assignments(six[0] as RawClient, wide));
        assert.ok(
          now.every((size) => size > 0),
          `${index + 1} members: ${now}`,
        );
        assert.equal(
          now.reduce((sum, size) => sum + size),
          6,
        );
      }
      assert.deepEqual(sizes(await assignments(six[0] as RawClient, wide)), [1, 1, 1, 1, 1, 1]);
    });

    it('what was polled and not committed stays, is passed over in turn, and moves with its commit', async () => {
      const [owner, newcomer] = (await members(2)) as [RawClient, RawClient];
      const name = await createTestGroup(owner, 2);
      await fill(owner, name, 2, 5);
      await join(owner, name);
      for (const partition of [0, 1]) await pollAsMember(owner, name, { partition, count: 5 });
      await join(newcomer, name);
      assert.deepEqual(await assignments(owner, name), [[0, 1], []]);
      assert.equal((await pollAsMember(newcomer, name)).messages.length, 0);
      for (let turn = 0; turn < 3; turn++) assert.equal((await pollAsMember(owner, name)).partition, 0, 'partition 1 is passed over');
      await commit(owner, name, 1, 3n);
      assert.deepEqual(await assignments(owner, name), [[0, 1], []], 'one message is left');
      await commit(owner, name, 1, 4n);
      assert.deepEqual(await assignments(owner, name), [[0], [1]]);
      await refused(commit(owner, name, 1, 4n), generation === 'vsr' ? 5009 : 3022);
      await fill(owner, name, 2, 1);
      assert.equal((await pollAsMember(newcomer, name)).messages[0]?.offset, 5n);
    });

    it('what was committed by the poll itself moves at once on a join', async () => {
      const [owner, newcomer] = (await members(2)) as [RawClient, RawClient];
      const name = await createTestGroup(owner, 2);
      await fill(owner, name, 2, 5);
      await join(owner, name);
      for (const partition of [0, 1]) await pollAsMember(owner, name, { partition, autoCommit: true });
      await join(newcomer, name);
      assert.deepEqual(await assignments(owner, name), [[0], [1]]);
    });

    it('an idle owner loses the partition after the time-out, and its successor reads on from the commit', async () => {
      const [owner, newcomer] = (await members(2)) as [RawClient, RawClient];
      const name = await createTestGroup(owner, 2);
      await fill(owner, name, 2, 5);
      await join(owner, name);
      await commit(owner, name, 1, 1n);
      for (const partition of [0, 1]) await pollAsMember(owner, name, { partition });
      await join(newcomer, name);
      const startedAtMs = performance.now();
      await eventually('the transfer', async () => (await assignments(owner, name))[1]?.length === 1, 6_000);
      assert.ok(performance.now() - startedAtMs > 1_500, 'not before its time');
      const polled = await pollAsMember(newcomer, name);
      assert.deepEqual([polled.partition, polled.messages[0]?.offset], [1, 2n]);
    });

    it('an offset that was deleted counts as uncommitted again', async () => {
      const [owner, newcomer] = (await members(2)) as [RawClient, RawClient];
      const name = await createTestGroup(owner, 2);
      await fill(owner, name, 2, 5);
      await join(owner, name);
      for (const partition of [0, 1]) await pollAsMember(owner, name, { partition, autoCommit: true });
      await owner.call(deleteConsumerOffset, { ...name, consumer: groupConsumer, partition: 1 });
      await join(newcomer, name);
      assert.deepEqual(await assignments(owner, name), [[0, 1], []]);
    });

    it('an owner with pending revocations disconnects: the other one owns everything', async () => {
      const [owner, newcomer] = (await members(2)) as [RawClient, RawClient];
      const name = await createTestGroup(owner, 3);
      await fill(owner, name, 3, 5);
      await join(owner, name);
      for (const partition of [0, 1, 2]) await pollAsMember(owner, name, { partition });
      await join(newcomer, name);
      owner.close();
      await eventually('the rebalance', async () => (await assignments(newcomer, name)).length === 1, 2_000);
      assert.deepEqual(await assignments(newcomer, name), [[0, 1, 2]]);
    });

    it('the target of a revocation disconnects: no partition is orphaned, and none falls to who takes its number', async () => {
      const [owner, target, later] = (await members(3)) as [RawClient, RawClient, RawClient];
      const name = await createTestGroup(owner, 2);
      await fill(owner, name, 2, 5);
      await join(owner, name);
      for (const partition of [0, 1]) await pollAsMember(owner, name, { partition });
      await join(target, name);
      target.close();
      await eventually('the rebalance', async () => (await assignments(owner, name)).length === 1, 2_000);
      assert.deepEqual(await assignments(owner, name), [[0, 1]]);
      // The rebalance left both marks in place: the newcomer waits like its predecessor.
      await pollAsMember(owner, name, { partition: 1 });
      await join(later, name);
      await commit(owner, name, 0, 4n);
      assert.deepEqual(await assignments(owner, name), [[0, 1], []], 'a commit of another partition moves nothing');
    });

    it('a member that leaves completes nobody else’s revocation by itself', async () => {
      const clients = (await members(3)) as [RawClient, RawClient, RawClient];
      const [owner, second, third] = clients;
      const name = await createTestGroup(owner, 3);
      await fill(owner, name, 3, 5);
      for (const client of clients) await join(client, name);
      assert.deepEqual(await assignments(owner, name), [[0], [2], [1]]);
      await third.call(leaveConsumerGroup, name);
      const dealt = await assignments(owner, name);
      assert.deepEqual(dealt, [[0, 2], [1]], 'everything is dealt out anew, each partition once');
      assert.equal((await pollAsMember(second, name)).partition, 1);
    });

    it('of many joins at once every partition is assigned exactly once', async () => {
      const clients = await members(8);
      const name = await createTestGroup(clients[0] as RawClient, 5);
      await Promise.all(clients.map((client) => join(client, name)));
      const dealt = await assignments(clients[0] as RawClient, name);
      assert.equal(dealt.length, 8);
      assert.deepEqual(dealt.flat().sort(), [0, 1, 2, 3, 4]);
    });

    it('partitions that come and go are dealt out anew, while members poll and while revocations are pending', async () => {
      const clients = (await members(3)) as [RawClient, RawClient, RawClient];
      const name = await createTestGroup(clients[0], 3);
      await fill(clients[0], name, 3, 50);
      await join(clients[0], name);
      await pollAsMember(clients[0], name, { partition: 2, count: 1 });
      for (const client of clients.slice(1)) await join(client, name);
      let polling = true;
      const polls = clients.map(async (client) => {
        while (polling) await pollAsMember(client, name, { count: 1, autoCommit: true });
      });
      const spread = async (each: number) => {
        const now = await assignments(clients[0], name);
        assert.deepEqual(sizes(now), [each, each, each]);
        assert.equal(new Set(now.flat()).size, 3 * each);
      };
      await clients[0].call(createPartitions, { ...name, partitionsCount: 3 });
      await spread(2);
      await clients[0].call(deletePartitions, { ...name, partitionsCount: 3 });
      await spread(1);
      polling = false;
      await Promise.all(polls);
    });

    it('a purge takes offsets and marks, and members read from the start', async () => {
      const [owner, newcomer] = (await members(2)) as [RawClient, RawClient];
      const name = await createTestGroup(owner, 2);
      await fill(owner, name, 2, 5);
      await join(owner, name);
      for (const partition of [0, 1]) await pollAsMember(owner, name, { partition });
      await join(newcomer, name);
      assert.deepEqual(await assignments(owner, name), [[0, 1], []]);
      await owner.call(purgeTopic, name);
      assert.deepEqual(await assignments(owner, name), [[0], [1]], 'nothing is left to commit');
      await fill(owner, name, 2, 1);
      for (const client of [owner, newcomer]) assert.equal((await pollAsMember(client, name)).messages[0]?.offset, 0n);
    });

    it('when the clients close, the group is empty within half a second', async () => {
      const clients = await members(3);
      const watcher = await suite.login(generation);
      const name = await createTestGroup(watcher, 3);
      for (const client of clients) await join(client, name);
      for (const client of clients) client.close();
      await eventually('an empty group', async () => (await assignments(watcher, name)).length === 0, 500);
    });

    it('who joins again after losing its connection goes on after the last commit', async () => {
      const client = await suite.login(generation);
      const name = await createTestGroup(client, 1);
      await fill(client, name, 1, 10);
      await join(client, name);
      await pollAsMember(client, name, { count: 4, autoCommit: true });
      client.close();
      const again = await suite.login(generation);
      await join(again, name);
      assert.equal((await pollAsMember(again, name)).messages[0]?.offset, 4n);
    });

    it('a deleted group takes its offsets along; its members’ polls are refused', async () => {
      const client = await suite.login(generation);
      const name = await createTestGroup(client, 1);
      await fill(client, name, 1, 10);
      await join(client, name);
      await pollAsMember(client, name, { count: 4, autoCommit: true });
      await client.call(deleteConsumerGroup, name);
      await refused(poll(client, name, { consumer: groupConsumer, partition: 0 }), 5000);
      await client.call(createConsumerGroup, { ...name, name: 'group' });
      await join(client, name);
      assert.equal((await pollAsMember(client, name)).messages[0]?.offset, 0n);
    });

    it('after a restart groups have no members, and who joins gets new messages only and is not held up', async () => {
      const before = await suite.login(generation);
      const name = await createTestGroup(before, 2);
      await fill(before, name, 2, 5);
      await join(before, name);
      for (const partition of [0, 1]) await pollAsMember(before, name, { partition, autoCommit: true });
      await suite.restart('stop');
      const [first, second] = (await members(2)) as [RawClient, RawClient];
      assert.equal((await first.call(getConsumerGroup, name))?.membersCount, 0);
      await join(first, name);
      assert.equal((await pollAsMember(first, name)).messages.length, 0);
      // Read again, below what was committed before the restart: nothing here waits for a commit.
      const reread = await poll(first, name, { consumer: groupConsumer, partition: 1, strategy: { kind: 1, value: 0n } });
      assert.equal(reread.messages.length, 5);
      await join(second, name);
      assert.deepEqual(await assignments(first, name), [[0], [1]]);
      await send(first, name, testMessages(5, 1), { kind: 'partition', partition: 1 });
      assert.equal((await pollAsMember(second, name)).messages[0]?.offset, 5n);
    });
  });
}
