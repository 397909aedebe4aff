// Ends of an engine: shutdown, the end of the process, the end of a worker thread.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { EngineStatus, noSlot } from '../../src/storage/engine.ts';
import { appendRequest, partitionOptions, RunningEngine } from './support/running-engine.ts';
import { encodeSample, sampleMessages } from './support/sample-batches.ts';

const scenarioFile = new URL('./support/engine-process.ts', import.meta.url);
// Engines that end abruptly leave their folders behind.
const temporary = mkdtempSync(path.join(os.tmpdir(), 'galgo-lifecycle-'));
const environment = { ...process.env, TMPDIR: temporary };

after(() => rmSync(temporary, { recursive: true }));

async function run(scenario: string): Promise<{ code: number | null; signal: string | null; output: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(scenarioFile), scenario], { timeout: 30_000, env: environment });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [code, signal] = await once(child, 'close');
  return { code, signal, output };
}

function startWorker(scenario: string): Worker {
  const register = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const start = `import(${register}).then((tsx) => { tsx.register(); return import(${JSON.stringify(scenarioFile.href)}); })`;
  return new Worker(start, { eval: true, workerData: scenario, env: environment, execArgv: [] });
}

describe('shutdown', () => {
  it('is refused while requests are outstanding, and may come out of the last callback', async () => {
    const running = new RunningEngine();
    const { engine } = running;
    let handle = 0;
    await new Promise<void>((resolve) => {
      handle = engine.open(`${running.folder}/partition`, partitionOptions, () => resolve());
      assert.throws(() => engine.shutdown(), /1 requests are outstanding/);
    });
    await new Promise<void>((resolve, reject) => {
      engine.close(handle, () => {
        try {
          engine.shutdown();
          resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
    await running.stop();
  });

  it('leaves an engine that answers everything and does nothing', async () => {
    const running = new RunningEngine();
    const { engine } = running;
    const handle = await running.open();
    const slot = engine.acquireSlot(4096);
    const buffer = engine.slotBuffer(slot);
    await running.stop();

    const unexpected = (): void => assert.fail('completed');
    const bytes = encodeSample('classic', sampleMessages(1, 10), engine.xxh3);
    assert.equal(engine.append(handle, appendRequest({ bytes }), unexpected), EngineStatus.closed);
    assert.equal(engine.loadOffset(handle, 1, 1), undefined);
    assert.equal(engine.stats(handle).state, 'closed');
    assert.throws(() => engine.flush(handle, true, unexpected), /shut down/);
    assert.throws(() => engine.open(running.folder, partitionOptions, unexpected), /shut down/);

    assert.equal(buffer.length, 0, 'a view of memory that is gone is empty');
    assert.throws(() => engine.slotBuffer(slot), /not held/);
    engine.releaseSlot(slot);
    engine.trim();
    assert.equal(engine.acquireSlot(1), noSlot);
    assert.deepEqual(engine.bufferStats(), { bytesInUse: 0, bytesResident: 0, bytesMax: 0 });
  });
});

describe('a process', () => {
  it('stays for a request in flight, and ends when the engine is idle', async () => {
    assert.deepEqual(await run('append and stay open'), { code: 0, signal: null, output: 'appended 1\n' });
  });

  it('ends on what a callback throws, as on any uncaught exception', async () => {
    const { code, output } = await run('callback throws');
    assert.equal(code, 1);
    assert.match(output, /Error: thrown by a callback/);
  });

  it('may exit with requests in flight', async () => {
    assert.deepEqual(await run('exit in flight'), { code: 7, signal: null, output: '' });
  });
});

describe('worker threads', () => {
  it('have engines of their own, side by side', async () => {
    const workers = Array.from({ length: 3 }, () => startWorker('append and report'));
    const reports = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]));
    assert.deepEqual(reports, [{ count: 1 }, { count: 1 }, { count: 1 }]);
    await Promise.all(workers.map((worker) => worker.terminate()));
  });

  it('may be terminated with requests in flight', async () => {
    for (let i = 0; i < 5; i++) {
      const worker = startWorker('append for ever');
      await once(worker, 'message');
      await worker.terminate();
    }
  });
});
