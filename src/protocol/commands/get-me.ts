// GetMe (code 20)
//   empty
// → client details

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type ClientDetails, readClientDetails, writeClientDetails } from '../primitives/client-details.ts';

export const getMe: Command<void, ClientDetails> = {
  name: 'GetMe',
  code: 20,
  operation: Operation.nonReplicated,

  encodeRequest() {},
  decodeRequest() {},
  encodeReply: writeClientDetails,
  decodeReply: readClientDetails,
};
