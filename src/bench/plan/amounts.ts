// How much an actor does: ranges of sizes, and shares of a whole.

import { parseByteSize } from '../../config/byte-size.ts';
import { parseDuration } from '../../config/duration.ts';
import { FormatError } from '../../config/format-error.ts';
import { UsageError } from './usage-error.ts';

/** Both ends included. */
export interface Range {
  min: number;
  max: number;
}

/** What ends an actor's work; the first that is reached counts. */
export interface Quota {
  batches?: number;
  messages?: number;
  bytes?: number;
}

/** `1000` or `100..2000`, within bounds. Throws UsageError. */
export function parseRange(option: string, text: string, bounds: Range): Range {
  const [, first = '', last = first] = /^(\d{1,15})(?:\.\.(\d{1,15}))?$/.exec(text) ?? [];
  if (first === '') throw new UsageError(`${option} ${text}: a number or a range such as 100..2000 is wanted`);
  const range = { min: Number(first), max: Number(last) };
  if (range.min > range.max) throw new UsageError(`${option} ${text}: the range runs backwards`);
  if (range.min < bounds.min || range.max > bounds.max)
    throw new UsageError(`${option} ${text}: must lie within ${bounds.min}..${bounds.max}`);
  return range;
}

/** A whole number within bounds. Throws UsageError. */
export function parseCount(option: string, text: string, min: number, max: number): number {
  const count = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count >= min && count <= max)) throw new UsageError(`${option} ${text}: a whole number from ${min} to ${max} is wanted`);
  return count;
}

/** Bytes of `64 MiB`, `10MB` or `4096`. Throws UsageError. */
export function parseSize(option: string, text: string): number {
  return formatted(option, text, () => parseByteSize(text), 'such as 10MB');
}

/** Milliseconds of `5s` or `500ms`. Throws UsageError. */
export function parseTime(option: string, text: string): number {
  return formatted(option, text, () => parseDuration(text), 'such as 5s');
}

/** The share of one of `actors` in a whole: all get the same, the first ones one more where it does not come out even. */
export function share(whole: number, actors: number, index: number): number {
  return Math.floor(whole / actors) + (index < whole % actors ? 1 : 0);
}

/** A whole number of the range, all equally likely. */
export function drawn({ min, max }: Range): number {
  return min + Math.floor(Math.random() * (max - min + 1));
}

function formatted(option: string, text: string, parse: () => number, example: string): number {
  try {
    return parse();
  } catch (error) {
    if (error instanceof FormatError) throw new UsageError(`${option} ${text}: ${error.message}; ${example}`);
    throw error;
  }
}
