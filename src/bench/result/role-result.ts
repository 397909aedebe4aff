// What the actors of one role measured, put together: histograms are added, so that percentiles are those of all requests, and rates are totals over the time from the common
// start to the last answer.

import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';
import { type Recorded, type Series, significantDigits } from '../actors/recorder.ts';
import type { Actor } from '../plan/actors.ts';
import type { RoleResult } from './result.ts';

export interface RoleFigures {
  readonly role: RoleResult['role'];
  readonly latencyOf: RoleResult['latency']['of'];
  readonly actors: readonly (readonly [Actor, Recorded])[];
  /** Of each thread. */
  readonly series: readonly Series[];
  readonly samplingMs: number;
}

export function roleResult({ role, latencyOf, actors, series, samplingMs }: RoleFigures): RoleResult {
  const sum = (figure: 'requests' | 'messages' | 'bytes' | 'emptyPolls') =>
    actors.reduce((total, [, recorded]) => total + recorded[figure], 0);
  const elapsedMs = Math.max(0, ...actors.map(([, { lastMs }]) => lastMs));
  const seconds = elapsedMs / 1000;
  const messages = sum('messages');
  const bytes = sum('bytes');
  return {
    role,
    actors: actors.length,
    requests: sum('requests'),
    messages,
    bytes,
    emptyPolls: sum('emptyPolls'),
    elapsedMs: rounded(elapsedMs),
    messagesPerSecond: seconds > 0 ? rounded(messages / seconds) : 0,
    megabytesPerSecond: seconds > 0 ? rounded(bytes / 1e6 / seconds) : 0,
    latency: { of: latencyOf, ...latencyFigures(actors.map(([, { histogram }]) => histogram)) },
    series: { samplingMs, ...mergedSeries(series) },
    perActor: actors.map(([{ index, streamName }, recorded]) => ({
      actor: index,
      stream: streamName,
      requests: recorded.requests,
      messages: recorded.messages,
      bytes: recorded.bytes,
      lastMs: rounded(recorded.lastMs),
    })),
  };
}

function latencyFigures(histograms: readonly string[]): Omit<RoleResult['latency'], 'of'> {
  const all = build({ numberOfSignificantValueDigits: significantDigits, bitBucketSize: 64 });
  for (const histogram of histograms) all.add(decodeHistogram(histogram));
  const some = all.totalCount > 0;
  const us = (nanos: number) => (some ? rounded(nanos / 1000) : 0);
  const at = (percentile: number) => us(all.getValueAtPercentile(percentile));
  return {
    count: all.totalCount,
    minUs: us(all.minNonZeroValue),
    meanUs: us(all.mean),
    stdDevUs: us(all.stdDeviation),
    p50Us: at(50),
    p90Us: at(90),
    p95Us: at(95),
    p99Us: at(99),
    p999Us: at(99.9),
    p9999Us: at(99.99),
    maxUs: us(all.maxValue),
    histogram: encodeIntoCompressedBase64(all),
  };
}

/** Of latencies in nanoseconds. */
export function decodeHistogram(encoded: string): Histogram {
  return decodeFromCompressedBase64(encoded, 64);
}

function mergedSeries(series: readonly Series[]): Omit<RoleResult['series'], 'samplingMs'> {
  const length = Math.max(0, ...series.map(({ requests }) => requests.length));
  const buckets = Array.from({ length }, (_, bucket) => bucket);
  const sum = (figure: 'requests' | 'messages' | 'bytes' | 'latencySumMs', bucket: number) =>
    series.reduce((total, each) => total + (each[figure][bucket] ?? 0), 0);
  return {
    messages: buckets.map((bucket) => sum('messages', bucket)),
    bytes: buckets.map((bucket) => sum('bytes', bucket)),
    latencyMeanUs: buckets.map((bucket) => rounded((sum('latencySumMs', bucket) * 1000) / Math.max(1, sum('requests', bucket)))),
    latencyMaxUs: buckets.map((bucket) => rounded(Math.max(0, ...series.map((each) => each.latencyMaxMs[bucket] ?? 0)) * 1000)),
  };
}

/** To three decimals. */
export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
