// GetConsumerOffsetRouting (code 123, VSR only): where to store and delete a consumer's offset
//   the body of GetConsumerOffset
// → consumer routing

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type ConsumerRouting, readConsumerRouting, writeConsumerRouting } from '../primitives/consumer-routing.ts';
import { type GetConsumerOffsetRequest, getConsumerOffset } from './get-consumer-offset.ts';

export const getConsumerOffsetRouting: Command<GetConsumerOffsetRequest, ConsumerRouting> = {
  name: 'GetConsumerOffsetRouting',
  code: 123,
  operation: Operation.nonReplicated,

  encodeRequest: getConsumerOffset.encodeRequest,
  decodeRequest: getConsumerOffset.decodeRequest,
  encodeReply: writeConsumerRouting,
  decodeReply: readConsumerRouting,
};
