import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ConsumerGroup } from '../../src/streaming/consumer-group.ts';

const timeoutMs = 30_000;

function groupOf(partitionsCount: number, ...clientIds: number[]): ConsumerGroup {
  const group = new ConsumerGroup(7, 'readers', range(partitionsCount), { rebalancingTimeoutMs: timeoutMs });
  for (const clientId of clientIds) group.join(clientId, 0);
  return group;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const owned = (group: ConsumerGroup): (readonly number[])[] => group.members().map((member) => member.partitions);
const pollable = (group: ConsumerGroup, clientId: number): readonly number[] | undefined => group.assignment(clientId)?.partitions;
const turn = (group: ConsumerGroup, clientId: number) => group.partitionForPoll(clientId, undefined, 0, 'classic');

/** Members 1 and 2; partition 5, polled by 1 up to offset 9 and not committed, is on its way to 2. */
function groupWithRevocation(): ConsumerGroup {
  const group = groupOf(6, 1);
  group.polled(5, 9);
  group.join(2, 1000);
  return group;
}

describe('joining a consumer group', () => {
  it('the first member gets every partition', () => {
    assert.deepEqual(owned(groupOf(3, 1)), [[0, 1, 2]]);
  });

  it('each further member gets the last partition of one that has too many', () => {
    const group = groupOf(6, 11, 12);
    assert.deepEqual(owned(group), [[0, 1, 2, 3, 4], [5]]);
    group.join(13, 0);
    assert.deepEqual(owned(group), [[0, 1, 2, 3], [5], [4]]);
    group.join(14, 0);
    assert.deepEqual(owned(group), [[0, 1, 2], [5], [4], [3]]);
    group.join(15, 0);
    group.join(16, 0);
    assert.deepEqual(owned(group), [[0], [5], [4], [3], [2], [1]]);
  });

  it('members beyond the number of partitions have none', () => {
    assert.deepEqual(owned(groupOf(3, 1, 2, 3, 4)), [[0], [2], [1], []]);
  });

  it('one join serves all idle members', () => {
    const group = groupOf(1, 1, 2, 3);
    group.leave(1);
    group.setPartitions([]);
    assert.deepEqual(owned(group), [[], []]);
    group.setPartitions(range(4));
    assert.deepEqual(owned(group), [
      [0, 2],
      [1, 3],
    ]);
  });

  it('works while the topic has no partitions', () => {
    const group = groupOf(0, 1);
    assert.deepEqual(owned(group), [[]]);
    assert.deepEqual(pollable(group, 1), []);
    assert.equal(turn(group, 1), 'none');
  });

  it('twice is a success without effect', () => {
    const group = groupOf(6, 1);
    const { generation } = group;
    assert.equal(group.join(1, 0), false);
    assert.equal(group.generation, generation);
    assert.equal(group.membersCount, 1);
    assert.equal(group.join(2, 0), true);
    assert(group.generation > generation);
  });

  it('gives the lowest free member id', () => {
    const group = groupOf(6, 11, 12, 13);
    group.leave(12);
    assert.deepEqual(
      group.members().map(({ id, clientId }) => [id, clientId]),
      [
        [0, 11],
        [2, 13],
      ],
    );
    group.join(14, 0);
    assert.deepEqual(
      group.members().map(({ id, clientId }) => [id, clientId]),
      [
        [0, 11],
        [1, 14],
        [2, 13],
      ],
    );
  });
});

describe('dealing all partitions out', () => {
  it('a leave deals partition i to member i mod m', () => {
    const group = groupOf(6, 1, 2, 3);
    assert.equal(group.leave(1), true);
    assert.deepEqual(owned(group), [
      [0, 2, 4],
      [1, 3, 5],
    ]);
  });

  it('so do created and deleted partitions, in ascending order of ids', () => {
    const group = groupOf(2, 1, 2);
    group.setPartitions([4, 3, 2, 1, 0]);
    assert.deepEqual(owned(group), [
      [0, 2, 4],
      [1, 3],
    ]);
    group.setPartitions([0]);
    assert.deepEqual(owned(group), [[0], []]);
    assert.equal(group.partitionsCount, 1);
  });

  it('the leave of a stranger has no effect', () => {
    const group = groupOf(2, 1);
    const { generation } = group;
    assert.equal(group.leave(2), false);
    assert.equal(group.generation, generation);
  });

  it('the last leave frees everything for the next member', () => {
    const group = groupOf(2, 1);
    group.leave(1);
    assert.equal(group.membersCount, 0);
    assert.equal(group.isMember(1), false);
    assert.equal(group.mayCommit(1, 0), false);
    group.join(2, 0);
    assert.deepEqual(owned(group), [[0, 1]]);
  });

  it('redirects the revocations under way, which wait no longer for it', () => {
    const group = groupWithRevocation();
    group.join(3, 1500);
    group.leave(2);
    assert.deepEqual(owned(group), [
      [0, 2, 4, 5],
      [1, 3],
    ]);
    assert.deepEqual(pollable(group, 1), [0, 2, 4]);
    group.expireRevocations(1000 + timeoutMs - 1);
    assert.deepEqual(pollable(group, 3), [1, 3]);
    group.expireRevocations(1000 + timeoutMs);
    assert.deepEqual(pollable(group, 3), [1, 3, 5]);
  });

  it('ends the revocation of a partition that falls to its owner again', () => {
    const group = groupWithRevocation();
    group.leave(2);
    assert.deepEqual(pollable(group, 1), [0, 1, 2, 3, 4, 5]);
    assert.equal(group.membersCount, 1);
  });

  it('leaves what others have in hand with them until they commit it', () => {
    const group = groupOf(6, 1, 2, 3);
    group.polled(5, 10);
    group.polled(3, 10);
    group.committed(3, 10);
    group.leave(3);
    assert.deepEqual(owned(group), [
      [0, 2, 4],
      [1, 3, 5],
    ]);
    group.polled(4, 7);
    group.join(3, 0);
    group.join(4, 0);
    group.leave(2);
    assert.ok(owned(group)[0]?.includes(4), 'member 1 has 4 in hand');
    assert.ok(!pollable(group, 1)?.includes(4), 'and polls it no more');
    group.committed(4, 7);
    assert.equal(group.members().flatMap(({ partitions }) => partitions).length, 6);
    const [two] = group.members().filter(({ clientId }) => clientId === 3);
    assert.ok(two?.partitions.includes(4), 'it went to the member that it was dealt to');
  });

  it('forgets what the leaver was handed out, not what others were', () => {
    const group = groupOf(4, 1, 2);
    group.polled(3, 5);
    group.polled(2, 5);
    group.leave(2);
    group.join(3, 0);
    assert.deepEqual(owned(group), [[0, 1, 2], [3]], 'partition 3 was the leaver’s');
    group.join(4, 0);
    assert.deepEqual(owned(group), [[0, 1, 2], [3], []], 'partition 2 waits for a commit');
  });

  it('a deleted partition that is created again starts with nothing committed', () => {
    const group = groupOf(2, 1);
    group.committed(1, 100);
    group.setPartitions([0]);
    group.setPartitions([0, 1]);
    group.polled(1, 5);
    group.join(2, 0);
    assert.deepEqual(pollable(group, 2), []);
  });
});

describe('a partition that was polled beyond its committed offset', () => {
  it('stays with its owner when another member joins', () => {
    const group = groupWithRevocation();
    assert.deepEqual(owned(group), [[0, 1, 2, 3, 4, 5], []]);
    assert.deepEqual(pollable(group, 1), [0, 1, 2, 3, 4]);
    assert.deepEqual(pollable(group, 2), []);
  });

  it('has no turn, for neither member', () => {
    const group = groupWithRevocation();
    assert.deepEqual(
      range(6).map(() => turn(group, 1)),
      [0, 1, 2, 3, 4, 0],
    );
    assert.equal(turn(group, 2), 'none');
  });

  it('is read by a classic owner that names it, and fenced for a VSR owner and for the target', () => {
    const group = groupWithRevocation();
    assert.equal(group.partitionForPoll(1, 5, 1000, 'classic'), 5);
    assert.equal(group.partitionForPoll(1, 5, 1000, 'vsr'), 'fenced');
    assert.equal(group.partitionForPoll(2, 5, 1000, 'classic'), 'fenced');
    assert.equal(group.partitionForPoll(2, 5, 1000, 'vsr'), 'fenced');
  });

  it('may be committed by its owner alone', () => {
    const group = groupWithRevocation();
    assert.equal(group.mayCommit(1, 5), true);
    assert.equal(group.mayCommit(2, 5), false);
  });

  it('moves with the commit of the last offset that was handed out', () => {
    const group = groupWithRevocation();
    const { generation } = group;
    group.committed(5, 8);
    assert.deepEqual(pollable(group, 2), []);
    assert.equal(group.generation, generation);
    group.committed(5, 9);
    assert.deepEqual(owned(group), [[0, 1, 2, 3, 4], [5]]);
    assert(group.generation > generation);
    assert.equal(group.mayCommit(1, 5), false);
    assert.equal(turn(group, 2), 5);
  });

  it('moves after the time-out, and not before', () => {
    const group = groupWithRevocation();
    group.expireRevocations(1000 + timeoutMs - 1);
    assert.deepEqual(pollable(group, 2), []);
    group.expireRevocations(1000 + timeoutMs);
    assert.deepEqual(pollable(group, 2), [5]);
    assert.deepEqual(pollable(group, 1), [0, 1, 2, 3, 4]);
  });

  it('is fenced at the time-out even if the job that looks for it is late', () => {
    const group = groupWithRevocation();
    assert.equal(group.partitionForPoll(1, 5, 1000 + timeoutMs, 'classic'), 'fenced');
  });

  it('moves when the topic is purged', () => {
    const group = groupWithRevocation();
    group.reset();
    assert.deepEqual(owned(group), [[0, 1, 2, 3, 4], [5]]);
  });

  it('is not promised twice', () => {
    const group = groupWithRevocation();
    group.join(3, 1000);
    assert.deepEqual(owned(group), [[0, 1, 2, 3, 5], [], [4]]);
    assert.deepEqual(pollable(group, 1), [0, 1, 2, 3]);
    group.committed(5, 9);
    assert.deepEqual(owned(group), [[0, 1, 2, 3], [5], [4]]);
  });

  it('once committed moves at the next join, also if the commit came before the report of the poll', () => {
    const group = groupOf(2, 1);
    group.committed(1, 9);
    group.polled(1, 9);
    group.join(2, 0);
    assert.deepEqual(owned(group), [[0], [1]]);
  });

  it('does not move if the committed offset was set back', () => {
    const group = groupOf(2, 1);
    group.polled(1, 9);
    group.committed(1, 9);
    group.committed(1, 3);
    group.join(2, 0);
    assert.deepEqual(pollable(group, 2), []);
  });
});

describe('the turns of a member', () => {
  it('go through its partitions in the order of assignment, each member for itself', () => {
    const group = groupOf(4, 1, 2);
    assert.deepEqual(
      range(4).map(() => turn(group, 1)),
      [0, 1, 2, 0],
    );
    assert.deepEqual(
      range(2).map(() => turn(group, 2)),
      [3, 3],
    );
  });

  it('go on after a rebalance within the new list', () => {
    const group = groupOf(4, 1);
    for (const _ of range(3)) turn(group, 1);
    group.join(2, 0);
    assert.deepEqual(
      range(3).map(() => turn(group, 1)),
      [0, 1, 2],
    );
  });

  it('are not moved by polls that name a partition', () => {
    const group = groupOf(4, 1);
    assert.equal(group.partitionForPoll(1, 2, 0, 'vsr'), 2);
    assert.equal(turn(group, 1), 0);
  });

  it('are announced by currentPartition, which takes none', () => {
    const group = groupOf(2, 1);
    assert.equal(group.currentPartition(1), 0);
    assert.equal(group.currentPartition(1), 0);
    turn(group, 1);
    assert.equal(group.currentPartition(1), 1);
    assert.equal(groupOf(0, 1).currentPartition(1), undefined);
  });
});

describe('strangers and partitions that do not exist', () => {
  it('get nothing', () => {
    const group = groupOf(2, 1);
    assert.equal(group.assignment(9), undefined);
    assert.equal(group.currentPartition(9), undefined);
    assert.equal(group.mayCommit(9, 0), false);
    assert.equal(group.mayCommit(1, 2), false);
    assert.equal(turn(group, 9), 'none');
    assert.equal(group.partitionForPoll(9, 0, 0, 'classic'), 'fenced');
    assert.equal(group.partitionForPoll(1, 2, 0, 'classic'), 'fenced');
  });

  it('leave the group as it is', () => {
    const group = groupWithRevocation();
    group.polled(99, 5);
    group.committed(99, 5);
    assert.deepEqual(owned(group), [[0, 1, 2, 3, 4, 5], []]);
  });
});

describe('after any sequence of events', () => {
  const client = fc.integer({ min: 0, max: 7 });
  const partition = fc.integer({ min: 0, max: 9 });
  const offset = fc.integer({ min: 0, max: 5 });
  const event = fc.oneof(
    fc.record({ kind: fc.constant('join' as const), client }),
    fc.record({ kind: fc.constant('leave' as const), client }),
    fc.record({ kind: fc.constant('poll' as const), client, offset }),
    fc.record({ kind: fc.constant('pollBy' as const), client, partition, offset, generation: fc.constantFrom('classic', 'vsr') }),
    fc.record({ kind: fc.constant('commit' as const), client, partition, offset }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: timeoutMs }) }),
    fc.record({ kind: fc.constant('partitions' as const), count: fc.integer({ min: 0, max: 10 }) }),
    fc.record({ kind: fc.constant('purge' as const) }),
  );

  it('every partition has one owner, at most one member may poll it, and dealing out is even', () => {
    let revocationsSeen = 0;
    const property = fc.property(fc.array(event, { maxLength: 80, size: 'max' }), (events) => {
      const group = groupOf(6);
      let nowMs = 0;
      for (const step of events) {
        const before = group.generation;
        const listBefore = JSON.stringify(assignments(group));
        let dealtOut = false;
        if (step.kind === 'join') group.join(step.client, nowMs);
        else if (step.kind === 'leave') dealtOut = group.leave(step.client) && pending(group).length === 0;
        else if (step.kind === 'poll') {
          const read = group.partitionForPoll(step.client, undefined, nowMs, 'classic');
          if (typeof read === 'number') group.polled(read, step.offset);
        } else if (step.kind === 'pollBy') {
          const read = group.partitionForPoll(step.client, step.partition, nowMs, step.generation as 'classic' | 'vsr');
          if (typeof read === 'number') group.polled(read, step.offset);
        } else if (step.kind === 'commit') {
          if (group.mayCommit(step.client, step.partition)) group.committed(step.partition, step.offset);
        } else if (step.kind === 'pass') {
          nowMs += step.ms;
          group.expireRevocations(nowMs);
        } else if (step.kind === 'partitions') {
          group.setPartitions(range(step.count));
          dealtOut = true;
        } else group.reset();

        revocationsSeen += check(group, dealtOut);
        assert(group.generation >= before);
        if (group.generation === before) assert.equal(JSON.stringify(assignments(group)), listBefore, 'a change without a new generation');
      }
      if (group.membersCount === 0) return;
      group.expireRevocations(nowMs + timeoutMs);
      assert.equal(pending(group).length, 0);
      assert.deepEqual(assignments(group).flat().sort(), range(group.partitionsCount), 'every partition may be polled by one member');
    });
    fc.assert(property, { numRuns: 400 });
    assert.notEqual(revocationsSeen, 0, 'no revocation was ever pending');
  });

  const assignments = (group: ConsumerGroup): (readonly number[])[] =>
    group.members().map(({ clientId }) => pollable(group, clientId) ?? []);
  const pending = (group: ConsumerGroup): number[] => {
    const polls = new Set(assignments(group).flat());
    return owned(group)
      .flat()
      .filter((id) => !polls.has(id));
  };

  /** Checks what must always hold; returns the number of pending revocations. */
  function check(group: ConsumerGroup, dealtOut: boolean): number {
    const all = owned(group).flat();
    assert.deepEqual(all.toSorted(), group.membersCount > 0 ? range(group.partitionsCount) : []);
    for (const { id, clientId, partitions } of group.members()) {
      assert(group.isMember(clientId));
      assert(id < 8);
      for (const polls of pollable(group, clientId) ?? []) assert(partitions.includes(polls));
      for (const partitionId of all) assert.equal(group.mayCommit(clientId, partitionId), partitions.includes(partitionId));
    }
    const revoked = pending(group).length;
    if (dealtOut && group.membersCount > 0) {
      assert.equal(revoked, 0);
      const loads = owned(group).map((partitions) => partitions.length);
      assert(Math.max(...loads) - Math.min(...loads) <= 1);
    }
    return revoked;
  }
});
