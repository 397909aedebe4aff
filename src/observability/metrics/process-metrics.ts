// Metrics of the process: memory, processor time, open files, and how late the event loop is.

import { readdir } from 'node:fs/promises';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { type Collector, type Sample, single } from './metric-family.ts';

const resolutionMs = 10;
const nanosecondsPerSecond = 1e9;
const microsecondsPerSecond = 1e6;
const percents = [50, 90, 99, 99.9, 100] as const;

/** The delay is measured from the first scrape on, so that a server that nobody scrapes is not woken for it. */
export function processMetrics(facts: { version: string }): Collector {
  let delay: IntervalHistogram | undefined;
  const delaySamples = (): Sample[] => {
    if (delay === undefined) {
      delay = monitorEventLoopDelay({ resolution: resolutionMs });
      delay.enable();
      return [];
    }
    const histogram = delay;
    const samples = percents.map((percent) => ({
      // The histogram holds the time between two wake-ups of its timer.
      value: Math.max(0, histogram.percentile(percent) / nanosecondsPerSecond - resolutionMs / 1000),
      labels: { quantile: percent / 100 },
    }));
    histogram.reset();
    return samples;
  };

  return async () => {
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
    const cpu = process.cpuUsage();
    const { active, idle } = performance.eventLoopUtilization();
    const openFiles = await readdir('/proc/self/fd').catch(() => undefined);
    return [
      {
        name: 'galgo_build_info',
        type: 'gauge',
        help: 'Versions, with the value 1.',
        samples: [{ value: 1, labels: { version: facts.version, node: process.versions.node } }],
      },
      single('process_start_time_seconds', 'gauge', 'When the process started, since 1970.', performance.timeOrigin / 1000),
      single('process_cpu_seconds', 'counter', 'Processor time of all threads.', (cpu.user + cpu.system) / microsecondsPerSecond),
      single('process_resident_memory_bytes', 'gauge', 'Resident memory.', rss),
      ...(openFiles === undefined ? [] : [single('process_open_fds', 'gauge', 'Open file descriptors.', openFiles.length)]),
      single('nodejs_heap_size_used_bytes', 'gauge', 'JavaScript heap in use.', heapUsed),
      single('nodejs_heap_size_total_bytes', 'gauge', 'JavaScript heap.', heapTotal),
      single('nodejs_external_memory_bytes', 'gauge', 'Memory of JavaScript outside of its heap.', external),
      {
        name: 'galgo_event_loop_seconds',
        type: 'counter',
        help: 'Time that the event loop was at work and waited.',
        samples: [
          { value: active / 1000, labels: { state: 'active' } },
          { value: idle / 1000, labels: { state: 'idle' } },
        ],
      },
      {
        name: 'galgo_event_loop_delay_seconds',
        type: 'gauge',
        help: 'How late the event loop ran what was due, since the scrape before.',
        samples: delaySamples(),
      },
    ];
  };
}
