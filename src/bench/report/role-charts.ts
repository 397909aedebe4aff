// The charts of a role, for one result or for several over each other.

import { microsText } from '../result/figures.ts';
import type { RoleResult } from '../result/result.ts';
import { decodeHistogram } from '../result/role-result.ts';
import { lineChart } from './line-chart.ts';

export interface NamedRole {
  /** Of its result; empty where there is but one. */
  readonly name: string;
  readonly role: RoleResult;
}

/** Throughput and latency over time, and latency by percentile. */
export function roleCharts(roles: readonly NamedRole[]): string {
  const time = { xName: 'seconds from the start', xText: (value: number) => String(value) };
  const called = (name: string, what: string) => (name === '' ? what : `${name}: ${what}`);
  return [
    lineChart({
      title: 'Throughput over time',
      ...time,
      yName: 'MB/s',
      lines: roles.map(({ name, role }) => ({
        name: called(name, 'payload'),
        points: overTime(
          role,
          role.series.bytes.map((bytes) => (bytes * 1000) / role.series.samplingMs / 1e6),
        ),
      })),
    }),
    lineChart({
      title: 'Latency over time',
      ...time,
      yName: 'latency',
      yText: microsText,
      logarithmicY: true,
      lines: roles.flatMap(({ name, role }) => [
        { name: called(name, 'mean'), points: overTime(role, role.series.latencyMeanUs) },
        { name: called(name, 'highest'), points: overTime(role, role.series.latencyMaxUs), dashed: true },
      ]),
    }),
    lineChart({
      title: 'Latency by percentile',
      xName: 'percentile',
      xText: (nines) => percentileText(nines),
      xMarks: shownNines,
      yName: 'latency',
      yText: microsText,
      logarithmicY: true,
      lines: roles.map(({ name, role }) => ({ name: called(name, 'latency'), points: percentiles(role) })),
    }),
  ].join('\n');
}

/** A bucket stands at its middle. The last one is left out where there are others: it is seldom a whole one. */
function overTime({ series }: RoleResult, values: readonly number[]): [number, number][] {
  const whole = values.length > 2 ? values.slice(0, -1) : values;
  return whole.map((value, bucket) => [((bucket + 0.5) * series.samplingMs) / 1000, value]);
}

// The axis counts nines: 0 is the 0th percentile, 1 the 90th, 2 the 99th.
const shownNines = [0, 1, 2, 3, 4];
const ninesStep = 0.1;

function percentiles({ latency }: RoleResult): [number, number][] {
  if (latency.count === 0) return [];
  const histogram = decodeHistogram(latency.histogram);
  // Beyond what the number of requests can tell there is nothing to draw.
  const last = Math.min(shownNines.at(-1) as number, Math.log10(latency.count));
  return Array.from({ length: Math.floor(last / ninesStep + 1e-9) + 1 }, (_, index) => {
    const nines = index * ninesStep;
    return [nines, histogram.getValueAtPercentile(100 - 100 * 10 ** -nines) / 1000];
  });
}

function percentileText(nines: number): string {
  return `${Number((100 - 100 * 10 ** -nines).toFixed(4))} %`;
}
