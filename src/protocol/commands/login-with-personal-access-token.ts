// LoginWithPersonalAccessToken (code 44, classic only; VSR has Register)
//   token         name
// → user id     u32

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { readName, writeName } from '../primitives/name.ts';
import type { LoginReply } from './login-user.ts';

export interface LoginWithPersonalAccessTokenRequest {
  token: string;
}

/** A VSR client that sends this code under operation 2 is evicted. */
export const loginWithPersonalAccessToken: Command<LoginWithPersonalAccessTokenRequest, LoginReply> = {
  name: 'LoginWithPersonalAccessToken',
  code: 44,
  operation: Operation.nonReplicated,

  encodeRequest(writer, request) {
    writeName(writer, request.token);
  },

  decodeRequest(reader) {
    return { token: readName(reader) };
  },

  encodeReply(writer, reply) {
    writer.u32(reply.userId);
  },

  decodeReply(reader) {
    return { userId: reader.u32() };
  },
};
