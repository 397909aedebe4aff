// A send in JSON, written as the SendMessages body of a classic frame, so that the same code takes both. Payloads are decoded once, straight to where they stay: the size of
// everything is known from the texts' lengths.
//
//   metadata      length u32 · stream identifier · topic identifier · partitioning · count u32
//   index         16 bytes a message
//   messages      64 bytes + payload + user headers each (protocol/batch/classic-messages.ts)

import type { Identifier } from '../../../protocol/primitives/identifier.ts';
import { writeIdentifier } from '../../../protocol/primitives/identifier.ts';
import { type Partitioning, writePartitioning } from '../../../protocol/primitives/partitioning.ts';
import { HeaderKind, type HeaderKindName, writeRawTypedValue } from '../../../protocol/primitives/typed-value.ts';
import { userHeadersBytesMax } from '../../../protocol/primitives/user-headers.ts';
import { ProtocolError } from '../../../protocol/protocol-error.ts';
import { Writer } from '../../../protocol/writer.ts';
import { parseMessageId } from '../json/message-id.ts';
import { HttpFailure } from '../request/failure.ts';

export interface TypedText {
  readonly kind: HeaderKindName;
  /** Base64. */
  readonly value: string;
}

export interface HeaderBody {
  readonly key: TypedText;
  readonly value: TypedText;
}

export interface MessageBody {
  readonly id?: number | bigint | string;
  /** Base64. */
  readonly payload: string;
  /** A text is the base64 of a block as the wire has it. */
  readonly user_headers?: readonly HeaderBody[] | string | null;
}

export interface SendBody {
  readonly partitioning: { readonly kind: 'balanced' | 'partition_id' | 'messages_key'; readonly value: string };
  readonly messages: readonly MessageBody[];
}

const indexBytes = 16;
const headerBytes = 64;
/** Holds the names and keys of most sends. */
const metadataBytes = 96;
const keyBytesMax = 255;

/** Throws 422 for what is no base64, 4028 and 3 for the partitioning, 4009 for no messages. */
export function encodeSend(stream: Identifier, topic: Identifier, send: SendBody, nowMicros: bigint): Buffer {
  const partitioning = partitioningOf(send.partitioning);
  const { messages } = send;
  if (messages.length === 0) throw new ProtocolError('invalid-messages-count', 'a send needs a message');
  const headers = messages.map(({ user_headers: given }) => encodeHeaders(given));
  const payloadBytes = messages.map(({ payload }) => decodedLength(payload, 'payload'));
  const head = encodeMetadata(stream, topic, partitioning, messages.length);

  let size = head.length + (indexBytes + headerBytes) * messages.length;
  for (let i = 0; i < messages.length; i++) size += (payloadBytes[i] as number) + (headers[i]?.length ?? 0);
  const bytes = Buffer.allocUnsafe(size);
  head.copy(bytes, 0);
  const messagesStart = head.length + indexBytes * messages.length;
  let at = messagesStart;
  for (let i = 0; i < messages.length; i++) {
    at = writeMessage(bytes, at, messages[i] as MessageBody, payloadBytes[i] as number, headers[i], nowMicros);
    writeIndex(bytes, head.length + indexBytes * i, at - messagesStart);
  }
  return bytes;
}

/** The same for one message that came as bytes. */
export function encodeRawSend(
  stream: Identifier,
  topic: Identifier,
  partitioning: Partitioning,
  message: { id: bigint; payload: Buffer; headers: Buffer | undefined },
  nowMicros: bigint,
): Buffer {
  const { payload, headers } = message;
  const head = encodeMetadata(stream, topic, partitioning, 1);
  const start = head.length + indexBytes;
  const bytes = Buffer.allocUnsafe(start + headerBytes + payload.length + (headers?.length ?? 0));
  head.copy(bytes, 0);
  writeHeader(bytes, start, message.id, payload.length, headers?.length ?? 0, nowMicros);
  payload.copy(bytes, start + headerBytes);
  headers?.copy(bytes, start + headerBytes + payload.length);
  writeIndex(bytes, head.length, bytes.length - start);
  return bytes;
}

/** Entries by kind and bytes of their keys; of two with the same key the last one stays. Throws 422. */
export function encodeHeaders(given: MessageBody['user_headers']): Buffer | undefined {
  if (given === undefined || given === null || given.length === 0) return undefined;
  if (typeof given === 'string') return requireSize(decodeBase64(given, 'user_headers'));
  const entries = new Map<string, { key: RawEntry; value: RawEntry }>();
  for (const { key, value } of given) {
    const entry = { key: rawEntry(key), value: rawEntry(value) };
    entries.set(`${entry.key.kind}:${entry.key.bytes.toString('latin1')}`, entry);
  }
  const sorted = [...entries.values()].sort((a, b) => a.key.kind - b.key.kind || a.key.bytes.compare(b.key.bytes));
  const writer = new Writer();
  for (const { key, value } of sorted) {
    try {
      writeRawTypedValue(writer, key);
      writeRawTypedValue(writer, value);
    } catch (error) {
      throw unprocessable((error as Error).message);
    }
  }
  return requireSize(Buffer.from(writer.written));
}

interface RawEntry {
  readonly kind: number;
  readonly bytes: Buffer;
}

function rawEntry({ kind, value }: TypedText): RawEntry {
  return { kind: HeaderKind[kind], bytes: decodeBase64(value, 'a user header') };
}

function requireSize(block: Buffer): Buffer {
  if (block.length > userHeadersBytesMax) throw unprocessable(`user headers of ${block.length} bytes`);
  return block;
}

function partitioningOf({ kind, value }: SendBody['partitioning']): Partitioning {
  const bytes = decodeBase64(value, 'partitioning.value');
  if (bytes.length > keyBytesMax || (kind !== 'balanced' && bytes.length === 0)) {
    throw new ProtocolError('invalid-key-value-length', `partitioning value of ${bytes.length} bytes`);
  }
  if (kind === 'balanced') return { kind: 'balanced' };
  if (kind === 'messages_key') return { kind: 'key', key: bytes };
  if (bytes.length < 4) throw new ProtocolError('invalid-command', `partition id of ${bytes.length} bytes`);
  return { kind: 'partition', partition: bytes.readUInt32LE(0) };
}

function encodeMetadata(stream: Identifier, topic: Identifier, partitioning: Partitioning, count: number): Buffer {
  const writer = new Writer(metadataBytes);
  writer.u32(0);
  writeIdentifier(writer, stream);
  writeIdentifier(writer, topic);
  writePartitioning(writer, partitioning);
  writer.u32(count).patchU32(0, writer.length - 4);
  return writer.written;
}

function writeIndex(bytes: Buffer, at: number, endPosition: number): void {
  bytes.fill(0, at, at + indexBytes);
  bytes.writeUInt32LE(endPosition, at + 4);
}

/** Returns where the message ends. */
function writeMessage(
  bytes: Buffer,
  at: number,
  { id, payload }: MessageBody,
  payloadBytes: number,
  headers: Buffer | undefined,
  nowMicros: bigint,
): number {
  writeHeader(bytes, at, parseMessageId(id) ?? 0n, payloadBytes, headers?.length ?? 0, nowMicros);
  const payloadEnd = at + headerBytes + payloadBytes;
  if (bytes.write(payload, at + headerBytes, 'base64') !== payloadBytes) throw notBase64('payload');
  headers?.copy(bytes, payloadEnd);
  return payloadEnd + (headers?.length ?? 0);
}

function writeHeader(bytes: Buffer, at: number, id: bigint, payloadBytes: number, headersBytes: number, nowMicros: bigint): void {
  bytes.fill(0, at, at + headerBytes);
  if (id !== 0n) {
    bytes.writeBigUInt64LE(id & 0xffff_ffff_ffff_ffffn, at + 8);
    bytes.writeBigUInt64LE(id >> 64n, at + 16);
  }
  bytes.writeBigUInt64LE(nowMicros, at + 40);
  bytes.writeUInt32LE(headersBytes, at + 48);
  bytes.writeUInt32LE(payloadBytes, at + 52);
}

/** Bytes that a base64 text stands for, if it is one: that its characters are right shows when it is decoded, since the decoder skips others. Throws 422. */
function decodedLength(text: string, what: string): number {
  if (text === '') throw unprocessable(`${what} is empty`);
  if (text.length % 4 !== 0 || text.includes('-') || text.includes('_')) throw notBase64(what);
  return (text.length / 4) * 3 - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0);
}

function decodeBase64(text: string, what: string): Buffer {
  if (text === '') return Buffer.alloc(0);
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== decodedLength(text, what)) throw notBase64(what);
  return bytes;
}

function notBase64(what: string): HttpFailure {
  return unprocessable(`${what} is not base64`);
}

function unprocessable(reason: string): HttpFailure {
  return new HttpFailure(422, 'invalid_body', `The body is not what was expected: ${reason}`);
}
