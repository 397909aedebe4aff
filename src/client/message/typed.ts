// Typed values from plain JavaScript ones: for user headers and for options.

import type { TypedValue } from '../../protocol/primitives/typed-value.ts';
import { ArgumentError } from '../connection/errors.ts';

/**
 * A value whose kind follows from its type, or one that names its kind. Text is `string`, a boolean `bool`, bytes `raw`; a whole number is `int32` or, outside its range,
 * `int64`, any other number `float64`; a bigint is `int64` or, outside its range, `int128`.
 */
export type Value = string | boolean | number | bigint | Uint8Array | TypedValue;

/** Throws ArgumentError for a bigint beyond 128 bits. */
export function typed(value: Value): TypedValue {
  switch (typeof value) {
    case 'string':
      return { kind: 'string', value };
    case 'boolean':
      return { kind: 'bool', value };
    case 'number':
      return typedNumber(value);
    case 'bigint':
      return typedBigint(value);
    default:
      return value instanceof Uint8Array ? { kind: 'raw', value } : value;
  }
}

function typedNumber(value: number): TypedValue {
  if (!Number.isSafeInteger(value)) return { kind: 'float64', value };
  return value === (value | 0) ? { kind: 'int32', value } : { kind: 'int64', value: BigInt(value) };
}

function typedBigint(value: bigint): TypedValue {
  if (value === BigInt.asIntN(64, value)) return { kind: 'int64', value };
  if (value === BigInt.asIntN(128, value)) return { kind: 'int128', value };
  throw new ArgumentError('invalid-argument', `${value} does not fit 128 bits`);
}
