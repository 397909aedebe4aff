import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { decodeClassicMessages } from '../../src/protocol/batch/classic-messages.ts';
import { decodeBatches } from '../../src/protocol/batch/vsr-batch.ts';
import type { Generation } from '../../src/protocol/command.ts';
import { type EngineOptions, EngineStatus, noSlot, type PollRequest } from '../../src/storage/engine.ts';
import { appendRequest, outcome, partitionOptions, pollRequest, RunningEngine, settled } from './support/running-engine.ts';
import { encodeSample, sampleMessages } from './support/sample-batches.ts';

const generations: readonly Generation[] = ['classic', 'vsr'];

let running: RunningEngine;

function start(options: Partial<EngineOptions> = {}, onError?: (error: unknown) => void): RunningEngine {
  running = new RunningEngine(options, onError);
  return running;
}

afterEach(() => running.stop());

async function readBack(handle: number, generation: Generation, poll: Partial<PollRequest> = {}) {
  const { slot, start, length, count } = await running.poll(handle, { generation, ...poll });
  if (slot === noSlot) return [];
  const bytes = Buffer.from(running.engine.slotBuffer(slot).subarray(start, start + length));
  running.engine.releaseSlot(slot);
  const messages = generation === 'vsr' ? decodeBatches(bytes) : decodeClassicMessages(bytes);
  assert.equal(messages.length, count);
  return messages;
}

const contents = (messages: readonly { id: bigint; payload: Uint8Array }[]) =>
  messages.map(({ id, payload }) => ({ id, payload: Buffer.from(payload) }));

describe('append and poll', () => {
  for (const generation of generations) {
    it(`an inline ${generation} append is read back`, async () => {
      const { engine } = start();
      const handle = await running.open();
      const messages = sampleMessages(10, 100);
      const bytes = encodeSample(generation, messages, engine.xxh3);
      const status = engine.append(handle, appendRequest({ generation, bytes, count: 10 }), () => assert.fail('completed twice'));
      assert.equal(status, EngineStatus.ok);
      const { count, firstOffset, lastOffset, currentOffset, slot } = outcome(engine.result);
      assert.deepEqual([count, firstOffset, lastOffset, currentOffset, slot], [10, 0, 9, 9, noSlot]);
      assert.ok(Math.abs(engine.result.timestamp / 1000 - Date.now()) < 60_000);
      assert.deepEqual(contents(await readBack(handle, generation)), contents(messages));
    });

    it(`a queued ${generation} append out of a slot is read back, and the slot is the caller's again`, async () => {
      const { engine } = start({ inlineAppendBytesMax: 0 });
      const handle = await running.open();
      const messages = sampleMessages(3, 50_000);
      const batch = encodeSample(generation, messages, engine.xxh3);
      const slot = engine.acquireSlot(batch.length + 300);
      const bytes = engine.slotBuffer(slot);
      bytes.set(batch, 300);

      const request = appendRequest({ generation, slot, bytes, start: 300, length: batch.length, count: 3, userId: 7, headerStart: 0 });
      const done = settled((callback) => assert.equal(engine.append(handle, request, callback), EngineStatus.queued));
      assert.throws(() => engine.releaseSlot(slot), /slot \d+ is in the engine's use/);
      assert.throws(() => engine.append(handle, request, () => undefined), /in the engine's use/);
      Object.assign(request, { start: -1, count: -1 });
      const { status, count, lastOffset, slot: slotOfResult } = await done;
      assert.deepEqual([status, count, lastOffset, slotOfResult], [EngineStatus.ok, 3, 2, noSlot]);
      engine.releaseSlot(slot);

      assert.deepEqual(contents(await readBack(handle, generation)), contents(messages));
      assert.equal(engine.bufferStats().bytesInUse, 0);
    });
  }

  it('borrowed bytes of a queued append may be overwritten at once', async () => {
    const { engine } = start({ inlineAppendBytesMax: 0 });
    const handle = await running.open();
    for (const generation of generations) {
      const bytes = encodeSample(generation, sampleMessages(2, 100), engine.xxh3);
      const done = running.append(handle, appendRequest({ generation, bytes, count: 2 }));
      bytes.fill(0xee);
      assert.equal((await done).status, EngineStatus.ok);
    }
    const payloads = (await readBack(handle, 'vsr')).map(({ payload }) => payload[0]);
    assert.deepEqual(payloads, [0, 1, 0, 1]);
  });

  it('requests made before the partition is ready wait for it', async () => {
    const { engine } = start();
    const bytes = encodeSample('classic', sampleMessages(1, 10), engine.xxh3);
    let handle = 0;
    const opened = settled((done) => {
      handle = engine.open(`${running.folder}/partition`, partitionOptions, done);
    });
    const appended = await running.append(handle, appendRequest({ bytes }));
    assert.equal(appended.count, 1);
    assert.equal((await opened).status, EngineStatus.ok);
    await running.close(handle);
  });

  it('a poll leaves headroom before the messages, and returns as many as asked from the offset on', async () => {
    const { engine } = start();
    const handle = await running.open();
    const bytes = encodeSample('classic', sampleMessages(20, 100), engine.xxh3);
    await running.append(handle, appendRequest({ bytes, count: 20 }));
    const { slot, start: first, count, firstOffset, currentOffset } = await running.poll(handle, { headroom: 333, valueLow: 5, count: 4 });
    assert.ok(first >= 333);
    assert.deepEqual([count, firstOffset, currentOffset], [4, 5, 19]);
    engine.releaseSlot(slot);
  });

  it('nothing to read is no slot', async () => {
    start();
    const handle = await running.open();
    const { status, slot, count } = await running.poll(handle);
    assert.deepEqual({ status, slot, count }, { status: 0, slot: noSlot, count: 0 });
  });

  it('a damaged batch is refused with its wire status and changes nothing', async () => {
    const { engine } = start();
    const handle = await running.open();
    const bytes = encodeSample('vsr', sampleMessages(2, 100), engine.xxh3);
    bytes[bytes.length - 1] = 0xff;
    assert.equal(
      engine.append(handle, appendRequest({ generation: 'vsr', bytes, count: 2 }), () => undefined),
      4027,
    );
    assert.equal(
      engine.append(handle, appendRequest({ bytes: bytes.subarray(0, 10), count: 2 }), () => undefined),
      3,
    );
    assert.equal(engine.stats(handle).messages, 0);
  });
});

describe('completions', () => {
  it('those that gather while the thread is busy arrive with one wake-up', async () => {
    const { engine } = start({ inlineAppendBytesMax: 0 });
    const handle = await running.open();
    const bytes = encodeSample('classic', sampleMessages(1, 100), engine.xxh3);
    const offsets: number[] = [];
    let wakeUps = 0;
    let counted = false;
    for (let i = 0; i < 10_000; i++) {
      const status = engine.append(handle, appendRequest({ bytes }), (completion) => {
        offsets.push(completion.firstOffset);
        if (counted) return;
        counted = true;
        wakeUps++;
        queueMicrotask(() => {
          counted = false;
        });
      });
      assert.equal(status, EngineStatus.queued);
    }
    while (engine.stats(handle).nextOffset < 10_000) pause(1);
    pause(50);
    assert.equal(offsets.length, 0);
    while (offsets.length < 10_000) await nextTurn();
    assert.deepEqual(
      offsets,
      Array.from({ length: 10_000 }, (_, i) => i),
    );
    assert.equal(wakeUps, 1);
  });

  it('a callback may start requests, which get numbers of their own', async () => {
    const { engine } = start({ inlineAppendBytesMax: 0 });
    const handle = await running.open();
    const bytes = encodeSample('classic', sampleMessages(1, 100), engine.xxh3);
    let done = 0;
    await new Promise<void>((resolve) => {
      const chain = (left: number): void => {
        engine.append(handle, appendRequest({ bytes }), () => {
          done++;
          if (left > 0) chain(left - 1);
          else if (done === 50 * 20) resolve();
        });
      };
      for (let i = 0; i < 50; i++) chain(19);
    });
    assert.equal(engine.stats(handle).nextOffset, 1000);
  });

  it('an exception in a callback goes to the error handler, and the other callbacks run', async () => {
    const errors: unknown[] = [];
    const { engine } = start({ inlineAppendBytesMax: 0 }, (error) => errors.push(error));
    const handle = await running.open();
    const bytes = encodeSample('classic', sampleMessages(1, 100), engine.xxh3);
    const done = Array.from({ length: 10 }, (_, i) =>
      settled((callback) => {
        engine.append(handle, appendRequest({ bytes }), (completion) => {
          callback(completion);
          if (i % 2 === 1) throw new Error(`callback ${i}`);
        });
      }),
    );
    await Promise.all(done);
    assert.deepEqual(
      errors.map((error) => (error as Error).message),
      ['callback 1', 'callback 3', 'callback 5', 'callback 7', 'callback 9'],
    );
  });

  it('an inline result survives what a callback does, and the other way round', async () => {
    const { engine } = start();
    const slow = await running.open({ durability: 'group' }, 'slow');
    const fast = await running.open({}, 'fast');
    const bytes = encodeSample('classic', sampleMessages(2, 100), engine.xxh3);
    await new Promise<void>((resolve) => {
      engine.append(slow, appendRequest({ bytes, count: 2 }), (completion) => {
        for (let i = 0; i < 3; i++) engine.append(fast, appendRequest({ bytes, count: 2 }), () => assert.fail('queued'));
        assert.equal(completion.lastOffset, 1);
        assert.equal(engine.result.lastOffset, 5);
        resolve();
      });
    });
  });
});

describe('consumer offsets', () => {
  it('are stored, loaded and deleted, up to the end of the partition', async () => {
    const { engine } = start();
    const handle = await running.open();
    const bytes = encodeSample('classic', sampleMessages(10, 10), engine.xxh3);
    await running.append(handle, appendRequest({ bytes, count: 10 }));
    const unexpected = (): void => assert.fail('queued');
    assert.equal(engine.loadOffset(handle, 1, 42), undefined);
    assert.equal(engine.storeOffset(handle, 1, 42, 7n, unexpected), EngineStatus.ok);
    assert.equal(engine.loadOffset(handle, 1, 42), 7n);
    assert.equal(engine.loadOffset(handle, 2, 42), undefined);
    assert.equal(engine.storeOffset(handle, 1, 42, 10n, unexpected), 4100);
    assert.equal(engine.storeOffset(handle, 1, 42, 2n ** 64n - 1n, unexpected), 4100);
    assert.equal(engine.deleteOffset(handle, 1, 42, unexpected), EngineStatus.ok);
    assert.equal(engine.deleteOffset(handle, 1, 42, unexpected), 3021);
  });

  it('of a partition with group durability complete after their sync', async () => {
    const { engine } = start();
    const handle = await running.open({ offsetDurability: 'group' });
    const bytes = encodeSample('classic', sampleMessages(10, 10), engine.xxh3);
    await running.append(handle, appendRequest({ bytes, count: 10 }));
    const stored = await settled((done) => assert.equal(engine.storeOffset(handle, 2, 1, 3n, done), EngineStatus.queued));
    assert.equal(stored.status, EngineStatus.ok);
    assert.equal(engine.loadOffset(handle, 2, 1), 3n);
  });

  it('an auto-commit moves the offset that the next poll goes on from', async () => {
    const { engine } = start();
    const handle = await running.open();
    const bytes = encodeSample('classic', sampleMessages(10, 10), engine.xxh3);
    await running.append(handle, appendRequest({ bytes, count: 10 }));
    const next = { strategy: 5, count: 4, autoCommit: true } as const;
    const ids = [];
    for (let i = 0; i < 4; i++) ids.push((await readBack(handle, 'classic', next)).map(({ id }) => Number(id)));
    assert.deepEqual(ids, [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10], []]);
  });
});

describe('partitions', () => {
  it('keep their messages over close and open, and the identity they were created with', async () => {
    const { engine } = start();
    const handle = await running.open();
    const bytes = encodeSample('classic', sampleMessages(5, 10), engine.xxh3);
    await running.append(handle, appendRequest({ bytes, count: 5 }));
    await running.close(handle);
    assert.equal(
      engine.append(handle, appendRequest({ bytes, count: 5 }), () => undefined),
      EngineStatus.closed,
    );
    const again = await running.open({ create: false });
    assert.equal((await readBack(again, 'classic')).length, 5);
    const other = await settled((done) => engine.open(`${running.folder}/partition2`, { ...partitionOptions, create: false }, done));
    assert.equal(other.status, EngineStatus.fenced);
  });

  it('flush, retention, purge and new options do what their figures say', async () => {
    const { engine } = start();
    const handle = await running.open({ segmentBytes: 4096 });
    const bytes = encodeSample('classic', sampleMessages(10, 400), engine.xxh3);
    for (let i = 0; i < 10; i++) await running.append(handle, appendRequest({ bytes, count: 10 }));
    assert.equal((await settled((done) => engine.flush(handle, true, done))).status, EngineStatus.ok);
    const before = engine.stats(handle);
    assert.deepEqual([before.state, before.nextOffset, before.messages, before.durableOffset], ['ready', 100, 100, 100]);
    assert.ok(before.segments > 5, `${before.segments} segments`);
    const segments = engine.segments(handle);
    assert.equal(segments.length, before.segments);
    assert.equal(segments[0]?.firstOffset, 0);
    for (const [index, segment] of segments.entries()) {
      const next = segments[index + 1];
      assert.equal(segment.lastOffset + 1, next?.firstOffset ?? before.nextOffset);
      if (next !== undefined && next.logicalBytes > 0) {
        assert.ok(segment.firstTimestamp <= segment.lastTimestamp && segment.lastTimestamp <= next.firstTimestamp);
      }
    }
    assert.equal(
      segments.reduce((sum, segment) => sum + segment.logicalBytes, 0),
      before.logicalBytes,
    );
    assert.equal((await settled((done) => engine.deleteSegments(handle, 3, 100n, done))).count, 3);
    assert.deepEqual(engine.segments(handle), segments.slice(3));
    assert.deepEqual(engine.segments(handle + 1), [], 'a handle that is none');
    assert.ok(engine.stats(handle).firstOffset > 0);
    assert.equal(engine.configure(handle, { ...partitionOptions, segmentBytes: 8192, durability: 'group' }), EngineStatus.ok);
    assert.equal((await settled((done) => engine.purge(handle, done))).status, EngineStatus.ok);
    assert.equal(engine.stats(handle).messages, 0);
  });
});

describe('buffers', () => {
  it('a slot has one Buffer, which shows what the next tenant writes', () => {
    const { engine } = start();
    const slot = engine.acquireSlot(5000);
    const buffer = engine.slotBuffer(slot);
    assert.ok(buffer.length >= 5000);
    buffer.write('one tenant');
    engine.releaseSlot(slot);
    assert.equal(engine.acquireSlot(5000), slot);
    assert.equal(engine.slotBuffer(slot), buffer);
    engine.releaseSlot(slot);
  });

  it('a slot above 64 MiB shows its whole memory to each tenant', () => {
    const { engine } = start();
    for (const mebibytes of [70, 90, 80]) {
      const slot = engine.acquireSlot(mebibytes * 1024 * 1024);
      const buffer = engine.slotBuffer(slot);
      assert.ok(buffer.length >= mebibytes * 1024 * 1024);
      assert.equal(engine.slotBuffer(slot), buffer);
      buffer[buffer.length - 1] = 1;
      engine.releaseSlot(slot);
    }
  });

  it('a spent budget is no slot, until one is released', () => {
    const { engine } = start({ bufferBytesMax: 1024 * 1024 });
    const slots: number[] = [];
    for (let slot = engine.acquireSlot(65_536); slot !== noSlot; slot = engine.acquireSlot(65_536)) slots.push(slot);
    assert.equal(slots.length, 16);
    assert.deepEqual(engine.bufferStats(), { bytesInUse: 1024 * 1024, bytesResident: 1024 * 1024, bytesMax: 1024 * 1024 });
    for (const slot of slots) engine.releaseSlot(slot);
    engine.trim();
    assert.deepEqual(engine.bufferStats(), { bytesInUse: 0, bytesResident: 0, bytesMax: 1024 * 1024 });
    engine.releaseSlot(engine.acquireSlot(65_536));
  });

  it('polls beyond the budget are refused, and leave nothing behind', async () => {
    const { engine } = start({ bufferBytesMax: 4 * 1024 * 1024, inlinePollBytesMax: 0 });
    const handle = await running.open();
    const bytes = encodeSample('vsr', sampleMessages(10, 50_000), engine.xxh3);
    for (let i = 0; i < 4; i++) await running.append(handle, appendRequest({ generation: 'vsr', bytes: Buffer.from(bytes), count: 10 }));
    const polls = await Promise.all(Array.from({ length: 20 }, () => settledPoll(handle)));
    assert.ok(polls.some(({ status }) => status === EngineStatus.outOfMemory));
    for (const { slot } of polls) if (slot !== noSlot) engine.releaseSlot(slot);
    assert.equal(engine.bufferStats().bytesInUse, 0);
  });
});

function settledPoll(handle: number) {
  return new Promise<{ status: number; slot: number }>((resolve) => {
    const status = running.engine.poll(handle, pollRequest({ generation: 'vsr' }), ({ status, slot }) => resolve({ status, slot }));
    if (status !== EngineStatus.queued) resolve({ status, slot: status === EngineStatus.ok ? running.engine.result.slot : noSlot });
  });
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
