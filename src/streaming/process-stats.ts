// What the server says about its process and machine: the part of the statistics that does not come from streams.

import { readFileSync, statfsSync } from 'node:fs';
import os from 'node:os';
import type { Stats } from '../protocol/primitives/stats.ts';

export type ProcessStats = Pick<
  Stats,
  | 'processId'
  | 'cpuUsage'
  | 'totalCpuUsage'
  | 'memoryUsage'
  | 'totalMemory'
  | 'availableMemory'
  | 'runTime'
  | 'startTime'
  | 'readBytes'
  | 'writtenBytes'
  | 'hostname'
  | 'osName'
  | 'osVersion'
  | 'kernelVersion'
  | 'serverVersion'
  | 'serverSemver'
  | 'threadsCount'
  | 'freeDiskSpace'
  | 'totalDiskSpace'
>;

// The kernel counts a machine's CPU time in steps of 10 ms: over a shorter time the figures would be noise.
const cpuWindowMsMin = 200;
// Of getrusage(2).
const usageBlockBytes = 512;

/**
 * Returns a function that reads the figures of this moment. CPU is in percent of one processor for the process and of all processors for the machine, over the time since the
 * previous call, at first since the start of the process and of the machine; a call within 200 ms repeats the figures. Memory is that of the control group where it has
 * a limit. What the system does not tell is 0 or `unknown_…`.
 */
export function createProcessStats(dataPath: string, clock: { nowMs(): number }, serverVersion: string): () => ProcessStats {
  const uptimeMs = () => process.uptime() * 1000;
  const constant = {
    processId: process.pid,
    startTime: BigInt(Math.round((clock.nowMs() - uptimeMs()) * 1000)),
    hostname: os.hostname() || 'unknown_hostname',
    ...operatingSystem(),
    kernelVersion: os.release() || 'unknown_kernel_version',
    serverVersion,
    serverSemver: semverNumber(serverVersion),
  };
  let sample = takeSample(uptimeMs());
  let cpu = usageBetween({ atMs: 0, processMs: 0, busyMs: 0, allMs: 0 }, sample);

  return () => {
    const nowMs = uptimeMs();
    if (nowMs - sample.atMs >= cpuWindowMsMin) {
      const next = takeSample(nowMs);
      cpu = usageBetween(sample, next);
      sample = next;
    }
    const { fsRead, fsWrite } = process.resourceUsage();
    return {
      ...constant,
      ...cpu,
      ...memory(),
      ...diskSpace(dataPath),
      runTime: BigInt(Math.round(nowMs * 1000)),
      readBytes: BigInt(fsRead) * BigInt(usageBlockBytes),
      writtenBytes: BigInt(fsWrite) * BigInt(usageBlockBytes),
      threadsCount: threads(),
    };
  };
}

/** major · 10⁶ + minor · 10³ + patch, or 0 for what is no version. */
export function semverNumber(version: string): number {
  const [, major, minor, patch] = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?!\d)/.exec(version) ?? [];
  return patch === undefined ? 0 : Number(major) * 1_000_000 + Number(minor) * 1000 + Number(patch);
}

interface CpuSample {
  atMs: number;
  processMs: number;
  /** Sums over all processors. */
  busyMs: number;
  allMs: number;
}

function takeSample(atMs: number): CpuSample {
  const { user, system } = process.cpuUsage();
  const sample: CpuSample = { atMs, processMs: (user + system) / 1000, busyMs: 0, allMs: 0 };
  for (const { times } of os.cpus()) {
    const busyMs = times.user + times.nice + times.sys + times.irq;
    sample.busyMs += busyMs;
    sample.allMs += busyMs + times.idle;
  }
  return sample;
}

function usageBetween(from: CpuSample, to: CpuSample): Pick<Stats, 'cpuUsage' | 'totalCpuUsage'> {
  const allMs = to.allMs - from.allMs;
  return {
    cpuUsage: (100 * (to.processMs - from.processMs)) / (to.atMs - from.atMs),
    // Processors may go away, and their times with them.
    totalCpuUsage: allMs > 0 ? Math.min(100, Math.max(0, (100 * (to.busyMs - from.busyMs)) / allMs)) : 0,
  };
}

function memory(): Pick<Stats, 'memoryUsage' | 'totalMemory' | 'availableMemory'> {
  // 0: unknown; without a limit: a number near 2^64.
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  const total = Math.min(os.totalmem(), limit);
  return {
    memoryUsage: BigInt(process.memoryUsage.rss()),
    totalMemory: BigInt(total),
    availableMemory: BigInt(Math.min(process.availableMemory(), total)),
  };
}

function diskSpace(folder: string): Pick<Stats, 'freeDiskSpace' | 'totalDiskSpace'> {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder, { bigint: true });
    return { freeDiskSpace: bavail * bsize, totalDiskSpace: blocks * bsize };
  } catch {
    return { freeDiskSpace: 0n, totalDiskSpace: 0n };
  }
}

function threads(): number {
  return Number(/^Threads:\s*(\d+)$/m.exec(readIfThere('/proc/self/status'))?.[1] ?? 0);
}

// os-release(5).
function operatingSystem(): Pick<Stats, 'osName' | 'osVersion'> {
  const release = readIfThere('/etc/os-release') || readIfThere('/usr/lib/os-release');
  const value = (key: string) => new RegExp(`^${key}=["']?([^"'\\n]+)`, 'm').exec(release)?.[1];
  return { osName: value('NAME') ?? (os.type() || 'unknown_os_name'), osVersion: value('VERSION_ID') ?? 'unknown_os_version' };
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
