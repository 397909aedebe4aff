// One engine, several threads: each with completions and buffers of its own.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { CompletionRecord } from '../../src/storage/completion-record.ts';
import { attachEngine } from '../../src/storage/native-engine.ts';
import { startThread } from '../../src/workers/start-thread.ts';
import { pollRequest, RunningEngine } from './support/running-engine.ts';

const appends = 500;

function thread(running: RunningEngine, handle: number): Worker {
  return startThread(new URL('./support/attached-thread.ts', import.meta.url), { number: running.engine.number, handle, appends });
}

async function ask(worker: Worker, task: string): Promise<unknown> {
  worker.postMessage(task);
  return (await once(worker, 'message'))[0];
}

it('threads append to one partition side by side, and each gets its own answers', async () => {
  // Both ways of an append: at once, and through the threads of the engine.
  for (const inlineAppendBytesMax of [64 * 1024, 0]) {
    const running = new RunningEngine({ inlineAppendBytesMax });
    const handle = await running.open();
    const threads = [thread(running, handle), thread(running, handle), thread(running, handle)];
    await Promise.all(threads.map((worker) => ask(worker, 'append')));
    assert.equal(running.engine.stats(handle).messages, threads.length * appends * 4);
    for (const worker of threads) worker.postMessage('end');
    await Promise.all(threads.map((worker) => once(worker, 'exit')));
    await running.stop();
  }
});

it('a buffer that one thread passes can be taken once, by its number, and is released by who took it', async () => {
  const running = new RunningEngine();
  const handle = await running.open();
  const worker = thread(running, handle);
  await ask(worker, 'append');
  const words = (await ask(worker, 'poll')) as Uint32Array<ArrayBuffer>;
  const polled = new CompletionRecord(words.buffer, 0);
  const { engine } = running;
  assert.throws(() => engine.slotBuffer(polled.slot), /is not held/);
  engine.takeSlot(polled.slot);
  const messages = Buffer.from(engine.slotBuffer(polled.slot).subarray(polled.start, polled.start + polled.length));
  engine.poll(handle, pollRequest({}), () => assert.fail('inline'));
  const { slot, start, length } = engine.result;
  assert.deepEqual(messages, engine.slotBuffer(slot).subarray(start, start + length));
  assert.throws(() => engine.takeSlot(polled.slot), /was not passed/);
  engine.releaseSlot(slot);
  engine.releaseSlot(polled.slot);
  assert.throws(() => engine.passSlot(polled.slot), /is not held/);
  worker.postMessage('end');
  await once(worker, 'exit');
  assert.equal(engine.bufferStats().bytesInUse, 0);
  await running.stop();
});

it('memory that one takes is counted for all, and may be given by another', async () => {
  const running = new RunningEngine();
  const attached = attachEngine(running.engine.number);
  assert(attached.takeMemory(1000));
  assert.equal(running.engine.memoryStats().taken, 1000);
  running.engine.giveMemory(1000);
  assert.equal(attached.memoryStats().taken, 0);
  assert.throws(() => attached.giveMemory(1), RangeError);
  attached.shutdown();
  await running.stop();
});

it('a thread that ends with requests under way takes nothing with it', async () => {
  const running = new RunningEngine({ inlineAppendBytesMax: 0 });
  const handle = await running.open();
  for (let round = 0; round < 5; round++) {
    const worker = thread(running, handle);
    await ask(worker, 'flood');
    await worker.terminate();
  }
  await running.close(handle);
  assert.equal(running.engine.bufferStats().bytesInUse, 0);
  await running.stop();
});

it('an engine that is gone cannot be attached to', async () => {
  const running = new RunningEngine();
  const { number } = running.engine;
  await running.stop();
  assert.throws(() => attachEngine(number), /no engine with this number/);
});
