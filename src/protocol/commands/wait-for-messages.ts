// WaitForMessages (code 0x47000001, VSR only, not of Iggy): a poll that is answered when there are messages, or after a while
//   wait          u32, milliseconds at most; the server may wait for less
//   messages      u32, at least so many are worth an answer; 0 counts as 1
//   the body of PollMessages
// → the reply of PollMessages
//
// docs/protocol-extensions.md says when it is answered.

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type PolledMessages, type PollMessagesRequest, pollMessages } from './poll-messages.ts';

export interface WaitForMessagesRequest extends PollMessagesRequest {
  /** Milliseconds. */
  waitMs: number;
  /** At least so many. */
  messages: number;
}

/** Before the body of PollMessages. */
export const waitPrefixBytes = 8;

/** No poll is longer: a consumer, a stream and a topic with the longest names, and what has a fixed length. Longer requests are refused. */
export const waitBodyBytesMax = 1024;

export const waitForMessages: Command<WaitForMessagesRequest, PolledMessages> = {
  name: 'WaitForMessages',
  code: 0x4700_0001,
  operation: Operation.nonReplicated,

  encodeRequest(writer, request, generation) {
    writer.u32(request.waitMs).u32(request.messages);
    pollMessages.encodeRequest(writer, request, generation);
  },

  decodeRequest(reader, generation) {
    const waitMs = reader.u32();
    const messages = reader.u32();
    return { waitMs, messages, ...pollMessages.decodeRequest(reader, generation) };
  },

  encodeReply: pollMessages.encodeReply,
  decodeReply: pollMessages.decodeReply,
};
