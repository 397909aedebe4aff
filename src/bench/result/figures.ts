// The figures of a role, each with its name and its form for people.

import type { RoleResult } from './result.ts';

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly text: string;
  /** Which way is better. */
  readonly better: 'more' | 'less';
}

export function figuresOf({ messagesPerSecond, megabytesPerSecond, latency }: RoleResult): Figure[] {
  const less = (name: string, value: number): Figure => ({ name, value, text: microsText(value), better: 'less' });
  return [
    { name: 'MB/s', value: megabytesPerSecond, text: megabytesPerSecond.toFixed(2), better: 'more' },
    { name: 'messages/s', value: messagesPerSecond, text: countText(messagesPerSecond), better: 'more' },
    less('p50', latency.p50Us),
    less('p90', latency.p90Us),
    less('p95', latency.p95Us),
    less('p99', latency.p99Us),
    less('p99.9', latency.p999Us),
    less('p99.99', latency.p9999Us),
    less('mean', latency.meanUs),
    less('max', latency.maxUs),
  ];
}

export const latencyNames: Readonly<Record<RoleResult['latency']['of'], string>> = {
  send: 'of a send',
  poll: 'of a poll that brought messages',
  'end-to-end': 'from making a batch to having read it',
  'round-trip': 'of a batch sent and read back',
};

export function countText(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Microseconds in the unit that suits them. */
export function microsText(us: number): string {
  if (us < 1000) return `${us.toFixed(us < 100 ? 1 : 0)} µs`;
  if (us < 1_000_000) return `${(us / 1000).toFixed(us < 100_000 ? 2 : 0)} ms`;
  return `${(us / 1_000_000).toFixed(2)} s`;
}
