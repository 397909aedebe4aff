// Wrong use of the engine throws, names what is wrong, and does nothing else.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  type AppendRequest,
  type EngineOptions,
  EngineStatus,
  type PartitionOptions,
  type PollRequest,
  type SlotRange,
} from '../../src/storage/engine.ts';
import { createEngine } from '../../src/storage/native-engine.ts';
import { appendRequest, engineOptions, partitionOptions, pollRequest, RunningEngine, settled } from './support/running-engine.ts';
import { encodeSample, sampleMessages } from './support/sample-batches.ts';

/** None of these is a u32. */
const notU32: readonly number[] = [
  -1,
  0.5,
  2 ** 32,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  undefined as unknown as number,
  'x' as unknown as number,
];

const ignore = (): void => undefined;

let running: RunningEngine;
let handle: number;
let bytes: Uint8Array;

before(async () => {
  running = new RunningEngine();
  handle = await running.open();
  bytes = encodeSample('classic', sampleMessages(4, 100), running.engine.xxh3);
  await running.append(handle, appendRequest({ bytes, count: 4 }));
});

after(async () => {
  // What was refused has neither changed the partition nor kept a buffer.
  assert.equal(running.engine.stats(handle).messages, 4);
  assert.equal(running.engine.bufferStats().bytesInUse, 0);
  await running.stop();
});

describe('append', () => {
  const refused = (request: Partial<AppendRequest>, error: RegExp): void =>
    assert.throws(() => running.engine.append(handle, appendRequest({ bytes, count: 4, ...request }), ignore), error);

  it('refuses numbers that are no u32', () => {
    for (const number of notU32) {
      for (const field of ['slot', 'start', 'length', 'count', 'userId'] as const)
        refused({ [field]: number }, new RegExp(`RangeError: ${field} is `));
      if (number !== -1) refused({ headerStart: number }, /RangeError: headerStart is /);
      assert.throws(() => running.engine.append(number, appendRequest({ bytes }), ignore), /RangeError: handle is /);
    }
  });

  it('refuses positions outside of the bytes', () => {
    refused({ start: 1 }, /RangeError: start and length reach past the end/);
    refused({ length: bytes.length + 1 }, /past the end/);
    refused({ start: 0xffff_ffff, length: 0xffff_ffff }, /past the end/);
    refused({ headerStart: bytes.length - 255 }, /RangeError: headerStart leaves no room/);
    refused({ headerStart: 0xffff_ffff }, /headerStart leaves no room/);
  });

  it('refuses bytes that are not a Uint8Array', () => {
    for (const other of [
      undefined,
      null,
      'bytes',
      {},
      new ArrayBuffer(600),
      new Uint16Array(300),
      new DataView(new ArrayBuffer(600)),
      [1, 2],
    ]) {
      const request = { ...appendRequest({ bytes }), bytes: other as Uint8Array };
      assert.throws(() => running.engine.append(handle, request, ignore), /TypeError: bytes is not a Uint8Array/);
    }
    const detached = new Uint8Array(600);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    refused({ bytes: detached, length: 600 }, /past the end/);
  });

  it('refuses slots that the caller does not hold, and bytes that lie elsewhere', () => {
    const { engine } = running;
    for (const slot of [0, 1, 12_345, 0xffff_fffe]) refused({ slot }, /RangeError: slot \d+ is not held/);
    const slot = engine.acquireSlot(4096);
    const neighbour = engine.acquireSlot(4096);
    refused({ slot }, /RangeError: bytes is not a view of the slot/);
    refused({ slot, bytes: engine.slotBuffer(neighbour), length: 100 }, /not a view of the slot/);
    const ours = engine.slotBuffer(slot);
    engine.releaseSlot(neighbour);
    engine.releaseSlot(slot);
    refused({ slot, bytes: ours, length: 100 }, /is not held/);
  });

  it('answers an unknown handle with a status', () => {
    assert.equal(running.engine.append(0xffff_ffff, appendRequest({ bytes, count: 4 }), ignore), EngineStatus.closed);
    assert.equal(running.engine.poll(0xffff_ffff, pollRequest(), ignore), EngineStatus.closed);
    assert.equal(running.engine.stats(0xffff_ffff).state, 'closed');
  });
});

describe('restore and checkStored', () => {
  const slotOf = () => running.engine.acquireSlot(1000);

  it('refuse slots that are not held, and positions outside of them', () => {
    const slot = slotOf();
    const { length } = running.engine.slotBuffer(slot);
    const wrong: [Partial<SlotRange>, RegExp][] = [
      [{ slot: slot + 1000 }, /RangeError/],
      [{ start: length + 1 }, /past the end of the slot/],
      [{ start: 1, length }, /past the end of the slot/],
      [{ start: 0xffff_ffff, length: 0xffff_ffff }, /past the end of the slot/],
      ...notU32.map((number): [Partial<SlotRange>, RegExp] => [{ length: number }, /RangeError: length is /]),
    ];
    for (const [range, error] of wrong) {
      const given = { slot, start: 0, length: 10, ...range };
      assert.throws(() => running.engine.restore(handle, 'classic', given, ignore), error);
      assert.throws(() => running.engine.checkStored('classic', given, 0n), error);
    }
    assert.throws(() => running.engine.checkStored('classic', { slot, start: 0, length: 10 }, -1n), /RangeError: expectedOffset is /);
    running.engine.releaseSlot(slot);
  });

  it('keep a slot until the engine is done with it', async () => {
    const slot = slotOf();
    const range = { slot, start: 0, length: 10 };
    const { status } = await settled((done) => {
      running.engine.restore(handle, 'classic', range, done);
      assert.throws(() => running.engine.releaseSlot(slot), /RangeError/);
      assert.throws(() => running.engine.checkStored('classic', range, 0n), /RangeError/);
    });
    assert.equal(status, 3);
    running.engine.releaseSlot(slot);
  });
});

describe('poll', () => {
  const refused = (request: Partial<Record<keyof PollRequest, unknown>>, error: RegExp): void =>
    assert.throws(() => running.engine.poll(handle, { ...pollRequest(), ...request } as PollRequest, ignore), error);

  it('refuses numbers that are no u32, and enumerations that do not exist', () => {
    for (const number of notU32) {
      for (const field of ['count', 'headroom', 'consumerId'] as const)
        refused({ [field]: number }, new RegExp(`RangeError: ${field} is `));
      refused({ valueLow: number }, /RangeError: value is /);
      refused({ valueHigh: number }, /RangeError: value is /);
    }
    for (const strategy of [0, 6, -1, 1.5]) refused({ strategy }, /RangeError: strategy is .*, expected an integer from 1 to 5/);
    for (const consumerKind of [0, 3]) refused({ consumerKind }, /RangeError: consumerKind is /);
    for (const bytesMax of [-1, 2 ** 53, Number.NaN]) refused({ bytesMax }, /RangeError: bytesMax is /);
  });

  it('with the largest numbers there are finds what is there', async () => {
    const all = { count: 0xffff_ffff, bytesMax: Number.MAX_SAFE_INTEGER };
    const { count, slot } = await running.poll(handle, all);
    assert.equal(count, 4);
    running.engine.releaseSlot(slot);
    assert.equal((await running.poll(handle, { ...all, valueLow: 0xffff_ffff, valueHigh: 0xffff_ffff })).count, 0);
    const status = running.engine.poll(handle, pollRequest({ headroom: 0xffff_ffff }), ignore);
    assert.equal(status, EngineStatus.outOfMemory);
  });
});

describe('slots', () => {
  it('are refused when they are not held', () => {
    const { engine } = running;
    for (const number of notU32) {
      assert.throws(() => engine.releaseSlot(number), /RangeError: slot is /);
      if (typeof number === 'number') assert.throws(() => engine.slotBuffer(number), /RangeError: slot is /);
    }
    for (const slot of [0xffff_fffe, 99_999]) {
      assert.throws(() => engine.releaseSlot(slot), /is not held/);
      assert.throws(() => engine.slotBuffer(slot), /is not held/);
    }
    const slot = engine.acquireSlot(1);
    engine.releaseSlot(slot);
    assert.throws(() => engine.releaseSlot(slot), /is not held/);
    for (const size of [-1, Number.NaN, 2 ** 53, 1.5]) assert.throws(() => engine.acquireSlot(size), /RangeError: bytes is /);
    assert.equal(engine.acquireSlot(Number.MAX_SAFE_INTEGER), 0xffff_ffff);
  });
});

describe('the rest', () => {
  it('open refuses wrong options and directories', () => {
    const { engine } = running;
    const refused = (options: Partial<Record<keyof PartitionOptions, unknown>>, error: RegExp): void =>
      assert.throws(() => engine.open(`${running.folder}/x`, { ...partitionOptions, ...options } as PartitionOptions, ignore), error);
    refused({ partitionId: -1 }, /RangeError: partitionId is /);
    refused({ incarnation: -1n }, /RangeError: incarnation is /);
    refused({ incarnation: 2n ** 64n }, /RangeError: incarnation is /);
    refused({ segmentBytes: 0 }, /RangeError: segmentBytes is /);
    refused({ durability: 'always' }, /RangeError: durability is nan/);
    for (const directory of ['', 'a\0b'])
      assert.throws(() => engine.open(directory, partitionOptions, ignore), /RangeError: directory is empty or/);
    assert.throws(() => engine.open(7 as unknown as string, partitionOptions, ignore), /TypeError: directory is not a string/);
  });

  it('offsets that are no u64 are refused', () => {
    for (const offset of [-1n, 2n ** 64n]) {
      assert.throws(() => running.engine.storeOffset(handle, 1, 1, offset, ignore), /RangeError: offset is /);
      assert.throws(() => running.engine.deleteSegments(handle, 1, offset, ignore), /RangeError: lastOffsetMax is /);
    }
    assert.throws(() => running.engine.loadOffset(handle, 3 as 1, 1), /RangeError: kind is /);
  });

  it('unknown handles end with a status', async () => {
    const { engine } = running;
    for (const start of [
      (done: () => void) => engine.flush(4_000_000, true, done),
      (done: () => void) => engine.purge(4_000_000, done),
      (done: () => void) => engine.close(4_000_000, done),
      (done: () => void) => engine.deleteSegments(4_000_000, 1, 1n, done),
    ]) {
      assert.equal((await settled(start as Parameters<typeof settled>[0])).status, EngineStatus.closed);
    }
  });

  it('engines with options out of range do not start', () => {
    const refused = (options: Partial<EngineOptions>, error: RegExp): void =>
      assert.throws(() => createEngine({ ...engineOptions, ...options }), error);
    refused({ ioThreads: 0 }, /RangeError: ioThreads is 0, expected an integer from 1 to 256/);
    refused({ syncThreads: 257 }, /RangeError: syncThreads is /);
    refused({ bufferBytesMax: -1 }, /RangeError: bufferBytesMax is /);
    refused({ syncIntervalMs: 0 }, /RangeError: syncIntervalMs is /);
    refused({ openFilesMax: Number.NaN }, /RangeError: openFilesMax is nan/);
  });

  it('hashes take Uint8Arrays alone', () => {
    const { engine } = running;
    assert.equal(engine.xxh32(Buffer.from('abc')), 0x32d153ff);
    assert.equal(engine.xxh3(Buffer.from('')), 0x2d06800538d394c2n);
    for (const wrong of ['abc', undefined, new Uint16Array(2), new ArrayBuffer(2)]) {
      assert.throws(() => engine.xxh32(wrong as unknown as Uint8Array), /TypeError: bytes is not a Uint8Array/);
      assert.throws(() => engine.xxh3(wrong as unknown as Uint8Array), /TypeError: bytes is not a Uint8Array/);
    }
  });
});
