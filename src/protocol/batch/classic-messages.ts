// Messages on the classic wire.
//
// A send carries an index, then the messages:
//   index, 16 bytes a message
//     0   offset            u32     zero
//     4   end position      u32     where the message ends, counted from the first message byte
//     8   timestamp         u64     zero
//   message, 64 bytes + payload + user headers
//     0   checksum          u64     of the stored message: XXH3-64 from byte 8 to its end; zero in a send
//     8   id                u128
//     24  offset            u64     zero in a send
//     32  timestamp         u64 µs  zero in a send
//     40  origin timestamp  u64 µs
//     48  headers length    u32
//     52  payload length    u32
//     56  reserved          u64     zero
//     64  payload, then user headers
// A poll's reply carries messages alone, one after another to the end.

import { ProtocolError } from '../protocol-error.ts';
import { Reader } from '../reader.ts';
import { Writer } from '../writer.ts';
import { type Message, measureMessages, type PolledMessage } from './message.ts';

const indexBytes = 16;
const headerBytes = 64;

/** Index block and messages, as SendMessages carries them. Throws 4009, 4022, 4017, and 4036 where the end position would not fit its field. */
export function encodeClassicMessages(messages: readonly Message[]): Uint8Array {
  const writer = new Writer(0);
  writeClassicMessages(writer, messages);
  return writer.written;
}

/** The same, behind what was written before. */
export function writeClassicMessages(writer: Writer, messages: readonly Message[]): void {
  const messagesBytes = measureMessages(messages, headerBytes);
  if (messagesBytes > 0xffff_ffff) throw new ProtocolError('invalid-messages-size', `${messagesBytes} bytes in one batch`);
  writer.expect(indexBytes * messages.length + messagesBytes);

  let endPosition = 0;
  for (const { payload, headers } of messages) {
    endPosition += headerBytes + payload.length + (headers?.length ?? 0);
    writer.u32(0).u32(endPosition).u64(0n);
  }
  for (const { id, payload, headers, originTimestamp } of messages) {
    writer
      .u64(0n)
      .u128(id)
      .zeros(16)
      .u64(originTimestamp)
      .u32(headers?.length ?? 0)
      .u32(payload.length)
      .u64(0n)
      .put(payload);
    if (headers !== undefined) writer.put(headers);
  }
}

/** The messages of a poll's reply. Throws 3 where a message is cut off; the reserved field is the server's business and is not looked at. */
export function decodeClassicMessages(bytes: Uint8Array): PolledMessage[] {
  const reader = new Reader(bytes);
  const messages: PolledMessage[] = [];
  while (reader.remaining > 0) {
    const checksum = reader.u64();
    const id = reader.u128();
    const offset = reader.u64();
    const timestamp = reader.u64();
    const originTimestamp = reader.u64();
    const headersLength = reader.u32();
    const payloadLength = reader.u32();
    reader.skip(8);
    const payload = reader.take(payloadLength);
    const headers = headersLength === 0 ? undefined : reader.take(headersLength);
    messages.push({ id, payload, headers, originTimestamp, offset, timestamp, checksum });
  }
  return messages;
}
