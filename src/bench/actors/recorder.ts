// What an actor measured: every latency in a histogram, and the course over time in buckets, which the actors of a thread share.

import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';

/** By bucket of the sampling time, from the start of the measured phase. */
export interface Series {
  requests: number[];
  messages: number[];
  bytes: number[];
  latencySumMs: number[];
  latencyMaxMs: number[];
}

/** One actor's measured phase. Times are milliseconds from its start. */
export interface Recorded {
  requests: number;
  messages: number;
  bytes: number;
  emptyPolls: number;
  /** When its last request had been answered. */
  lastMs: number;
  /** Latencies in nanoseconds: HdrHistogram V2, compressed, base64. */
  histogram: string;
}

export interface Recorder {
  /** A request that was answered so long after the start of the measured phase. */
  record(endedMs: number, latencyMs: number, messages: number, bytes: number): void;
  emptyPoll(): void;
  recorded(): Recorded;
}

export const significantDigits = 3;
const nanosPerMs = 1e6;

export function emptySeries(): Series {
  return { requests: [], messages: [], bytes: [], latencySumMs: [], latencyMaxMs: [] };
}

export function createRecorder(series: Series, samplingMs: number): Recorder {
  const histogram = build({ numberOfSignificantValueDigits: significantDigits, bitBucketSize: 64 });
  const figures = { requests: 0, messages: 0, bytes: 0, emptyPolls: 0, lastMs: 0 };
  return {
    record(endedMs, latencyMs, messages, bytes) {
      histogram.recordValue(Math.max(1, Math.round(latencyMs * nanosPerMs)));
      figures.requests++;
      figures.messages += messages;
      figures.bytes += bytes;
      figures.lastMs = endedMs;
      addTo(series, Math.floor(endedMs / samplingMs), latencyMs, messages, bytes);
    },
    emptyPoll() {
      figures.emptyPolls++;
    },
    recorded: () => ({ ...figures, histogram: encodeIntoCompressedBase64(histogram) }),
  };
}

function addTo(series: Series, bucket: number, latencyMs: number, messages: number, bytes: number): void {
  while (series.requests.length <= bucket) for (const list of Object.values(series) as number[][]) list.push(0);
  series.requests[bucket] = (series.requests[bucket] as number) + 1;
  series.messages[bucket] = (series.messages[bucket] as number) + messages;
  series.bytes[bucket] = (series.bytes[bucket] as number) + bytes;
  series.latencySumMs[bucket] = (series.latencySumMs[bucket] as number) + latencyMs;
  series.latencyMaxMs[bucket] = Math.max(series.latencyMaxMs[bucket] as number, latencyMs);
}
