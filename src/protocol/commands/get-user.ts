// GetUser (code 31)
//   user          identifier
// → user details; empty when there is no such user

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';
import { readUserDetails, type UserDetails, writeUserDetails } from '../primitives/user.ts';

export interface GetUserRequest {
  user: Identifier;
}

export const getUser: Command<GetUserRequest, UserDetails | undefined> = {
  name: 'GetUser',
  code: 31,
  operation: Operation.nonReplicated,

  encodeRequest(writer, request) {
    writeIdentifier(writer, request.user);
  },

  decodeRequest(reader) {
    return { user: readIdentifier(reader) };
  },

  encodeReply(writer, user, generation) {
    if (user !== undefined) writeUserDetails(writer, user, generation);
  },

  decodeReply(reader, generation) {
    return reader.remaining === 0 ? undefined : readUserDetails(reader, generation);
  },
};
