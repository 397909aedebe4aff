// AttachConsumerSession (code 14, VSR clusters only): lets a data connection use the group memberships of another session of the same user
//   session       consumer session
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type ConsumerSession, readConsumerSession, writeConsumerSession } from '../primitives/consumer-session.ts';

export const attachConsumerSession: Command<ConsumerSession, void> = {
  name: 'AttachConsumerSession',
  code: 14,
  operation: Operation.nonReplicated,

  encodeRequest: writeConsumerSession,
  decodeRequest: readConsumerSession,
  encodeReply() {},
  decodeReply() {},
};
