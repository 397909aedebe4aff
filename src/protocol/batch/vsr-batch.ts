// Batch records: messages on the VSR wire, in both directions.
//
// A batch is a 256-byte header, then one frame a message:
//   header
//     0   partition id        u64     stamped by the server, zero in a send; so are the next two
//     8   base offset         u64
//     16  base timestamp      u64 µs  when the server appended the batch
//     24  origin timestamp    u64 µs  the smallest of the batch
//     32  batch length        u64     header included
//     40  batch checksum      u64     XXH3-64 over the five fields above, message count, then every frame's checksum field
//     48  message count       u32
//     52  zero                204 B
//   frame, 48 bytes + payload + user headers
//     0   checksum            u64     XXH3-64 over frame bytes 8..48, payload and user headers
//     8   id                  u128
//     24  offset delta        u32     position in the batch as it was sent
//     28  timestamp delta     u32 µs  above the batch's origin timestamp
//     32  headers length      u32
//     36  payload length      u32
//     40  zero                u64
//     48  payload, then user headers
// A server may cut a stored batch at both ends: the base offset stays, so that the first offset delta of a reply may be above zero.

import { ProtocolError } from '../protocol-error.ts';
import { Reader } from '../reader.ts';
import { Writer } from '../writer.ts';
import { type Message, measureMessages, type PolledMessage, type Xxh3 } from './message.ts';

const batchHeaderBytes = 256;
const frameHeaderBytes = 48;
const reservedBytes = 204;
const timestampDeltaMax = 0xffff_ffffn;

/** One batch record, as SendMessages carries it. Throws 4009, 4022, 4017, and 4038 where the origin timestamps lie more than 2³² − 1 µs apart. */
export function encodeBatch(messages: readonly Message[], xxh3: Xxh3): Uint8Array {
  const writer = new Writer(0);
  writeBatch(writer, messages, xxh3);
  return writer.written;
}

/** The same, behind what was written before. */
export function writeBatch(writer: Writer, messages: readonly Message[], xxh3: Xxh3): void {
  const batchLength = batchHeaderBytes + measureMessages(messages, frameHeaderBytes);
  const origin = smallestOrigin(messages);
  const checksums = new Writer(44 + 8 * messages.length);
  checksums.zeros(24).u64(origin).u64(BigInt(batchLength)).u32(messages.length);

  const start = writer.length;
  writer.expect(batchLength).zeros(batchHeaderBytes);
  for (const [position, message] of messages.entries()) {
    checksums.u64(writeFrame(writer, message, position, message.originTimestamp - origin, xxh3));
  }
  writer.patchU64(start + 24, origin).patchU64(start + 32, BigInt(batchLength));
  writer.patchU64(start + 40, xxh3(checksums.written)).patchU32(start + 48, messages.length);
}

/**
 * The messages of the batch records that a poll's reply carries, cut ones included. Throws 3 where a record's lengths do not add up, its reserved bytes are not zero or
 * its count is not that of its frames. Checksums are not verified.
 */
export function decodeBatches(bytes: Uint8Array): PolledMessage[] {
  const reader = new Reader(bytes);
  const messages: PolledMessage[] = [];
  while (reader.remaining > 0) readBatch(reader, messages);
  return messages;
}

function smallestOrigin(messages: readonly Message[]): bigint {
  let smallest = messages[0]?.originTimestamp ?? 0n;
  let largest = smallest;
  for (const { originTimestamp } of messages) {
    if (originTimestamp < smallest) smallest = originTimestamp;
    if (originTimestamp > largest) largest = originTimestamp;
  }
  const span = largest - smallest;
  if (span > timestampDeltaMax) throw new ProtocolError('invalid-message-timestamp-delta', `the batch spans ${span} µs`);
  return smallest;
}

/** Writes a frame and returns its checksum. */
function writeFrame(writer: Writer, message: Message, position: number, timestampDelta: bigint, xxh3: Xxh3): bigint {
  const { id, payload, headers } = message;
  const start = writer.length;
  writer
    .zeros(8)
    .u128(id)
    .u32(position)
    .u32(Number(timestampDelta))
    .u32(headers?.length ?? 0)
    .u32(payload.length)
    .zeros(8)
    .put(payload);
  if (headers !== undefined) writer.put(headers);
  const checksum = xxh3(writer.since(start + 8));
  writer.patchU64(start, checksum);
  return checksum;
}

function readBatch(reader: Reader, into: PolledMessage[]): void {
  reader.skip(8);
  const baseOffset = reader.u64();
  const timestamp = reader.u64();
  const origin = reader.u64();
  // Rounded above 2⁵³, which is beyond any buffer.
  const batchLength = Number(reader.u64());
  reader.skip(8);
  const count = reader.u32();
  if (reader.take(reservedBytes).some((byte) => byte !== 0))
    throw new ProtocolError('invalid-command', 'reserved bytes of a batch header are not zero');

  const framesBytes = batchLength - batchHeaderBytes;
  if (framesBytes < 0) throw new ProtocolError('invalid-command', `batch length ${batchLength} is less than a header`);
  const start = reader.position;
  reader.skip(framesBytes);
  const frames = new Reader(reader.bytes, start, start + framesBytes);

  let read = 0;
  while (frames.remaining > 0) {
    into.push(readFrame(frames, baseOffset, timestamp, origin));
    read++;
  }
  if (read !== count) throw new ProtocolError('invalid-command', `batch of ${read} messages announces ${count}`);
}

function readFrame(reader: Reader, baseOffset: bigint, timestamp: bigint, origin: bigint): PolledMessage {
  const checksum = reader.u64();
  const id = reader.u128();
  const offset = baseOffset + BigInt(reader.u32());
  const originTimestamp = origin + BigInt(reader.u32());
  const headersLength = reader.u32();
  const payloadLength = reader.u32();
  if (reader.u64() !== 0n) throw new ProtocolError('invalid-command', 'reserved bytes of a message frame are not zero');
  const payload = reader.take(payloadLength);
  const headers = headersLength === 0 ? undefined : reader.take(headersLength);
  return { id, payload, headers, originTimestamp, offset, timestamp, checksum };
}
