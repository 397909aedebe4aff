// Durations as Iggy writes them: a sum of spans, `1h 30m`, `500 ms`, `7 days`. A number without a unit is refused, except 0.

import { FormatError } from './format-error.ts';

const second = 1_000_000_000n;
const minute = 60n * second;
const hour = 60n * minute;
const day = 24n * hour;

const unitNanoseconds: ReadonlyMap<string, bigint> = new Map([
  ...spellings(1n, 'nanos', 'nsec', 'ns'),
  ...spellings(1000n, 'usec', 'us', 'µs'),
  ...spellings(1_000_000n, 'millis', 'msec', 'ms'),
  ...spellings(second, 'seconds', 'second', 'secs', 'sec', 's'),
  ...spellings(minute, 'minutes', 'minute', 'mins', 'min', 'm'),
  ...spellings(hour, 'hours', 'hour', 'hrs', 'hr', 'h'),
  ...spellings(day, 'days', 'day', 'd'),
  ...spellings(7n * day, 'weeks', 'week', 'wks', 'wk', 'w'),
  ...spellings(2_630_016n * second, 'months', 'month'),
  ...spellings(31_557_600n * second, 'years', 'year', 'yrs', 'yr', 'y'),
]);

function spellings(nanoseconds: bigint, ...names: string[]): [string, bigint][] {
  return names.map((name) => [name, nanoseconds]);
}

const zeroWords = new Set(['0', 'unlimited', 'disabled', 'none']);
const spanPattern = /(\d+)(?:\.(\d+))?\s*([a-zµ]+)\s*/y;

/**
 * Milliseconds of a text such as `5 s`, rounded up to a whole one; `0`, `none`, `disabled` and `unlimited` mean zero. Throws FormatError on anything else.
 * As in Iggy, `M` is a minute; expiries, where it is a month, pass `monthLetter`.
 */
export function parseDuration(text: string, { monthLetter = false } = {}): number {
  const spans = (monthLetter ? text.replaceAll(/(?<=[\d\s])M(?![A-Za-z])/g, 'months') : text).trim().toLowerCase();
  if (spans === '') throw new FormatError('is empty');
  if (zeroWords.has(spans)) return 0;
  if (/^[\d.]+$/.test(spans)) throw new FormatError('has no unit');

  let nanoseconds = 0n;
  for (let at = 0; at < spans.length; ) {
    spanPattern.lastIndex = at;
    const match = spanPattern.exec(spans);
    if (!match) throw new FormatError('is not a duration');
    const [span, whole = '', fraction = '', unitName = ''] = match;
    const unit = unitNanoseconds.get(unitName);
    if (unit === undefined) throw new FormatError(`has an unknown time unit "${unitName}"`);
    nanoseconds += (BigInt(whole + fraction) * unit) / 10n ** BigInt(fraction.length);
    at += span.length;
  }
  const ms = (nanoseconds + 999_999n) / 1_000_000n;
  if (ms > BigInt(Number.MAX_SAFE_INTEGER)) throw new FormatError('is too long');
  return Number(ms);
}

const outputUnits: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
];

/** The exact, parseable form in the largest unit that divides the duration: `5 s`, `1500 ms`. */
export function formatDuration(ms: number): string {
  const unit = ms === 0 ? undefined : outputUnits.find(([, size]) => ms % size === 0);
  return unit ? `${ms / unit[1]} ${unit[0]}` : `${ms} ms`;
}
