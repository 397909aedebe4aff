// GetExtensions (code 0x47000000, VSR only, not of Iggy): what the server does beyond Iggy
//   empty
// → longest wait  u32, milliseconds that a WaitForMessages may wait; 0: there is no such command
//   Bytes that follow belong to later versions and are passed over.

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';

export interface Extensions {
  /** Milliseconds; 0: WaitForMessages is not to be sent. */
  longestWaitMs: number;
}

export const getExtensions: Command<void, Extensions> = {
  name: 'GetExtensions',
  code: 0x4700_0000,
  operation: Operation.nonReplicated,

  encodeRequest() {},
  decodeRequest() {},

  encodeReply(writer, { longestWaitMs }) {
    writer.u32(longestWaitMs);
  },

  decodeReply(reader) {
    return { longestWaitMs: reader.u32() };
  },
};
