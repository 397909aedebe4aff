// Statistics
//   process       id u32 · cpu f32 · total cpu f32 · memory u64 · total memory u64 · available memory u64 · run time u64 · start time u64
//   disk          read bytes u64 · written bytes u64
//   content       messages size u64 · streams u32 · topics u32 · partitions u32 · segments u32 · messages u64
//   peers         clients u32 · consumer groups u32
//   texts         5 × (u32 length, UTF-8): hostname, os name, os version, kernel version, server version
//   version       u32: major · 10⁶ + minor · 10³ + patch, 0 absent
//   cache         u32 count · count × (stream u32 · topic u32 · partition u32 · hits u64 · misses u64 · hit ratio f32)
//   threads       u32
//   disk space    free u64 · total u64

import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';

export interface CacheMetrics {
  streamId: number;
  topicId: number;
  partitionId: number;
  hits: bigint;
  misses: bigint;
  /** 0 to 1. */
  hitRatio: number;
}

/** Sizes in bytes, `runTime` in microseconds, `startTime` in microseconds since 1970, CPU in percent. */
export interface Stats {
  processId: number;
  cpuUsage: number;
  totalCpuUsage: number;
  memoryUsage: bigint;
  totalMemory: bigint;
  availableMemory: bigint;
  runTime: bigint;
  startTime: bigint;
  readBytes: bigint;
  writtenBytes: bigint;
  messagesSizeBytes: bigint;
  streamsCount: number;
  topicsCount: number;
  partitionsCount: number;
  segmentsCount: number;
  messagesCount: bigint;
  clientsCount: number;
  consumerGroupsCount: number;
  hostname: string;
  osName: string;
  osVersion: string;
  kernelVersion: string;
  serverVersion: string;
  /** major · 10⁶ + minor · 10³ + patch; 0 when absent. */
  serverSemver: number;
  cacheMetrics: CacheMetrics[];
  threadsCount: number;
  freeDiskSpace: bigint;
  totalDiskSpace: bigint;
}

export function readStats(reader: Reader): Stats {
  return {
    processId: reader.u32(),
    cpuUsage: reader.f32(),
    totalCpuUsage: reader.f32(),
    memoryUsage: reader.u64(),
    totalMemory: reader.u64(),
    availableMemory: reader.u64(),
    runTime: reader.u64(),
    startTime: reader.u64(),
    readBytes: reader.u64(),
    writtenBytes: reader.u64(),
    messagesSizeBytes: reader.u64(),
    streamsCount: reader.u32(),
    topicsCount: reader.u32(),
    partitionsCount: reader.u32(),
    segmentsCount: reader.u32(),
    messagesCount: reader.u64(),
    clientsCount: reader.u32(),
    consumerGroupsCount: reader.u32(),
    hostname: reader.longText(),
    osName: reader.longText(),
    osVersion: reader.longText(),
    kernelVersion: reader.longText(),
    serverVersion: reader.longText(),
    serverSemver: reader.u32(),
    cacheMetrics: readCacheMetrics(reader),
    threadsCount: reader.u32(),
    freeDiskSpace: reader.u64(),
    totalDiskSpace: reader.u64(),
  };
}

export function writeStats(writer: Writer, stats: Stats): void {
  writer.u32(stats.processId).f32(stats.cpuUsage).f32(stats.totalCpuUsage);
  writer.u64(stats.memoryUsage).u64(stats.totalMemory).u64(stats.availableMemory).u64(stats.runTime).u64(stats.startTime);
  writer.u64(stats.readBytes).u64(stats.writtenBytes);
  writer.u64(stats.messagesSizeBytes).u32(stats.streamsCount).u32(stats.topicsCount).u32(stats.partitionsCount).u32(stats.segmentsCount);
  writer.u64(stats.messagesCount).u32(stats.clientsCount).u32(stats.consumerGroupsCount);
  writer.longText(stats.hostname).longText(stats.osName).longText(stats.osVersion).longText(stats.kernelVersion);
  writer.longText(stats.serverVersion).u32(stats.serverSemver);
  writer.u32(stats.cacheMetrics.length);
  for (const entry of stats.cacheMetrics) {
    writer.u32(entry.streamId).u32(entry.topicId).u32(entry.partitionId).u64(entry.hits).u64(entry.misses).f32(entry.hitRatio);
  }
  writer.u32(stats.threadsCount).u64(stats.freeDiskSpace).u64(stats.totalDiskSpace);
}

function readCacheMetrics(reader: Reader): CacheMetrics[] {
  const entries: CacheMetrics[] = [];
  for (let left = reader.u32(); left > 0; left--) {
    entries.push({
      streamId: reader.u32(),
      topicId: reader.u32(),
      partitionId: reader.u32(),
      hits: reader.u64(),
      misses: reader.u64(),
      hitRatio: reader.f32(),
    });
  }
  return entries;
}
