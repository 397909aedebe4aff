// Sends what a poll read. Few bytes are copied to the replies that leave together; many leave from the slot that the engine read them into, with the
// reply's head written into the room before them.

import { type Completion, noSlot } from '../storage/engine.ts';
import type { Carrier } from './carrier.ts';

const copiedBytesMax = 8 * 1024;

/** `writeHead` writes `headBytes` of reply head at a position of a buffer; the messages follow there. */
export function sendPolled(
  carrier: Carrier,
  headBytes: number,
  completion: Completion,
  writeHead: (buffer: Buffer, at: number) => void,
): void {
  const { output, services } = carrier;
  const { slot, start, length } = completion;
  if (slot === noSlot) {
    const at = output.reserve(headBytes);
    writeHead(output.buffer, at);
    return;
  }
  const memory = services.engine.slotBuffer(slot);
  if (length <= copiedBytesMax) {
    const at = output.reserve(headBytes + length);
    writeHead(output.buffer, at);
    memory.copy(output.buffer, at + headBytes, start, start + length);
    services.receiveBuffers.releaseHandedOver(slot);
    return;
  }
  writeHead(memory, start - headBytes);
  output.send(memory.subarray(start - headBytes, start + length), () => services.receiveBuffers.releaseHandedOver(slot));
}
