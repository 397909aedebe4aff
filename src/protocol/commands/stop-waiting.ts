// StopWaiting (code 0x47000002, VSR only, not of Iggy): the client no longer wants to hear of a WaitForMessages
//   request       u64, number of the request that waits
// → empty. The request that waited is answered with no messages; one that waits no longer is left alone.

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';

export interface StopWaitingRequest {
  request: bigint;
}

export const stopWaiting: Command<StopWaitingRequest, void> = {
  name: 'StopWaiting',
  code: 0x4700_0002,
  operation: Operation.nonReplicated,

  encodeRequest(writer, { request }) {
    writer.u64(request);
  },

  decodeRequest(reader) {
    return { request: reader.u64() };
  },

  encodeReply() {},
  decodeReply() {},
};
