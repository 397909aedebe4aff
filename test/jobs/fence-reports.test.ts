import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { startFenceReports } from '../../src/jobs/fence-reports.ts';
import type { Topic } from '../../src/streaming/topic.ts';
import { purgeTopic } from '../../src/streaming/topic-commands.ts';
import { fakeTimers, TestSystem } from './support/test-system.ts';

describe('reports of fences', () => {
  let timers: ReturnType<typeof fakeTimers>;
  let test: TestSystem;

  before(async () => {
    test = await TestSystem.start();
  });
  after(() => test.stop());
  beforeEach(() => {
    timers = fakeTimers();
  });
  afterEach(() => timers.restore());

  /** A purge that cannot remove a log cannot be finished. */
  async function fence(topic: Topic): Promise<void> {
    for (const { directory } of topic.partitions) {
      const log = path.join(directory, `${'0'.repeat(20)}.log`);
      rmSync(log);
      mkdirSync(log);
    }
    await assert.rejects(purgeTopic(test.system, topic.streamId, topic.id));
  }
  const reports = () => test.errors.map((line) => JSON.parse(line)).filter(({ msg }) => String(msg).startsWith('partition was fenced'));

  it('name a partition and the reason once, when it is fenced', async () => {
    const topic = await test.topic('fenced', 1);
    const stop = startFenceReports(test.system, 1000);
    timers.tick(5000);
    assert.deepEqual(reports(), []);
    await fence(topic);
    timers.tick(5000);
    const [report, ...more] = reports();
    assert.deepEqual(more, []);
    const { stream, topic: topicId, partition, reason } = report;
    const fenced = test.system.engine.stats(topic.partition(0).handle).fence;
    assert.deepEqual({ stream, topic: topicId, partition, reason }, { stream: 0, topic: topic.id, partition: 0, reason: 'purge-failed' });
    assert.notEqual(fenced?.errno, 0);
    stop();
    test.errors.length = 0;
    // Whoever starts later has been told by the opening.
    const stopAgain = startFenceReports(test.system, 1000);
    timers.tick(5000);
    assert.deepEqual(reports(), []);
    stopAgain();
  });
});
