// LogoutUser (code 39, operation 3)
//   empty
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';

export const logoutUser: Command<void, void> = {
  name: 'LogoutUser',
  code: 39,
  operation: Operation.logout,

  encodeRequest() {},
  decodeRequest() {},
  encodeReply() {},
  decodeReply() {},
};
