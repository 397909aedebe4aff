import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { startRetention } from '../../src/jobs/retention.ts';
import { surplusSegments } from '../../src/streaming/retention.ts';
import { purgeTopic } from '../../src/streaming/topic-commands.ts';
import { unlimited } from '../../src/streaming/topic-settings.ts';
import { fakeTimers, option, segmentBytes, TestSystem } from './support/test-system.ts';

const everyMs = 60_000;

describe('retention', () => {
  let timers: ReturnType<typeof fakeTimers>;
  let test: TestSystem;
  let stopJob: () => void;
  let topics = 0;
  const newName = () => `topic-${topics++}`;

  before(async () => {
    test = await TestSystem.start();
  });
  after(() => test.stop());
  beforeEach(() => {
    timers = fakeTimers();
    stopJob = startRetention(test.system, everyMs);
  });
  afterEach(async () => {
    stopJob();
    timers.restore();
    await test.system.mutate(async () => undefined);
  });

  /** Lets the job run once and end. */
  async function run(): Promise<void> {
    timers.tick(everyMs);
    // Each topic's removal is a change; the job goes on in the turn after it.
    for (let turn = 0; turn < 50; turn++) {
      await test.system.mutate(async () => undefined);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  it('nothing happens before the first interval has passed', async () => {
    const topic = await test.topic(newName(), 1, { messageExpiryMs: 1 });
    await test.append(topic, 0, 20);
    test.clock.advance(10_000);
    timers.tick(everyMs - 1);
    await test.system.mutate(async () => undefined);
    assert.deepEqual(test.firstOffsets(topic), [0]);
    await run();
    assert.notDeepEqual(test.firstOffsets(topic), [0]);
  });

  it('expired sealed segments go, the active one stays, and offsets go on', async () => {
    const topic = await test.topic(newName(), 2, { messageExpiryMs: 60_000 });
    const forever = await test.topic(newName(), 1);
    for (const each of [topic, forever]) await test.append(each, 0, 25);
    await run();
    assert.deepEqual(test.firstOffsets(topic), [0, 0], 'not yet');
    test.clock.advance(61_000);
    await run();
    const { handle } = topic.partition(0);
    const left = test.system.engine.segments(handle);
    assert.equal(left.length, 1);
    assert.equal(test.system.engine.stats(handle).nextOffset, 25);
    assert.deepEqual(test.firstOffsets(forever), [0]);
  });

  it('a consumer that has not passed a segment keeps it, and its deletion lets it go', async () => {
    const topic = await test.topic(newName(), 1, { messageExpiryMs: 1 });
    await test.append(topic, 0, 25);
    const [first, second] = test.system.engine.segments(topic.partition(0).handle);
    assert.ok(first !== undefined && second !== undefined);
    await test.storeOffset(topic, 0, 1, 24);
    await test.storeOffset(topic, 0, 2, second.lastOffset - 1);
    test.clock.advance(10_000);
    await run();
    assert.deepEqual(test.firstOffsets(topic), [second.firstOffset]);
    await test.storeOffset(topic, 0, 2, second.lastOffset);
    await run();
    assert.deepEqual(test.firstOffsets(topic), [second.lastOffset + 1]);
  });

  it('a topic above nine tenths of its size loses its oldest segments, whichever partition they are in', async () => {
    const topic = await test.topic(newName(), 3, { maxTopicSize: 40_000 });
    await test.append(topic, 1, 20);
    await test.append(topic, 0, 15);
    await test.append(topic, 2, 5);
    await run();
    const bytes = topic.partitions.reduce((sum, { handle }) => sum + test.system.engine.stats(handle).logicalBytes, 0);
    assert.ok(bytes < 36_000, `${bytes} bytes are left`);
    assert.ok(bytes > 36_000 - segmentBytes - 1000, `no more than needed went, ${bytes} bytes are left`);
    const [zero, one, two] = test.firstOffsets(topic) as [number, number, number];
    assert.ok(one > 0, 'the oldest messages are those of partition 1');
    assert.deepEqual([zero, two], [0, 0]);
  });

  it('a partition that is held is passed over, and others make room', async () => {
    const topic = await test.topic(newName(), 2, { maxTopicSize: 30_000 });
    await test.append(topic, 0, 20);
    await test.append(topic, 1, 20);
    await test.storeOffset(topic, 0, 1, 0);
    await run();
    const [held, other] = test.firstOffsets(topic) as [number, number];
    assert.equal(held, 0);
    assert.ok(other > 0);
  });

  it('galgo.retention_count keeps that many messages at least, and no whole segment more', async () => {
    const topic = await test.topic(newName(), 1, { options: option('galgo.retention_count', 10n) });
    await test.append(topic, 0, 40);
    await run();
    const [oldest] = test.system.engine.segments(topic.partition(0).handle);
    const first = oldest?.firstOffset as number;
    assert.ok(40 - first >= 10, `${40 - first} messages are left`);
    assert.ok(40 - ((oldest?.lastOffset as number) + 1) < 10, 'the oldest segment is needed');
  });

  it('a topic that is purged while a run begins loses nothing that came after', async () => {
    const topic = await test.topic(newName(), 1, { messageExpiryMs: 1 });
    await test.append(topic, 0, 25);
    test.clock.advance(10_000);
    const purged = purgeTopic(test.system, topic.streamId, topic.id);
    timers.tick(everyMs);
    await purged;
    await test.append(topic, 0, 1);
    await run();
    assert.deepEqual(test.firstOffsets(topic), [0]);
    assert.equal(test.system.engine.stats(topic.partition(0).handle).messages, 1);
  });
});

describe('surplus segments', () => {
  const segment = (firstOffset: number, messages: number, firstTimestamp: number) => ({
    firstOffset,
    lastOffset: firstOffset + messages - 1,
    logicalBytes: messages * 100,
    firstTimestamp,
    lastTimestamp: firstTimestamp + 9,
  });
  const free = (...segments: ReturnType<typeof segment>[]) => ({ segments, held: false });
  const none = { messageExpiry: unlimited, maxTopicSize: unlimited, retentionCount: unlimited };

  it('a segment expires with its last message, at the very microsecond', () => {
    const partition = free(segment(0, 10, 100), segment(10, 10, 200), segment(20, 10, 300));
    const rules = { ...none, messageExpiry: 50n };
    assert.deepEqual(surplusSegments([partition], rules, 158n), [0]);
    assert.deepEqual(surplusSegments([partition], rules, 159n), [1]);
    assert.deepEqual(surplusSegments([partition], rules, 10_000n), [2], 'the active one stays');
  });

  it('a count is kept exactly at a segment’s border', () => {
    const partition = free(segment(0, 10, 100), segment(10, 10, 200), segment(20, 10, 300));
    assert.deepEqual(surplusSegments([partition], { ...none, retentionCount: 20n }, 0n), [1]);
    assert.deepEqual(surplusSegments([partition], { ...none, retentionCount: 21n }, 0n), [0]);
    assert.deepEqual(surplusSegments([partition], { ...none, retentionCount: 1n }, 0n), [2]);
  });

  it('a size counts what expiry leaves, and segments that are held', () => {
    const held = { segments: [segment(0, 10, 50), segment(10, 10, 400)], held: true };
    const partition = free(segment(0, 10, 100), segment(10, 10, 200), segment(20, 10, 300));
    const rules = { ...none, messageExpiry: 50n, maxTopicSize: 4000n };
    // 5000 bytes, 1000 expire: 4000 are not below 3600.
    assert.deepEqual(surplusSegments([held, partition], rules, 159n), [0, 2]);
    assert.deepEqual(surplusSegments([held, partition], { ...rules, maxTopicSize: 6000n }, 159n), [0, 1]);
  });

  it('an empty partition has nothing to lose', () => {
    const empty = free({ firstOffset: 0, lastOffset: -1, logicalBytes: 0, firstTimestamp: 0, lastTimestamp: 0 });
    assert.deepEqual(surplusSegments([empty], { messageExpiry: 1n, maxTopicSize: 1n, retentionCount: 1n }, 10n ** 15n), [0]);
  });
});
