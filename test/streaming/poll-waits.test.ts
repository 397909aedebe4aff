import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { PartitionStats } from '../../src/storage/engine.ts';
import { type ClientRecord, Clients } from '../../src/streaming/clients.ts';
import { ConsumerGroup } from '../../src/streaming/consumer-group.ts';
import { type PollWait, PollWaits, type WaitEnd } from '../../src/streaming/poll-waits.ts';

/** Waits on partitions that are nothing but their next offsets. */
class Fixture {
  readonly clients = new Clients();
  readonly nextOffsets = new Map<number, number>();
  readonly looked: number[] = [];
  readonly waits: PollWaits;
  readonly ends: [bigint, WaitEnd][] = [];
  state: PartitionStats['state'] = 'ready';
  #lastRequest = 0n;

  constructor(limits = { waitingPollsMax: 1_000_000, waitingPollsPerClientMax: 1_000_000 }) {
    this.waits = new PollWaits((partition) => {
      this.looked.push(partition);
      return { nextOffset: this.nextOffsets.get(partition) ?? 0, state: this.state } as PartitionStats;
    }, limits);
  }

  connect(): ClientRecord {
    return this.clients.connect('tcp', '127.0.0.1:1', 0);
  }

  /** Waits for the offset in the partition. Returns whether it does. */
  add(client: ClientRecord, partition: number, offset: number, more: Partial<PollWait> = {}): boolean {
    const request = ++this.#lastRequest;
    return this.waits.add({
      ...{ client, request, partition, group: undefined, waitMs: 60_000 },
      enough: ({ nextOffset }) => nextOffset > offset,
      ended: (end) => void this.ends.push([request, end]),
      ...more,
    });
  }

  append(partition: number, count: number): void {
    this.nextOffsets.set(partition, (this.nextOffsets.get(partition) ?? 0) + count);
    this.waits.partitionChanged(partition);
  }

  finish(): void {
    this.waits.close();
    assert.equal(this.waits.size, 0);
  }
}

describe('polls that wait', () => {
  it('are looked at once for all that happens in a turn', async () => {
    const fixture = new Fixture();
    const client = fixture.connect();
    for (let count = 0; count < 10; count++) assert.ok(fixture.add(client, 1, 4));
    fixture.looked.length = 0;
    for (let count = 0; count < 5; count++) fixture.append(1, 1);
    fixture.append(2, 1);
    assert.deepEqual(fixture.ends, []);
    await turn();
    assert.deepEqual(fixture.looked, [1], 'one look at the partition, none at those that nobody waits for');
    assert.deepEqual(
      fixture.ends,
      Array.from({ length: 10 }, (_, index) => [BigInt(index + 1), 'look']),
    );
    assert.equal(fixture.waits.size, 0);
    fixture.append(1, 1);
    await turn();
    assert.deepEqual(fixture.looked, [1]);
  });

  it('go on while there is not enough', async () => {
    const fixture = new Fixture();
    fixture.add(fixture.connect(), 1, 5);
    fixture.append(1, 5);
    await turn();
    assert.deepEqual(fixture.ends, []);
    fixture.append(1, 1);
    await turn();
    assert.deepEqual(fixture.ends, [[1n, 'look']]);
  });

  it('do not begin where there is enough, or where a partition is not ready', () => {
    const fixture = new Fixture();
    fixture.append(1, 1);
    assert.ok(!fixture.add(fixture.connect(), 1, 0));
    fixture.state = 'fenced';
    assert.ok(!fixture.add(fixture.connect(), 2, 0));
    assert.equal(fixture.waits.size, 0);
  });

  it('end when the partition is shorter than it was, or is closed', async () => {
    const fixture = new Fixture();
    fixture.append(1, 3);
    fixture.add(fixture.connect(), 1, 5);
    fixture.append(1, -2);
    await turn();
    assert.deepEqual(fixture.ends, [[1n, 'look']]);
    fixture.add(fixture.connect(), 2, 5);
    fixture.state = 'closed';
    fixture.waits.partitionChanged(2);
    await turn();
    assert.deepEqual(fixture.ends, [
      [1n, 'look'],
      [2n, 'look'],
    ]);
  });

  it('end with their group’s assignment and their client’s login, those of others go on', async () => {
    const fixture = new Fixture();
    const [one, two] = [fixture.connect(), fixture.connect()];
    const settings = { rebalancingTimeoutMs: 1000, onChanged: (changed: ConsumerGroup) => fixture.waits.groupChanged(changed) };
    const [group, other] = [new ConsumerGroup(1, 'a', [0, 1], settings), new ConsumerGroup(2, 'b', [0, 1], settings)];
    fixture.add(one, 1, 0, { group });
    fixture.add(two, 1, 0, { group: other });
    fixture.add(two, 2, 0);
    group.join(one.id, 0);
    group.join(two.id, 0);
    await turn();
    assert.deepEqual(fixture.ends, [[1n, 'resync']]);
    fixture.waits.groupGone(other);
    assert.deepEqual(fixture.ends.slice(1), [[2n, 'look']]);
    fixture.waits.loginEnded(one);
    assert.equal(fixture.waits.size, 1);
    fixture.waits.loginEnded(two);
    assert.deepEqual(fixture.ends.slice(2), [[3n, 'look']]);
  });

  it('end once, at the latest at their deadline', async () => {
    const fixture = new Fixture();
    fixture.add(fixture.connect(), 1, 0, { waitMs: 20 });
    fixture.append(1, 1);
    await sleep(50);
    assert.deepEqual(fixture.ends, [[1n, 'look']]);
    fixture.add(fixture.connect(), 1, 1, { waitMs: 20 });
    await sleep(50);
    assert.deepEqual(fixture.ends, [
      [1n, 'look'],
      [2n, 'look'],
    ]);
  });

  it('are bounded for a client and in all', () => {
    const fixture = new Fixture({ waitingPollsMax: 3, waitingPollsPerClientMax: 2 });
    const [one, two] = [fixture.connect(), fixture.connect()];
    assert.deepEqual(
      [one, one, one, two, two].map((client) => fixture.add(client, 1, 0)),
      [true, true, false, true, false],
    );
    fixture.waits.stop(one, 1n);
    fixture.waits.stop(two, 2n);
    assert.deepEqual(fixture.ends, [[1n, 'stopped']], 'nobody stops the wait of another');
    assert.deepEqual(
      [one, one].map((client) => fixture.add(client, 1, 0)),
      [true, false],
    );
    fixture.finish();
    assert.ok(!fixture.add(two, 1, 0), 'none begins after the end');
  });

  it('that are very many do not end all at once, and those that ended meanwhile are passed over', async () => {
    const fixture = new Fixture();
    const [many, one] = [fixture.connect(), fixture.connect()];
    for (let count = 0; count < 2500; count++) fixture.add(many, 1, 0);
    fixture.add(one, 1, 0);
    fixture.append(1, 1);
    await Promise.resolve();
    assert.equal(fixture.ends.length, 1000);
    fixture.waits.loginEnded(one);
    await turn();
    await turn();
    await turn();
    assert.equal(fixture.ends.length, 2501);
    assert.equal(new Set(fixture.ends.map(([request]) => request)).size, 2501);
  });
});
