// Options: what is refused, and how work is dealt out.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { castOf, fillersOf, plannedBytes } from '../../src/bench/plan/actors.ts';
import { type GivenOptions, planOf } from '../../src/bench/plan/plan.ts';

describe('options of galgo bench', () => {
  const refused: readonly (readonly [kind: string, options: GivenOptions, reason: RegExp])[] = [
    ['producer', {}, /no kind of benchmark: pinned-producer \(pp\)/],
    ['pp', { messageSize: '0' }, /--message-size 0: must lie within 1\.\./],
    ['pp', { messageSize: '20..10' }, /runs backwards/],
    ['pp', { messageSize: 'ten' }, /a number or a range/],
    ['pp', { messageSize: '1000000', messagesPerBatch: '1000' }, /longer than the 60000000 bytes/],
    ['pp', { batches: '10', duration: '1s' }, /exclude each other/],
    ['pp', { duration: '5' }, /--duration 5: has no unit; such as 5s/],
    ['pp', { duration: '0s' }, /above zero/],
    ['pp', { totalData: 'much' }, /is not a size; such as 10MB/],
    ['pp', { consumers: '2' }, /--consumers means nothing for pinned-producer/],
    ['pp', { partitions: '4' }, /one partition a stream/],
    ['pp', { streams: '9', producers: '2' }, /more than 2 producers/],
    ['pc', { streams: '3', consumers: '2' }, /3 streams want at least 3/],
    ['bp', { partitions: '1' }, /needs at least 2/],
    ['bpcg', { consumers: '5', partitions: '4' }, /has idle ones/],
    ['bpcg', { consumers: '3', groups: '4' }, /at least 4/],
    ['bcg', { warmupTime: '1s' }, /cannot warm up/],
    ['pp', { workers: '9' }, /from 1 to 8/],
    ['pp', { generation: '0.9' }, /auto, vsr \(Iggy 0\.9\) or classic/],
    ['pp', { topicOption: ['persisted'] }, /KEY=VALUE/],
    ['pp', { topicOption: ['a=b'], generation: 'classic' }, /cannot name options/],
    ['pp', { reuseStreams: true }, /needs --stream-prefix/],
    ['bpcg', { reuseStreams: true, streamPrefix: 's' }, /read what is there already/],
    ['bcg', { target: 'http://iggy:iggy@127.0.0.1:3000' }, /HTTP knows no members/],
    ['pp', { target: 'iggy://nobody' }, /--target: connection string/],
    ['pp', { target: 'http://127.0.0.1:3000?colour=red' }, /unknown option colour/],
    ['pp', { samplingTime: '1ms' }, /at least 10 ms/],
  ];
  for (const [kind, options, reason] of refused) {
    it(`refuses ${kind} ${JSON.stringify(options)}`, () => {
      assert.throws(() => planOf(kind, options), { name: 'UsageError', message: reason });
    });
  }

  it('has the defaults of Iggy’s tool', () => {
    const { producers, streams, partitions, messageBytes, messagesPerBatch, amount } = planOf('pp', {});
    assert.deepEqual([producers, streams.length, partitions, messageBytes.min, messagesPerBatch.max], [8, 8, 1, 1000, 1000]);
    assert.deepEqual(amount, { of: 'batches', value: 1000 });
    assert.deepEqual([planOf('bpcg', {}).streams.length, planOf('bpcg', {}).partitions], [1, 24]);
  });
});

describe('work', () => {
  it('is dealt out evenly, and none of it is lost', () => {
    const quotas = castOf(planOf('pp', { producers: '3', messages: '100' })).actors.map(({ quota }) => quota.messages);
    assert.deepEqual(quotas, [34, 33, 33]);
    const bytes = castOf(planOf('pp', { producers: '2', totalData: '1MB', messageSize: '100' })).actors.map(({ quota }) => quota.messages);
    assert.deepEqual(bytes, [5000, 5000]);
  });

  it('members are dealt out over streams and groups', () => {
    const plan = planOf('bpcg', { streams: '2', groups: '2', producers: '2', consumers: '8', partitions: '4' });
    const members = castOf(plan).actors.filter(({ role }) => role === 'member');
    const places = members.map(({ stream, group, reader }) => `${stream} ${plan.groups.indexOf(group as string)} ${reader}`);
    assert.deepEqual([...places].sort(), ['0 0 0', '0 0 0', '0 1 1', '0 1 1', '1 0 2', '1 0 2', '1 1 3', '1 1 3']);
  });

  it('a rate is divided among all', () => {
    const { actors } = castOf(planOf('ppc', { producers: '2', consumers: '2', rateLimit: '100MB' }));
    assert.deepEqual(
      actors.map(({ rateBytesPerSecond }) => rateBytesPerSecond),
      [25e6, 25e6, 25e6, 25e6],
    );
  });

  it('streams are filled with what their readers want', () => {
    const fill = (kind: string, options: GivenOptions) => fillersOf(planOf(kind, options)).map(({ quota }) => quota.messages);
    assert.deepEqual(fill('pc', { consumers: '2', batches: '10', messagesPerBatch: '5' }), [50, 50]);
    assert.deepEqual(fill('bcg', { consumers: '4', groups: '2', batches: '10', messagesPerBatch: '5' }), [100]);
    assert.deepEqual(fill('pc', { consumers: '2', messages: '101' }), [51, 50]);
  });

  it('is known beforehand, where time is not the limit', () => {
    assert.equal(plannedBytes(planOf('pp', { producers: '2', batches: '10' })), 20_000_000);
    assert.equal(plannedBytes(planOf('pp', { totalData: '5MB' })), 5_000_000);
    assert.equal(plannedBytes(planOf('pp', { duration: '1s' })), undefined);
  });
});
