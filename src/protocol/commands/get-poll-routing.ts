// GetPollRouting (code 103, VSR only): where to send a poll that commits
//   the body of PollMessages
// → consumer routing

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type ConsumerRouting, readConsumerRouting, writeConsumerRouting } from '../primitives/consumer-routing.ts';
import { type PollMessagesRequest, pollMessages } from './poll-messages.ts';

export const getPollRouting: Command<PollMessagesRequest, ConsumerRouting> = {
  name: 'GetPollRouting',
  code: 103,
  operation: Operation.nonReplicated,

  encodeRequest: pollMessages.encodeRequest,
  decodeRequest: pollMessages.decodeRequest,
  encodeReply: writeConsumerRouting,
  decodeReply: readConsumerRouting,
};
