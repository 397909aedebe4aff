import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { startScrubbing } from '../../src/jobs/scrubbing.ts';
import { engineCall, type Partition } from '../../src/streaming/partition.ts';
import { deletePartitions } from '../../src/streaming/partition-commands.ts';
import type { Topic } from '../../src/streaming/topic.ts';
import { purgeTopic } from '../../src/streaming/topic-commands.ts';
import { TestSystem } from './support/test-system.ts';

const fast = { bytesPerSecond: 1e12, passEveryMs: 3_600_000, firstPassAfterMs: 0 };

describe('scrubbing', () => {
  let test: TestSystem;
  let topics = 0;

  before(async () => {
    test = await TestSystem.start();
  });
  after(() => test.stop());

  async function filledTopic(partitions = 1): Promise<Topic> {
    const topic = await test.topic(`topic-${topics++}`, partitions);
    for (const { id, handle } of topic.partitions) {
      await test.append(topic, id, 12);
      await engineCall((done) => void test.system.engine.flush(handle, true, done));
    }
    return topic;
  }

  /** Runs one pass over everything. */
  async function pass(): Promise<number> {
    const job = startScrubbing(test.system, fast);
    while (job.figures.passes === 0) await setTimeout(2);
    await job.stop();
    return job.figures.bytesVerified;
  }

  const logOf = ({ directory }: Partition, segment: number) => path.join(directory, `${String(segment).padStart(20, '0')}.log`);

  function flip(partition: Partition, segment: number, position: number): void {
    const file = logOf(partition, segment);
    const bytes = readFileSync(file);
    bytes[position] = (bytes[position] as number) ^ 1;
    writeFileSync(file, bytes);
  }

  it('verifies every byte of every partition once in a pass', async () => {
    await filledTopic(3);
    const stored = [...test.system.streams.values()]
      .flatMap((stream) => [...stream.topics.values()].flatMap((topic) => topic.partitions))
      .reduce((sum, { handle }) => sum + test.system.engine.stats(handle).storedBytes, 0);
    assert(stored > 36_000);
    assert.equal(await pass(), stored);
    assert.equal(test.system.damage.found, 0);
  });

  it('reports damage with its place and its messages, and fences nothing', async () => {
    const topic = await filledTopic(2);
    const damaged = topic.partition(1);
    flip(damaged, 7, 400);
    const found = test.system.damage.found;
    await pass();
    assert.equal(test.system.damage.found, found + 1);
    const [known, ...others] = [...test.system.damage.list()];
    assert.equal(others.length, 0);
    assert(known);
    assert.deepEqual([known.stream, known.topic, known.partition], [topic.streamId, topic.id, 1]);
    const [damage] = known.damages;
    assert.deepEqual({ ...damage, bytes: 0 }, { segment: 7, position: 0, bytes: 0, firstOffset: 7, endOffset: 8, errno: 0 });
    assert.equal(test.system.engine.stats(damaged.handle).state, 'ready');
    await test.append(topic, 1, 1);
    // Known once, however often it is found.
    await pass();
    assert.equal(test.system.damage.partitions, 1);
    assert.equal([...test.system.damage.list()][0]?.damages.length, 1);
    // And no more when the messages are gone.
    await purgeTopic(test.system, topic.streamId, topic.id);
    await pass();
    assert.equal(test.system.damage.partitions, 0);
  });

  it('a log that is gone is damage, a partition that was removed is not', async () => {
    const topic = await filledTopic(2);
    rmSync(logOf(topic.partition(1), 7));
    await pass();
    const [known] = [...test.system.damage.list()];
    assert.deepEqual(known?.damages, [
      { segment: 7, position: 0, bytes: known?.damages[0]?.bytes, firstOffset: 7, endOffset: 12, errno: 2 },
    ]);
    await deletePartitions(test.system, topic.streamId, topic.id, 1);
    await pass();
    assert.equal(test.system.damage.partitions, 0);
  });

  it('keeps to its rate, and stops at once', async () => {
    await filledTopic();
    const bytesPerSecond = 256 * 1024;
    const job = startScrubbing(test.system, { ...fast, bytesPerSecond });
    const begun = performance.now();
    await setTimeout(300);
    const elapsed = (performance.now() - begun) / 1000;
    // A piece is read before it is waited for.
    assert(job.figures.bytesVerified > 0);
    assert(job.figures.bytesVerified <= bytesPerSecond * elapsed + 128 * 1024, `${job.figures.bytesVerified} bytes in ${elapsed} s`);
    const stopping = performance.now();
    await job.stop();
    assert(performance.now() - stopping < 1000);
    const { bytesVerified } = job.figures;
    await setTimeout(50);
    assert.equal(job.figures.bytesVerified, bytesVerified);
  });

  it('waits before its first pass', async () => {
    const job = startScrubbing(test.system, { ...fast, firstPassAfterMs: 60_000 });
    await setTimeout(30);
    assert.equal(job.figures.bytesVerified, 0);
    await job.stop();
  });
});
