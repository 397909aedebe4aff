// User headers of a message: entries one after another, without a count
//   key           typed value
//   value         typed value
// At most 100,000 bytes. A server stores and returns them untouched; only clients read them.

import { ProtocolError } from '../protocol-error.ts';
import { Reader } from '../reader.ts';
import { Writer } from '../writer.ts';
import { formatTypedValue, parseTypedValue, readRawTypedValue, type TypedValue, writeRawTypedValue } from './typed-value.ts';

export interface UserHeader {
  key: TypedValue;
  value: TypedValue;
}

export const userHeadersBytesMax = 100_000;

/** Keeps the order. Throws 4018 for a key and 4019 for a value that takes no or more than 255 bytes, 4017 beyond 100,000 bytes in all. */
export function encodeUserHeaders(headers: readonly UserHeader[]): Buffer {
  const writer = new Writer();
  for (const { key, value } of headers) {
    asKey(() => writeRawTypedValue(writer, formatTypedValue(key)));
    writeRawTypedValue(writer, formatTypedValue(value));
    checkSize(writer.length);
  }
  return writer.written;
}

/**
 * Raw values are views of `bytes`; duplicate keys are kept in order.
 * Errors: 3 for missing bytes, 4040 for an unknown kind, 4018 and 4019 for a key or value that does not fit its kind, 4017 beyond 100,000 bytes.
 */
export function decodeUserHeaders(bytes: Uint8Array): UserHeader[] {
  checkSize(bytes.length);
  const reader = new Reader(bytes);
  const headers: UserHeader[] = [];
  while (reader.remaining > 0) {
    const key = asKey(() => parseTypedValue(readRawTypedValue(reader)));
    headers.push({ key, value: parseTypedValue(readRawTypedValue(reader)) });
  }
  return headers;
}

/** Keys and values share their form but not their error number. */
function asKey<Result>(action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (ProtocolError.is(error) && error.code === 'invalid-header-value') throw new ProtocolError('invalid-header-key', error.message);
    throw error;
  }
}

function checkSize(bytes: number): void {
  if (bytes > userHeadersBytesMax) throw new ProtocolError('too-big-user-headers', `${bytes} bytes`);
}
