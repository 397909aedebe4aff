// Batches that are encoded once and sent many times, as Iggy's own tool sends them: what is measured is the server, not an encoder. Only the time at which messages were made
// changes with each send. The layouts are those of protocol/batch/classic-messages.ts and vsr-batch.ts: a classic message has the time in itself; a VSR batch has it once, in its
// header, under a checksum over header fields and the checksums of the frames, which stay as they are.

import { encodeClassicMessages } from '../../protocol/batch/classic-messages.ts';
import type { Message, Xxh3 } from '../../protocol/batch/message.ts';
import { encodeBatch } from '../../protocol/batch/vsr-batch.ts';
import type { Generation } from '../../protocol/command.ts';
import { type SendTarget, writeSendTarget } from '../../protocol/commands/send-messages.ts';
import { Writer } from '../../protocol/writer.ts';
import type { Batch } from './load-client.ts';

const classic = { indexBytes: 16, headerBytes: 64, originAt: 40 } as const;
const vsr = { headerBytes: 256, frameBytes: 48, originAt: 24, checksumAt: 40 } as const;
/** Header fields in front of the frames' checksums, in what the batch checksum covers. */
const coveredFieldsBytes = 44;

/** The body of a SendMessages request. */
export function prepareBatch(
  target: Omit<SendTarget, 'count'>,
  payloads: readonly Buffer[],
  generation: Generation,
  nextId: () => bigint,
  xxh3: Xxh3,
): Batch {
  // A classic server gives ids to messages that have none.
  const messages = payloads.map(
    (payload): Message => ({ id: generation === 'classic' ? 0n : nextId(), payload, headers: undefined, originTimestamp: 0n }),
  );
  const writer = new Writer();
  writeSendTarget(writer, { ...target, count: messages.length });
  const start = writer.length;
  writer.put(generation === 'classic' ? encodeClassicMessages(messages) : encodeBatch(messages, xxh3));
  const body = writer.written;
  const sizes = payloads.map(({ length }) => length);
  const stamp = generation === 'classic' ? classicStamp(body, start, sizes) : vsrStamp(body, start, sizes, xxh3);
  return { messages: messages.length, payloadBytes: sizes.reduce((sum, size) => sum + size, 0), body, stamp };
}

function classicStamp(body: Buffer, start: number, sizes: readonly number[]): Batch['stamp'] {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const first = start + classic.indexBytes * sizes.length;
  return (originMicros) => {
    const origin = BigInt(originMicros);
    let at = first;
    for (const size of sizes) {
      view.setBigUint64(at + classic.originAt, origin, true);
      at += classic.headerBytes + size;
    }
  };
}

function vsrStamp(body: Buffer, start: number, sizes: readonly number[], xxh3: Xxh3): Batch['stamp'] {
  const covered = Buffer.alloc(coveredFieldsBytes + 8 * sizes.length);
  covered.writeBigUInt64LE(BigInt(body.length - start), vsr.originAt + 8);
  covered.writeUInt32LE(sizes.length, vsr.originAt + 16);
  let at = start + vsr.headerBytes;
  for (const [index, size] of sizes.entries()) {
    body.copy(covered, coveredFieldsBytes + 8 * index, at, at + 8);
    at += vsr.frameBytes + size;
  }
  return (originMicros) => {
    const origin = BigInt(originMicros);
    covered.writeBigUInt64LE(origin, vsr.originAt);
    body.writeBigUInt64LE(origin, start + vsr.originAt);
    body.writeBigUInt64LE(xxh3(covered), start + vsr.checksumAt);
  };
}
