// The reply to a poll, read as far as a benchmark needs it: how many messages, how many bytes of payload, and the first one's offset and time. Layouts: PollMessages,
// protocol/batch/classic-messages.ts and vsr-batch.ts. The messages of a benchmark have no user headers.

import type { Generation } from '../../protocol/command.ts';
import { pollMessages, resyncPartition } from '../../protocol/commands/poll-messages.ts';
import { Reader } from '../../protocol/reader.ts';
import type { Polled } from './load-client.ts';

const classicHeaderBytes = 64;
const batchHeaderBytes = 256;
const frameHeaderBytes = 48;

/** Throws a RangeError or ProtocolError where the reply is not what its lengths say. */
export function readPolled(reply: Uint8Array, generation: Generation): Polled {
  const { partition, count, batch } = pollMessages.decodeReply(new Reader(reply), generation);
  if (count === 0) return { messages: 0, payloadBytes: 0, offset: 0, originMicros: 0, resync: partition === resyncPartition };
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  return generation === 'classic' ? readClassic(view, count) : readBatches(view, count);
}

function readClassic(view: DataView, messages: number): Polled {
  return {
    messages,
    payloadBytes: view.byteLength - classicHeaderBytes * messages,
    offset: u64(view, 24),
    originMicros: u64(view, 40),
    resync: false,
  };
}

function readBatches(view: DataView, messages: number): Polled {
  let framed = 0;
  for (let at = 0; at < view.byteLength; ) {
    const length = u64(view, at + 32);
    if (length < batchHeaderBytes) throw new RangeError(`a batch of ${length} bytes`);
    framed += length - batchHeaderBytes;
    at += length;
  }
  const frame = batchHeaderBytes;
  return {
    messages,
    payloadBytes: framed - frameHeaderBytes * messages,
    offset: u64(view, 8) + view.getUint32(frame + 24, true),
    originMicros: u64(view, 24) + view.getUint32(frame + 28, true),
    resync: false,
  };
}

/** Exact below 2^53, as offsets and times are. */
function u64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}
