// Metrics of requests: how many, how long, with which failures.

import { latencyBoundsMs, type RequestMeter } from '../request-meter.ts';
import { type Collector, histogramSamples, type Sample } from './metric-family.ts';

const boundsSeconds = latencyBoundsMs.map((bound) => bound / 1000);

export function requestMetrics(meter: RequestMeter): Collector {
  return () => {
    const durations: Sample[] = [];
    const failures: Sample[] = [];
    for (const { protocol, command, buckets, sumMs, failures: counts } of meter.all()) {
      const labels = { protocol, command };
      durations.push(...histogramSamples(boundsSeconds, buckets, sumMs / 1000, labels));
      for (const [error, value] of counts) failures.push({ value, labels: { ...labels, error } });
    }
    return [
      {
        name: 'galgo_request_duration_seconds',
        type: 'histogram',
        help: 'From a request to its answer, by protocol and command. Of WaitForMessages with the wait.',
        samples: durations,
      },
      { name: 'galgo_request_failures', type: 'counter', help: 'Requests that were refused or failed, by error.', samples: failures },
    ];
  };
}
