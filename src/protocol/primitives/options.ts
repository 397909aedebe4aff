// Options block (VSR): pairs one after another
//   key kind      u8: 2 (string)
//   key length    u32, 1 to 255
//   key           UTF-8, no duplicates
//   value         typed value
// At most 1024 pairs and 100,000 bytes. In requests the block runs to the end of the body; in replies its length (u32) stands before it.

import { ProtocolError } from '../protocol-error.ts';
import { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { HeaderKind, type RawTypedValue, readRawTypedValue, writeRawTypedValue } from './typed-value.ts';

/** Values by key, in the order of the wire. What a value means, and which kinds fit, is for the catalogue to say. */
export type Options = ReadonlyMap<string, RawTypedValue>;

export const noOptions: Options = new Map();

const optionsMax = 1024;
const optionsBytesMax = 100_000;

/**
 * The block that runs to the end of the body. Values are copies, so that they may outlive the frame.
 * Errors: 3 for a malformed block, 4043 beyond its limits.
 */
export function readOptions(reader: Reader): Options {
  if (reader.remaining === 0) return noOptions;
  checkBytes(reader.remaining);
  const options = new Map<string, RawTypedValue>();
  while (reader.remaining > 0) {
    if (options.size === optionsMax) throw new ProtocolError('options-block-too-large', `more than ${optionsMax} options`);
    const key = readKey(reader);
    if (options.has(key)) throw new ProtocolError('invalid-command', `option ${key} occurs twice`);
    options.set(key, readValue(reader));
  }
  return options;
}

/** The block with its length before it. */
export function readPrefixedOptions(reader: Reader): Options {
  const length = reader.u32();
  checkBytes(length);
  const start = reader.position;
  reader.skip(length);
  return readOptions(new Reader(reader.bytes, start, start + length));
}

/** The block without its length. Throws 4043 beyond its limits, 4041 for a key and 4042 for a value of no or more than 255 bytes. */
export function writeOptions(writer: Writer, options: Options): void {
  if (options.size > optionsMax) throw new ProtocolError('options-block-too-large', `${options.size} options`);
  const start = writer.length;
  for (const [key, value] of options) {
    const keyBytes = Buffer.byteLength(key);
    if (keyBytes === 0 || keyBytes > 255) throw new ProtocolError('unsupported-option-key', `key of ${keyBytes} bytes`);
    if (value.bytes.length === 0 || value.bytes.length > 255)
      throw new ProtocolError('invalid-option-value', `${key}: ${value.bytes.length} bytes`);
    writer.u8(HeaderKind.string).longText(key);
    writeRawTypedValue(writer, value);
  }
  checkBytes(writer.length - start);
}

/** The block with its length before it. */
export function writePrefixedOptions(writer: Writer, options: Options): void {
  const lengthAt = writer.length;
  writer.u32(0);
  writeOptions(writer, options);
  writer.patchU32(lengthAt, writer.length - lengthAt - 4);
}

function readKey(reader: Reader): string {
  const kind = reader.u8();
  const length = reader.u32();
  if (kind !== HeaderKind.string || length === 0 || length > 255) {
    throw new ProtocolError('invalid-command', `option key of kind ${kind} and ${length} bytes`);
  }
  return reader.text(length);
}

/** A value's form has error numbers of its own in user headers; inside a request it is a malformed body like any other. */
function readValue(reader: Reader): RawTypedValue {
  try {
    const { kind, bytes } = readRawTypedValue(reader);
    return { kind, bytes: new Uint8Array(bytes) };
  } catch (error) {
    if (ProtocolError.is(error)) throw new ProtocolError('invalid-command', `option value: ${error.message}`);
    throw error;
  }
}

function checkBytes(bytes: number): void {
  if (bytes > optionsBytesMax) throw new ProtocolError('options-block-too-large', `${bytes} bytes`);
}
