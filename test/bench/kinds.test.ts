// Every kind of benchmark on a real server, with exact counts.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { kinds } from '../../src/bench/plan/kinds.ts';
import { connect } from '../../src/client/index.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/test-server.ts';
import { benchmark, roleOf, streamNames } from './support/run.ts';

// Not a multiple of anything: last batches are cut.
const messages = 997;
const sizes = { messageSize: '50..60', messagesPerBatch: '10..20', messages: String(messages) };

describe('galgo bench', () => {
  const folder = temporaryFolder();
  let server: ServerProcess;
  let target: string;

  before(async () => {
    server = await startServerProcess(folder.path);
    target = `iggy://iggy:iggy@${server.address}`;
  });
  after(async () => {
    await server.stop();
    folder.remove();
  });

  // What differs between the generations is in these.
  const classic = kinds.filter(({ alias }) => ['ppc', 'bpcg', 'e2e'].includes(alias));
  for (const [generation, some] of [
    ['vsr', kinds],
    ['classic', classic],
  ] as const) {
    for (const kind of some) {
      it(`${kind.name}, ${generation}: counts are exact, and nothing is left behind`, async () => {
        const groups = kind.reads === 'member' ? 2 : 0;
        const result = await benchmark(kind.name, {
          target,
          generation,
          ...sizes,
          workers: generation === 'vsr' ? '2' : '1',
          ...(kind.produces ? { producers: '3' } : {}),
          ...(kind.reads !== undefined && !kind.echoes ? { consumers: '4' } : {}),
          ...(kind.name === 'pinned-producer-and-consumer' ? { streams: '3' } : {}),
          ...(kind.balanced ? { partitions: '6' } : {}),
          ...(groups > 0 ? { groups: String(groups) } : {}),
        });
        const { server: facts, check } = result;
        assert.equal(facts.product, 'Galgo');
        assert.equal(facts.generation, generation);
        assert.equal(facts.durability, 'interval');
        if (kind.echoes) assert.equal(roleOf(result, 'producing-consumers').messages, messages);
        else if (kind.produces) assert.equal(roleOf(result, 'producers').messages, messages);
        if (kind.produces) assert.deepEqual([check.sent, check.stored], [messages, messages]);
        if (kind.reads === 'member') assert.equal(roleOf(result, 'members').messages, check.read);
        if (kind.reads === 'member' && kind.produces) assert.equal(check.read, groups * messages);
        // Four consumers on three streams: the first stream is read twice.
        if (kind.alias === 'ppc') assert.equal(check.read, messages + 333);
        if (kind.alias === 'pc') assert.equal(roleOf(result, 'consumers').messages, messages);
        for (const role of result.roles) {
          assert.equal(role.latency.count, role.requests);
          assert.ok(role.latency.minUs > 0 && role.latency.p50Us <= role.latency.p99Us && role.latency.p99Us <= role.latency.maxUs);
          assert.equal(
            role.series.messages.reduce((sum, each) => sum + each, 0),
            role.messages,
          );
          assert.ok(role.bytes >= 50 * role.messages && role.bytes <= 60 * role.messages);
        }
        assert.deepEqual(await streamNames(server.address), []);
      });
    }
  }

  it('a warm-up is load, but no figure', async () => {
    const result = await benchmark('pp', {
      target,
      producers: '1',
      messageSize: '10',
      messagesPerBatch: '1',
      messages: '20',
      warmupTime: '100ms',
    });
    assert.equal(roleOf(result, 'producers').messages, 20);
    assert.ok(result.check.sent > 20);
    assert.equal(result.check.stored, result.check.sent);
  });

  it('consumers of a given time read again what there is', async () => {
    const options = { target, consumers: '2', messageSize: '10', messagesPerBatch: '10' };
    const result = await benchmark('pc', { ...options, batches: '400', keep: true, streamPrefix: 'kept' });
    assert.equal(roleOf(result, 'consumers').messages, 2 * 4000);
    const again = await benchmark('pc', { ...options, duration: '400ms', reuseStreams: true, streamPrefix: 'kept' });
    assert.ok(roleOf(again, 'consumers').messages > 0);
    assert.deepEqual((await streamNames(server.address)).sort(), ['kept-1', 'kept-2']);
    const client = await connect(target);
    for (const stream of ['kept-1', 'kept-2']) await client.streams.delete(stream);
    await client.close();
  });

  it('a rate limit holds', async () => {
    const options = { target, producers: '2', messageSize: '100', messagesPerBatch: '10', duration: '600ms', rateLimit: '500KB' };
    const producers = roleOf(await benchmark('pp', options), 'producers');
    // 300 KB, and of each of the two the first batch, which is due at once, and one that is under way at the end.
    assert.ok(producers.bytes <= 310_000, `${producers.bytes} bytes`);
    assert.ok(producers.bytes >= 30_000, `${producers.bytes} bytes`);
  });

  it('durability is what the topic has, not what the server has', async () => {
    const options = { target, producers: '1', messages: '1', messageSize: '10' };
    for (const [option, durability] of [
      ['durability=persisted', 'group'],
      ['galgo.durability=none', 'none'],
    ] as const)
      assert.equal((await benchmark('pp', { ...options, topicOption: [option] })).server.durability, durability);
  });

  it('settings, machine and versions are read back', async () => {
    const { server: facts, machine, tool } = await benchmark('pp', { target, producers: '1', messages: '1' });
    assert.equal(facts.settings['engine.durability'], 'interval');
    assert.equal(facts.hostname, machine.hostname);
    assert.match(facts.fileSystem ?? '', / on /);
    assert.ok(facts.usage !== undefined && facts.usage.peakBytes > 1e7);
    assert.equal(tool.node, process.version);
  });
});
