// Ping (code 1)
//   empty
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';

/** Needs no login. */
export const ping: Command<void, void> = {
  name: 'Ping',
  code: 1,
  operation: Operation.nonReplicated,

  encodeRequest() {},
  decodeRequest() {},
  encodeReply() {},
  decodeReply() {},
};
