// UpdateUser (code 35, operation 142)
//   user          identifier
//   username      flag u8 · if 1: name
//   status        flag u8 · if 1: u8, 1 active, 2 inactive
//   options       options block to the end of the body (VSR only)
// → empty

import type { Command } from '../command.ts';
import { Operation } from '../operations.ts';
import { readMember, UserStatus } from '../primitives/enumerations.ts';
import { type Identifier, readIdentifier, writeIdentifier } from '../primitives/identifier.ts';
import { readName, writeName } from '../primitives/name.ts';
import { noOptions, type Options, readOptions, writeOptions } from '../primitives/options.ts';

export interface UpdateUserRequest {
  user: Identifier;
  /** Undefined: stays as it is. */
  username: string | undefined;
  /** Undefined: stays as it is. */
  status: UserStatus | undefined;
  /** Not on the classic wire. */
  options: Options;
}

export const updateUser: Command<UpdateUserRequest, void> = {
  name: 'UpdateUser',
  code: 35,
  operation: Operation.updateUser,

  encodeRequest(writer, request, generation) {
    writeIdentifier(writer, request.user);
    writer.u8(request.username === undefined ? 0 : 1);
    if (request.username !== undefined) writeName(writer, request.username);
    writer.u8(request.status === undefined ? 0 : 1);
    if (request.status !== undefined) writer.u8(request.status);
    if (generation === 'vsr') writeOptions(writer, request.options);
  },

  decodeRequest(reader, generation) {
    return {
      user: readIdentifier(reader),
      username: reader.u8() === 1 ? readName(reader) : undefined,
      status: reader.u8() === 1 ? readMember(reader, UserStatus, 'user status') : undefined,
      options: generation === 'vsr' ? readOptions(reader) : noOptions,
    };
  },

  encodeReply() {},
  decodeReply() {},
};
