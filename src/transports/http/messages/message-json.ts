// Messages of a poll as JSON, written straight from the bytes of the classic reply (protocol/batch/classic-messages.ts): numbers of 64 and 128 bits as they are, payloads and headers in base64.

import { HeaderKind, readRawTypedValue } from '../../../protocol/primitives/typed-value.ts';
import { Reader } from '../../../protocol/reader.ts';

const headerBytes = 64;
const kindNames = Object.keys(HeaderKind);

/** Where the message at a position ends. */
export function messageEnd(bytes: Buffer, at: number): number {
  return at + headerBytes + bytes.readUInt32LE(at + 48) + bytes.readUInt32LE(at + 52);
}

export function messageOffset(bytes: Buffer, at: number): string {
  return decimal(bytes, at + 24);
}

export function messageJson(bytes: Buffer, at: number): string {
  const headersLength = bytes.readUInt32LE(at + 48);
  const payloadLength = bytes.readUInt32LE(at + 52);
  const payloadEnd = at + headerBytes + payloadLength;
  const payload = bytes.toString('base64', at + headerBytes, payloadEnd);
  const headers = headersLength === 0 ? '[]' : headersJson(bytes.subarray(payloadEnd, payloadEnd + headersLength));
  return (
    `{"header":{"checksum":${decimal(bytes, at)},"id":${id(bytes, at + 8)},"offset":${decimal(bytes, at + 24)}` +
    `,"timestamp":${decimal(bytes, at + 32)},"origin_timestamp":${decimal(bytes, at + 40)},"user_headers_length":${headersLength}` +
    `,"payload_length":${payloadLength},"reserved":${decimal(bytes, at + 56)}},"payload":"${payload}","user_headers":${headers}}`
  );
}

/** A block that cannot be read, such as one that is encrypted, is shown as base64. */
function headersJson(block: Buffer): string {
  const entries: string[] = [];
  const reader = new Reader(block);
  try {
    while (reader.remaining > 0) entries.push(`{"key":${valueJson(reader)},"value":${valueJson(reader)}}`);
  } catch {
    return `"${block.toString('base64')}"`;
  }
  return `[${entries.join(',')}]`;
}

function valueJson(reader: Reader): string {
  const { kind, bytes } = readRawTypedValue(reader);
  return `{"kind":"${kindNames[kind - 1]}","value":"${Buffer.from(bytes).toString('base64')}"}`;
}

/** A u64 without a bigint where a double is exact. */
function decimal(bytes: Buffer, at: number): string {
  const high = bytes.readUInt32LE(at + 4);
  if (high < 0x20_0000) return String(high * 0x1_0000_0000 + bytes.readUInt32LE(at));
  return String(bytes.readBigUInt64LE(at));
}

function id(bytes: Buffer, at: number): string {
  const high = bytes.readBigUInt64LE(at + 8);
  return high === 0n ? decimal(bytes, at) : String((high << 64n) | bytes.readBigUInt64LE(at));
}
