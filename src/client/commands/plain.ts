// Replies as programs want them: numbers where the wire has 64 bits. Counts, sizes, offsets and times (µs) stay below 2^53 for as long as anyone cares; the wire's "never" and
// "unlimited", 2^64 − 1, become Infinity. Ids of messages and values of 64 and 128 bits that a user typed so stay bigint.

import { parseTypedValue, type RawTypedValue, type TypedValue } from '../../protocol/primitives/typed-value.ts';
import { ProtocolViolationError } from '../connection/errors.ts';

export type Plain<T> = T extends bigint
  ? number
  : T extends Uint8Array
    ? T
    : T extends RawTypedValue
      ? TypedValue
      : T extends ReadonlyMap<infer Key, infer Value>
        ? ReadonlyMap<Key, Plain<Value>>
        : T extends readonly (infer Item)[]
          ? Plain<Item>[]
          : T extends object
            ? { [Name in keyof T]: Plain<T[Name]> }
            : T;

const unlimited = 2n ** 64n - 1n;

/** Throws ProtocolViolationError for a number that cannot be told exactly. */
export function plain<T>(value: T): Plain<T> {
  return convert(value) as Plain<T>;
}

/** For requests: the wire's form of a number; Infinity is "never" or "unlimited". */
export function wide(value: number): bigint {
  return value === Number.POSITIVE_INFINITY ? unlimited : BigInt(value);
}

/** Exact, or an error. */
export function safeNumber(value: bigint): number {
  if (value === unlimited) return Number.POSITIVE_INFINITY;
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ProtocolViolationError('protocol-violation', `${value} is beyond 2^53`);
  return Number(value);
}

function convert(value: unknown): unknown {
  if (typeof value === 'bigint') return safeNumber(value);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(convert);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, convert(item)]));
  if (isRawTypedValue(value)) return parseTypedValue(value);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, convert(item)]));
}

function isRawTypedValue(value: object): value is RawTypedValue {
  return 'kind' in value && 'bytes' in value;
}
