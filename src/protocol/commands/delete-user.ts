// DeleteUser (code 34, operation 143)
//   user          identifier
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';

export interface DeleteUserRequest {
  user: Identifier;
}

export const deleteUser: Command<DeleteUserRequest, void> = {
  name: 'DeleteUser',
  code: 34,
  operation: Operation.deleteUser,

  encodeRequest(writer, request) {
    writeIdentifier(writer, request.user);
  },

  decodeRequest(reader) {
    return { user: readIdentifier(reader) };
  },

  encodeReply() {},
  decodeReply() {},
};
