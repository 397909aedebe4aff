// Messages of a poll as JSON, written straight from the bytes of a reply in either generation (protocol/batch/): numbers of 64 and 128 bits as they are, payloads and headers in
// base64. The generations differ in what the checksum of a message covers, and in where its times and its offset stand.

import type { Generation } from '../../../protocol/command.ts';
import { HeaderKind, readRawTypedValue } from '../../../protocol/primitives/typed-value.ts';
import { Reader } from '../../../protocol/reader.ts';

/** Takes one message: its offset, and the message as JSON. */
export type MessageTaker = (offset: string, json: string) => void;

const classicHeaderBytes = 64;
const batchHeaderBytes = 256;
const frameHeaderBytes = 48;
const kindNames = Object.keys(HeaderKind);

/** Calls `take` for each message of a reply. */
export function eachMessage(generation: Generation, bytes: Buffer, start: number, end: number, take: MessageTaker): void {
  if (generation === 'classic') eachClassicMessage(bytes, start, end, take);
  else eachBatchedMessage(bytes, start, end, take);
}

function eachClassicMessage(bytes: Buffer, start: number, end: number, take: MessageTaker): void {
  let at = start;
  while (at < end) {
    const headersLength = bytes.readUInt32LE(at + 48);
    const payloadLength = bytes.readUInt32LE(at + 52);
    const offset = decimal(bytes, at + 24);
    const body = at + classicHeaderBytes;
    take(offset, messageJson(bytes, at, offset, decimal(bytes, at + 32), decimal(bytes, at + 40), headersLength, payloadLength, body));
    at = body + payloadLength + headersLength;
  }
}

function eachBatchedMessage(bytes: Buffer, start: number, end: number, take: MessageTaker): void {
  let at = start;
  while (at < end) {
    const timestamp = decimal(bytes, at + 16);
    const batchEnd = at + Number(bytes.readBigUInt64LE(at + 32));
    const batch = at;
    at += batchHeaderBytes;
    while (at < batchEnd) {
      const headersLength = bytes.readUInt32LE(at + 32);
      const payloadLength = bytes.readUInt32LE(at + 36);
      const offset = decimal(bytes, batch + 8, bytes.readUInt32LE(at + 24));
      const origin = decimal(bytes, batch + 24, bytes.readUInt32LE(at + 28));
      const body = at + frameHeaderBytes;
      take(offset, messageJson(bytes, at, offset, timestamp, origin, headersLength, payloadLength, body));
      at = body + payloadLength + headersLength;
    }
  }
}

/** Checksum and id begin a message in both generations. */
function messageJson(
  bytes: Buffer,
  at: number,
  offset: string,
  timestamp: string,
  origin: string,
  headersLength: number,
  payloadLength: number,
  body: number,
): string {
  const payloadEnd = body + payloadLength;
  const payload = bytes.toString('base64', body, payloadEnd);
  const headers = headersLength === 0 ? '[]' : headersJson(bytes.subarray(payloadEnd, payloadEnd + headersLength));
  return (
    `{"header":{"checksum":${decimal(bytes, at)},"id":${id(bytes, at + 8)},"offset":${offset},"timestamp":${timestamp}` +
    `,"origin_timestamp":${origin},"user_headers_length":${headersLength},"payload_length":${payloadLength},"reserved":0}` +
    `,"payload":"${payload}","user_headers":${headers}}`
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

/** A u64 and a delta, without a bigint where a double is exact. */
function decimal(bytes: Buffer, at: number, delta = 0): string {
  const high = bytes.readUInt32LE(at + 4);
  if (high < 0x1f_ffff) return String(high * 0x1_0000_0000 + bytes.readUInt32LE(at) + delta);
  return String(bytes.readBigUInt64LE(at) + BigInt(delta));
}

function id(bytes: Buffer, at: number): string {
  const high = bytes.readBigUInt64LE(at + 8);
  return high === 0n ? decimal(bytes, at) : String((high << 64n) | bytes.readBigUInt64LE(at));
}
