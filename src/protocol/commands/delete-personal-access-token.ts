// DeletePersonalAccessToken (code 43, operation 147)
//   name          name
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { readName, writeName } from '../primitives/name.ts';

export interface DeletePersonalAccessTokenRequest {
  name: string;
}

export const deletePersonalAccessToken: Command<DeletePersonalAccessTokenRequest, void> = {
  name: 'DeletePersonalAccessToken',
  code: 43,
  operation: Operation.deletePersonalAccessToken,

  encodeRequest(writer, request) {
    writeName(writer, request.name);
  },

  decodeRequest(reader) {
    return { name: readName(reader) };
  },

  encodeReply() {},
  decodeReply() {},
};
