// The engine against a model of a few lines: random appends of both generations, polls by every strategy, stored offsets, removals, purges and restarts.
// fast-check shrinks what fails to the shortest run of commands. TEST_MODEL_RUNS sets how many runs (40 in the short form), TEST_SEED repeats them.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { decodeClassicMessages } from '../../src/protocol/batch/classic-messages.ts';
import { decodeBatches } from '../../src/protocol/batch/vsr-batch.ts';
import type { Generation } from '../../src/protocol/command.ts';
import { engineEncryption } from '../../src/storage/encryption-keys.ts';
import {
  type CompletionCallback,
  type ConsumerKind,
  EngineStatus,
  noSlot,
  type PollRequest,
  type PollStrategyKind,
} from '../../src/storage/engine.ts';
import { appendRequest, type partitionOptions, RunningEngine, settled } from './support/running-engine.ts';
import { encodeSample } from './support/sample-batches.ts';

const runs = Number(process.env.TEST_MODEL_RUNS ?? 40);
const seed = process.env.TEST_SEED === undefined ? undefined : Number(process.env.TEST_SEED);

const strategies = { offset: 1, timestamp: 2, first: 3, last: 4, next: 5 } as const;

interface KnownMessage {
  payload: string;
  timestamp: number;
}

/** What a partition must answer. Offsets are positions: message `i` of `messages` has offset `i`. */
interface Model {
  messages: KnownMessage[];
  first: number;
  consumers: Map<string, number>;
  made: number;
}

interface Partition {
  running: RunningEngine;
  name: string;
  handle: number;
  options: Partial<typeof partitionOptions>;
}

const key = (kind: ConsumerKind, id: number) => `${kind}/${id}`;

async function reopen(real: Partition): Promise<void> {
  real.handle = await real.running.open({ ...real.options, create: false }, real.name);
}

class Append implements fc.AsyncCommand<Model, Partition> {
  readonly #generation: Generation;
  readonly #sizes: readonly number[];

  constructor(generation: Generation, sizes: readonly number[]) {
    this.#generation = generation;
    this.#sizes = sizes;
  }

  check = () => true;

  async run(model: Model, { running, handle }: Partition): Promise<void> {
    const payloads = this.#sizes.map((size) => `${model.made++}:${'x'.repeat(size)}`);
    const messages = payloads.map((payload, i) => ({
      id: BigInt(model.made + i),
      payload: Buffer.from(payload),
      headers: undefined,
      originTimestamp: 1_700_000_000_000_000n + BigInt(i),
    }));
    const bytes = encodeSample(this.#generation, messages, running.engine.xxh3);
    const done = await running.append(handle, appendRequest({ generation: this.#generation, bytes, count: messages.length }));
    assert.equal(done.status, EngineStatus.ok);
    assert.deepEqual([done.firstOffset, done.count], [model.messages.length, messages.length]);
    const { lastTimestamp } = running.engine.stats(handle);
    for (const payload of payloads) model.messages.push({ payload, timestamp: lastTimestamp });
  }

  toString = () => `append ${this.#generation} [${this.#sizes}]`;
}

class Poll implements fc.AsyncCommand<Model, Partition> {
  readonly #generation: Generation;
  readonly #strategy: keyof typeof strategies;
  readonly #place: number;
  readonly #count: number;
  readonly #bytesMax: number;
  readonly #consumer: readonly [ConsumerKind, number];
  readonly #autoCommit: boolean;

  constructor(
    generation: Generation,
    strategy: keyof typeof strategies,
    place: number,
    count: number,
    bytesMax: number,
    consumer: readonly [ConsumerKind, number],
    autoCommit: boolean,
  ) {
    this.#generation = generation;
    this.#strategy = strategy;
    this.#place = place;
    this.#count = count;
    this.#bytesMax = bytesMax;
    this.#consumer = consumer;
    this.#autoCommit = autoCommit;
  }

  check = () => true;

  async run(model: Model, { running, handle }: Partition): Promise<void> {
    const { messages, first } = model;
    const picked = Math.floor(this.#place * (messages.length + 2));
    let value = 0;
    let from = first;
    switch (this.#strategy) {
      case 'offset':
        value = picked;
        from = Math.max(first, picked);
        break;
      case 'timestamp':
        value = messages[picked]?.timestamp ?? 0;
        from = messages.findIndex(({ timestamp }, offset) => offset >= first && timestamp >= value);
        if (from < 0) from = messages.length;
        break;
      case 'first':
        break;
      case 'last':
        from = Math.max(first, messages.length - this.#count);
        break;
      case 'next':
        from = Math.max(first, (model.consumers.get(key(...this.#consumer)) ?? -1) + 1);
    }
    const [consumerKind, consumerId] = this.#consumer;
    const request: Partial<PollRequest> = {
      generation: this.#generation,
      strategy: strategies[this.#strategy] as PollStrategyKind,
      valueLow: value % 2 ** 32,
      valueHigh: Math.floor(value / 2 ** 32),
      count: this.#count,
      bytesMax: this.#bytesMax,
      consumerKind,
      consumerId,
      autoCommit: this.#autoCommit,
    };
    const { status, slot, start, length } = await running.poll(handle, request);
    assert.equal(status, EngineStatus.ok);
    const expected = messages.slice(from, from + this.#count).map(({ payload }, i) => [from + i, payload]);
    if (slot === noSlot) {
      assert.deepEqual(expected, []);
      return;
    }
    const bytes = Buffer.from(running.engine.slotBuffer(slot).subarray(start, start + length));
    running.engine.releaseSlot(slot);
    const decoded = this.#generation === 'vsr' ? decodeBatches(bytes) : decodeClassicMessages(bytes);
    const delivered = decoded.map(({ offset, payload }) => [Number(offset), Buffer.from(payload).toString()]);
    // A byte cap may end the reply early, but not before the first message.
    assert.ok(delivered.length > 0);
    assert.deepEqual(delivered, expected.slice(0, delivered.length));
    if (delivered.length < expected.length) {
      const next = messages[from + delivered.length]?.payload.length ?? 0;
      assert.ok(bytes.length + next + 304 > this.#bytesMax, 'a reply ends before its cap');
    }
    if (this.#autoCommit) model.consumers.set(key(...this.#consumer), from + delivered.length - 1);
  }

  toString = () =>
    `poll ${this.#generation} ${this.#strategy} at ${this.#place} count ${this.#count} bytes ${this.#bytesMax} by ${this.#consumer} commit ${this.#autoCommit}`;
}

class StoreOffset implements fc.AsyncCommand<Model, Partition> {
  readonly #consumer: readonly [ConsumerKind, number];
  readonly #place: number;

  constructor(consumer: readonly [ConsumerKind, number], place: number) {
    this.#consumer = consumer;
    this.#place = place;
  }

  check = ({ messages }: Readonly<Model>) => messages.length > 0;

  async run(model: Model, { running, handle }: Partition): Promise<void> {
    const offset = Math.floor(this.#place * model.messages.length);
    const [kind, id] = this.#consumer;
    assert.equal(await offsetCall((done) => running.engine.storeOffset(handle, kind, id, BigInt(offset), done)), EngineStatus.ok);
    model.consumers.set(key(kind, id), offset);
    assert.equal(running.engine.loadOffset(handle, kind, id), BigInt(offset));
  }

  toString = () => `store offset at ${this.#place} by ${this.#consumer}`;
}

class DeleteOffset implements fc.AsyncCommand<Model, Partition> {
  readonly #consumer: readonly [ConsumerKind, number];

  constructor(consumer: readonly [ConsumerKind, number]) {
    this.#consumer = consumer;
  }

  check = ({ consumers }: Readonly<Model>) => consumers.has(key(...this.#consumer));

  async run(model: Model, { running, handle }: Partition): Promise<void> {
    const [kind, id] = this.#consumer;
    assert.equal(await offsetCall((done) => running.engine.deleteOffset(handle, kind, id, done)), EngineStatus.ok);
    model.consumers.delete(key(kind, id));
    assert.equal(running.engine.loadOffset(handle, kind, id), undefined);
  }

  toString = () => `delete offset of ${this.#consumer}`;
}

/** Requests that change the partition as a whole. */
class Control implements fc.AsyncCommand<Model, Partition> {
  readonly #name: string;
  readonly #run: (model: Model, real: Partition) => Promise<void>;

  constructor(name: string, run: (model: Model, real: Partition) => Promise<void>) {
    this.#name = name;
    this.#run = run;
  }

  check = () => true;

  async run(model: Model, real: Partition): Promise<void> {
    await this.#run(model, real);
    const stats = real.running.engine.stats(real.handle);
    assert.deepEqual(
      [stats.state, stats.firstOffset, stats.nextOffset, stats.messages],
      ['ready', model.first, model.messages.length, model.messages.length - model.first],
    );
    for (const [consumer, offset] of model.consumers) {
      const [kind, id] = consumer.split('/').map(Number) as [ConsumerKind, number];
      assert.equal(real.running.engine.loadOffset(real.handle, kind, id), BigInt(offset));
    }
  }

  toString = () => this.#name;
}

const flush = new Control('flush', async (_model, { running, handle }) => {
  assert.equal((await settled((done) => running.engine.flush(handle, true, done))).status, EngineStatus.ok);
});

const purge = new Control('purge', async (model, { running, handle }) => {
  assert.equal((await settled((done) => running.engine.purge(handle, done))).status, EngineStatus.ok);
  model.messages = [];
  model.first = 0;
  model.consumers.clear();
});

const restart = new Control('close and open', async (_model, real) => {
  await real.running.close(real.handle);
  await reopen(real);
});

function deleteSegments(segments: number): Control {
  return new Control(`delete ${segments} segments`, async (model, { running, handle }) => {
    const before = running.engine.segments(handle);
    const lowest = Math.min(Number.MAX_SAFE_INTEGER, ...model.consumers.values());
    let removable = 0;
    while (removable < Math.min(segments, before.length - 1) && (before[removable]?.lastOffset ?? 0) <= lowest) removable++;
    const done = await settled((callback) => running.engine.deleteSegments(handle, segments, BigInt(model.messages.length), callback));
    assert.deepEqual([done.status, done.count], [EngineStatus.ok, removable]);
    model.first = before[removable]?.firstOffset ?? 0;
  });
}

async function offsetCall(start: (done: CompletionCallback) => number): Promise<number> {
  let status = 0;
  const queued = settled((done) => {
    status = start(done);
  });
  return status === EngineStatus.queued ? (await queued).status : status;
}

const generation = fc.constantFrom<Generation>('classic', 'vsr');
const consumer = fc.tuple(fc.constantFrom<ConsumerKind>(1, 2), fc.integer({ min: 1, max: 2 }));
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const size = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 1, arbitrary: fc.integer({ min: 5000, max: 90_000 }) },
);
const bytesMax = fc.oneof(fc.constant(64 * 1024 * 1024), fc.integer({ min: 1, max: 5000 }));
const strategy = fc.constantFrom(...(Object.keys(strategies) as (keyof typeof strategies)[]));

const commands = fc.commands(
  [
    fc.tuple(generation, fc.array(size, { minLength: 1, maxLength: 5 })).map((made) => new Append(...made)),
    fc.tuple(generation, fc.array(size, { minLength: 1, maxLength: 5 })).map((made) => new Append(...made)),
    fc
      .tuple(generation, strategy, place, fc.integer({ min: 1, max: 30 }), bytesMax, consumer, fc.boolean())
      .map((made) => new Poll(...made)),
    fc
      .tuple(generation, strategy, place, fc.integer({ min: 1, max: 30 }), bytesMax, consumer, fc.boolean())
      .map((made) => new Poll(...made)),
    fc.tuple(consumer, place).map((made) => new StoreOffset(...made)),
    consumer.map((made) => new DeleteOffset(made)),
    fc.integer({ min: 1, max: 3 }).map(deleteSegments),
    fc.constantFrom(flush, restart, purge),
  ],
  { maxCommands: 60 },
);

const encryption = engineEncryption({ enabled: true, keys: [Buffer.alloc(32, 7).toString('base64')] });

for (const [durability, encrypted] of [
  ['none', false],
  ['none', true],
  ['group', false],
] as const) {
  const what = `a partition of durability ${durability}${encrypted ? ', encrypted,' : ''}`;
  it(`${what} answers as the model does, in ${runs} runs`, { timeout: 60_000 + runs * 2000 }, async () => {
    const running = new RunningEngine({ inlineAppendBytesMax: 8192, ...(encrypted ? { encryption } : {}) });
    let folders = 0;
    try {
      await fc.assert(
        fc.asyncProperty(commands, fc.constantFrom(600, 5000, 1024 * 1024), async (chosen, segmentBytes) => {
          const real = await newPartition(running, `${folders++}`, { durability, offsetDurability: durability, segmentBytes });
          await fc.asyncModelRun(() => ({ model: { messages: [], first: 0, consumers: new Map(), made: 0 }, real }), chosen);
          await running.close(real.handle);
        }),
        { numRuns: runs, ...(seed === undefined ? {} : { seed }) },
      );
      assert.equal(running.engine.bufferStats().bytesInUse, 0);
    } finally {
      await running.stop();
    }
  });
}

async function newPartition(running: RunningEngine, name: string, options: Partition['options']): Promise<Partition> {
  return { running, name, options, handle: await running.open(options, name) };
}
