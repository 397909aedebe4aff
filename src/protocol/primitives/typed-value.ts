// Typed value: the key and the value of a user header, and the value of an option
//   kind          u8, see `HeaderKind`
//   length        u32, 1 to 255
//   bytes         as the kind says; numbers little-endian

import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';

export const HeaderKind = {
  raw: 1,
  string: 2,
  bool: 3,
  int8: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  int128: 8,
  uint8: 9,
  uint16: 10,
  uint32: 11,
  uint64: 12,
  uint128: 13,
  float32: 14,
  float64: 15,
} as const;

export type HeaderKindName = keyof typeof HeaderKind;

/** A value with its kind. Text and raw bytes take 1 to 255 bytes; numbers outside their kind's range wrap. */
export type TypedValue =
  | { kind: 'raw'; value: Uint8Array }
  | { kind: 'string'; value: string }
  | { kind: 'bool'; value: boolean }
  | { kind: 'int8' | 'int16' | 'int32' | 'uint8' | 'uint16' | 'uint32' | 'float32' | 'float64'; value: number }
  | { kind: 'int64' | 'int128' | 'uint64' | 'uint128'; value: bigint };

/** A value before its bytes are looked at. */
export interface RawTypedValue {
  /** 1 to 15, see `HeaderKind`. */
  kind: number;
  /** 1 to 255 bytes. */
  bytes: Uint8Array;
}

const valueBytesMax = 255;

const kindNames = Object.keys(HeaderKind) as HeaderKindName[];

/** `bytes` is a view. Throws 4040 for an unknown kind, 4019 for a length outside 1 to 255, 3 for missing bytes. */
export function readRawTypedValue(reader: Reader): RawTypedValue {
  const kind = reader.u8();
  if (kind < HeaderKind.raw || kind > HeaderKind.float64) throw new ProtocolError('invalid-header-kind', `kind ${kind}`);
  const length = reader.u32();
  checkLength(length);
  return { kind, bytes: reader.take(length) };
}

/** Throws 4019 for a length outside 1 to 255. */
export function writeRawTypedValue(writer: Writer, { kind, bytes }: RawTypedValue): void {
  checkLength(bytes.length);
  writer.u8(kind).u32(bytes.length).put(bytes);
}

/** Raw values stay views. Throws 4019 when the bytes do not fit the kind. */
export function parseTypedValue({ kind, bytes }: RawTypedValue): TypedValue {
  const name = kindNames[kind - 1];
  if (name === undefined) throw new ProtocolError('invalid-header-kind', `kind ${kind}`);
  if (name === 'raw') return { kind: name, value: bytes };
  if (name === 'string') return { kind: name, value: parseText(bytes) };
  const size = sizes[name];
  if (bytes.length !== size) throw new ProtocolError('invalid-header-value', `${name} of ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, size);
  switch (name) {
    case 'bool': {
      const value = view.getUint8(0);
      if (value > 1) throw new ProtocolError('invalid-header-value', `bool ${value}`);
      return { kind: name, value: value === 1 };
    }
    case 'int8':
      return { kind: name, value: view.getInt8(0) };
    case 'int16':
      return { kind: name, value: view.getInt16(0, true) };
    case 'int32':
      return { kind: name, value: view.getInt32(0, true) };
    case 'int64':
      return { kind: name, value: view.getBigInt64(0, true) };
    case 'int128':
      return { kind: name, value: view.getBigUint64(0, true) | (view.getBigInt64(8, true) << 64n) };
    case 'uint8':
      return { kind: name, value: view.getUint8(0) };
    case 'uint16':
      return { kind: name, value: view.getUint16(0, true) };
    case 'uint32':
      return { kind: name, value: view.getUint32(0, true) };
    case 'uint64':
      return { kind: name, value: view.getBigUint64(0, true) };
    case 'uint128':
      return { kind: name, value: view.getBigUint64(0, true) | (view.getBigUint64(8, true) << 64n) };
    case 'float32':
      return { kind: name, value: view.getFloat32(0, true) };
    case 'float64':
      return { kind: name, value: view.getFloat64(0, true) };
  }
}

/** Numbers outside their kind's range wrap, as in typed arrays. */
export function formatTypedValue(typed: TypedValue): RawTypedValue {
  return { kind: HeaderKind[typed.kind], bytes: formatBytes(typed) };
}

const sizes = {
  bool: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  int128: 16,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  uint128: 16,
  float32: 4,
  float64: 8,
} as const;

function formatBytes(typed: TypedValue): Uint8Array {
  if (typed.kind === 'raw') return typed.value;
  if (typed.kind === 'string') return Buffer.from(typed.value);
  const bytes = new Uint8Array(sizes[typed.kind]);
  const view = new DataView(bytes.buffer);
  switch (typed.kind) {
    case 'bool':
      view.setUint8(0, typed.value ? 1 : 0);
      break;
    case 'int8':
    case 'uint8':
      view.setUint8(0, typed.value);
      break;
    case 'int16':
    case 'uint16':
      view.setUint16(0, typed.value, true);
      break;
    case 'int32':
    case 'uint32':
      view.setUint32(0, typed.value, true);
      break;
    case 'int64':
    case 'uint64':
      view.setBigUint64(0, typed.value, true);
      break;
    case 'int128':
    case 'uint128':
      view.setBigUint64(0, typed.value, true);
      view.setBigUint64(8, typed.value >> 64n, true);
      break;
    case 'float32':
      view.setFloat32(0, typed.value, true);
      break;
    case 'float64':
      view.setFloat64(0, typed.value, true);
  }
  return bytes;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parseText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new ProtocolError('invalid-header-value', 'text is not UTF-8');
  }
}

function checkLength(length: number): void {
  if (length === 0 || length > valueBytesMax) throw new ProtocolError('invalid-header-value', `value of ${length} bytes`);
}
