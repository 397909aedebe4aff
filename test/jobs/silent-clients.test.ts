import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { startSilentClients } from '../../src/jobs/silent-clients.ts';
import type { Generation } from '../../src/protocol/command.ts';
import type { ClientRecord } from '../../src/streaming/clients.ts';
import type { ConsumerGroup } from '../../src/streaming/consumer-group.ts';
import { createConsumerGroup, joinConsumerGroup } from '../../src/streaming/group-commands.ts';
import type { Topic } from '../../src/streaming/topic.ts';
import { fakeTimers, TestSystem } from './support/test-system.ts';

const limits = { classicIntervalMs: 2_000, memberIntervalMs: 30_000 };

describe('silent clients', () => {
  let timers: ReturnType<typeof fakeTimers>;
  let test: TestSystem;
  let topic: Topic;
  let group: ConsumerGroup;
  const told: (bigint | undefined)[] = [];

  before(async () => {
    test = await TestSystem.start();
    topic = await test.topic('topic', 3);
    group = await createConsumerGroup(test.system, topic.streamId, topic.id, 'group');
  });
  after(() => test.stop());
  beforeEach(() => {
    timers = fakeTimers();
    told.length = 0;
  });
  afterEach(() => {
    for (const client of test.system.clients.list()) test.system.disconnected(client);
    timers.restore();
  });

  function connect(generation: Generation, member: boolean): ClientRecord {
    const { system, clock } = test;
    const client = system.clients.connect('tcp', '127.0.0.1:1', clock.nowMs());
    client.generation = generation;
    client.tellStale = (clientId) => told.push(clientId);
    if (generation === 'vsr') system.sessions.open(client, BigInt(1000 + client.id), 0);
    else client.userId = 0;
    if (member) joinConsumerGroup(system, client, topic.streamId, topic.id, group.id);
    return client;
  }

  function pass(ms: number): void {
    for (let left = ms; left > 0; left -= 1_000) {
      test.clock.advance(Math.min(left, 1_000));
      timers.tick(Math.min(left, 1_000));
    }
  }

  it('a 0.9 member that is silent for more than 36 s loses its login and its partitions go to the others', () => {
    const stop = startSilentClients(test.system, limits);
    const silent = connect('vsr', true);
    const sessionClientId = silent.session?.clientId;
    const other = connect('vsr', true);
    pass(35_000);
    other.lastSeenMs = test.clock.nowMs();
    pass(1_000);
    assert.equal(silent.userId, 0, 'exactly 36 s are not too long');
    pass(1_000);
    stop();
    assert.equal(silent.userId, undefined);
    assert.equal(silent.session, undefined);
    assert.equal(silent.memberships.size, 0);
    assert.deepEqual(told, [sessionClientId]);
    assert.deepEqual(
      group.members().map(({ clientId, partitions }) => ({ clientId, partitions })),
      [{ clientId: other.id, partitions: [0, 1, 2] }],
    );
  });

  it('a 0.9 client in no group may be silent for as long as it likes', () => {
    const stop = startSilentClients(test.system, limits);
    const client = connect('vsr', false);
    pass(120_000);
    stop();
    assert.equal(client.userId, 0);
    assert.deepEqual(told, []);
  });

  it('a 0.8 client is looked at only if that is set, then in a group or not', () => {
    const client = connect('classic', true);
    let stop = startSilentClients(test.system, { ...limits, classicIntervalMs: undefined });
    pass(120_000);
    stop();
    assert.ok(group.isMember(client.id));

    client.lastSeenMs = test.clock.nowMs();
    const outside = connect('classic', false);
    stop = startSilentClients(test.system, limits);
    pass(2_000);
    assert.equal(client.userId, 0);
    pass(1_000);
    stop();
    assert.deepEqual([client.userId, outside.userId], [undefined, undefined]);
    assert.equal(group.membersCount, 0);
    assert.equal(told.length, 2);
  });

  it('a connection that never spoke is not the job’s affair', () => {
    const stop = startSilentClients(test.system, limits);
    const client = test.system.clients.connect('tcp', '127.0.0.1:2', test.clock.nowMs());
    pass(120_000);
    stop();
    assert.equal(test.system.clients.get(client.id), client);
  });
});
