import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createProcessStats, semverNumber } from '../../src/streaming/process-stats.ts';

const nowMs = 1_700_000_000_000;
const clock = { nowMs: () => nowMs };

function burn(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('the statistics of the process', () => {
  it('name the process, the machine and the version', () => {
    const stats = createProcessStats(os.tmpdir(), clock, '1.22.333')();
    assert.equal(stats.processId, process.pid);
    assert.equal(stats.hostname, os.hostname());
    assert.equal(stats.kernelVersion, os.release());
    assert.equal(stats.serverVersion, '1.22.333');
    assert.equal(stats.serverSemver, 1_022_333);
    assert.notEqual(stats.osName, '');
    assert.notEqual(stats.osVersion, '');
  });

  it('count the time from the start of the process', () => {
    const read = createProcessStats(os.tmpdir(), clock, '1.0.0');
    const stats = read();
    assert(Math.abs(Number(stats.runTime) / 1e6 - process.uptime()) < 1);
    assert(Math.abs(Number(stats.startTime) / 1e3 - (nowMs - process.uptime() * 1000)) < 1000);
    assert.equal(read().startTime, stats.startTime);
  });

  it('show processor time since the previous call', async () => {
    const read = createProcessStats(os.tmpdir(), clock, '1.0.0');
    read();
    // What the kernel says of the same spans, whatever else the machine is doing.
    for (const spend of [() => burn(400), () => sleep(400)]) {
      const before = { cpu: process.cpuUsage(), atMs: performance.now() };
      await spend();
      const { cpuUsage, totalCpuUsage } = read();
      const cpu = process.cpuUsage(before.cpu);
      const expected = (cpu.user + cpu.system) / 10 / (performance.now() - before.atMs);
      assert(Math.abs(cpuUsage - expected) < 20, `${cpuUsage} %, expected ${expected} %`);
      assert(totalCpuUsage >= 0 && totalCpuUsage <= 100, `${totalCpuUsage} %`);
    }
  });

  it('repeat the processor time when asked again at once', () => {
    const read = createProcessStats(os.tmpdir(), clock, '1.0.0');
    const first = read();
    burn(20);
    assert.equal(read().cpuUsage, first.cpuUsage);
    assert(first.cpuUsage > 0);
  });

  it('keep memory within what the process may use', () => {
    const { memoryUsage, availableMemory, totalMemory } = createProcessStats(os.tmpdir(), clock, '1.0.0')();
    assert(memoryUsage > 10_000_000n);
    assert(availableMemory > 0n && availableMemory <= totalMemory);
    assert(totalMemory <= BigInt(os.totalmem()));
  });

  it('count threads', { skip: process.platform !== 'linux' }, async () => {
    const read = createProcessStats(os.tmpdir(), clock, '1.0.0');
    const before = read().threadsCount;
    assert(before >= 1);
    const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
    await new Promise((resolve) => worker.once('online', resolve));
    assert(read().threadsCount > before);
    await worker.terminate();
  });

  it('show the space of the file system of the data folder, and 0 once that is gone', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'galgo-stats-'));
    const read = createProcessStats(folder, clock, '1.0.0');
    writeFileSync(path.join(folder, 'data'), Buffer.alloc(4096));
    const { freeDiskSpace, totalDiskSpace, readBytes, writtenBytes } = read();
    assert(freeDiskSpace > 0n && freeDiskSpace <= totalDiskSpace);
    assert(readBytes >= 0n && writtenBytes >= 0n);
    rmSync(folder, { recursive: true });
    assert.equal(read().totalDiskSpace, 0n);
    assert.equal(read().freeDiskSpace, 0n);
  });
});

describe('the number of a version', () => {
  it('has three digits for each part; what is no version has 0', () => {
    assert.equal(semverNumber('0.8.0'), 8000);
    assert.equal(semverNumber('0.9.1-edge.2'), 9001);
    assert.equal(semverNumber('12.3.45+build'), 12_003_045);
    for (const text of ['', '1', '1.2', 'v1.2.3', '1.2.3456', '1000.0.0']) assert.equal(semverNumber(text), 0, text);
  });
});
