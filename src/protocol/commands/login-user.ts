// LoginUser (code 38, classic only; VSR has Register)
//   username      name
//   password      u8 length, UTF-8
//   version       u32 length, UTF-8
//   context       u32 length, UTF-8
// → user id     u32

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { readName, writeName } from '../primitives/name.ts';

export interface LoginUserRequest {
  username: string;
  password: string;
  /** Version of the client; free text, may be empty. */
  version: string;
  /** Free text, may be empty. */
  context: string;
}

export interface LoginReply {
  userId: number;
}

/** A VSR client that sends this code under operation 2 is evicted. */
export const loginUser: Command<LoginUserRequest, LoginReply> = {
  name: 'LoginUser',
  code: 38,
  operation: Operation.nonReplicated,

  encodeRequest(writer, request) {
    writeName(writer, request.username);
    writer.shortText(request.password).longText(request.version).longText(request.context);
  },

  decodeRequest(reader) {
    return { username: readName(reader), password: reader.shortText(), version: reader.longText(), context: reader.longText() };
  },

  encodeReply(writer, reply) {
    writer.u32(reply.userId);
  },

  decodeReply(reader) {
    return { userId: reader.u32() };
  },
};
